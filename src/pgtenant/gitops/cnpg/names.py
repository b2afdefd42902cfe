"""What an entry's objects are called in the cluster, and in which files they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pgtenant.gitops.manifest import checked_name, checked_namespace, name_of

GROUP: Final = "postgresql.cnpg.io"
ROLE_FILE: Final = "-role.yaml"


@dataclass(frozen=True, slots=True)
class Names:
    """An entry's names.

    Attributes:
        app: the application.
        secret: its credentials.
        database: its database as an object of the cluster.
        role: its role as an object of the cluster, where it is one.
        sealed_file: the file of the credentials, in the directory of the manifests.
        database_file: that of the database.
        role_file: that of the role.
    """

    app: str
    secret: str
    database: str
    role: str
    sealed_file: str
    database_file: str
    role_file: str

    @property
    def files(self) -> tuple[str, ...]:
        """Its files."""
        return self.sealed_file, self.database_file, self.role_file


def names(key: str) -> Names:
    """Return the names of an entry, by its key.

    Raises:
        ValueError: the key gives none that Kubernetes takes; the message says why.
    """
    app = checked_namespace(name_of(key))
    return Names(
        app=app,
        secret=checked_name(f"{app}-db-creds"),
        database=checked_name(f"{app}-db"),
        role=checked_name(f"{app}-role"),
        sealed_file=f"{app}-secrets-sealed.yaml",
        database_file=f"{app}-db.yaml",
        role_file=f"{app}{ROLE_FILE}",
    )


def checked_namespaces(text: str) -> str:
    """Return the list of namespaces that a secret is copied to, if it names each of them.

    Reflector takes patterns as well, and an empty list for all.

    Raises:
        ValueError: it does not; the message says why.
    """
    for name in text.split(","):
        try:
            checked_namespace(name.strip())
        except ValueError:
            raise ValueError(
                f"lets the secret be copied to {name.strip()[:80]!r}: write out each namespace,"
                " because a pattern hands the password to every namespace that fits it"
            ) from None
    return text
