"""`[cnpg]`: where the manifests of a shared CloudNativePG cluster are, and what they say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from pgtenant.settings.requests import parse_words
from pgtenant.settings.templates import check_template, expand

ENGINES: Final = ("rds", "cnpg")
SCOPES: Final = ("strict", "namespace-wide", "cluster-wide")
RESOURCES: Final = "resources"
PLACES: Final = ("cluster", RESOURCES)
ALWAYS: Final = ("username", "password")
OPTIONAL: Final = ("host", "port", "dbname", "DATABASE_URL", "jdbc-uri")
HYPHENATED: Final = r"^[a-z][a-z0-9_-]{2,62}$"
"""What databases and roles are called there when nobody set another rule."""

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class CnpgSettings:
    """What holds for an environment whose engine is `cnpg`.

    Attributes:
        namespace: of the cluster, and of everything that is written for it.
        cluster: the cluster's name.
        directory: of the manifests, relative to the project.
        cluster_file: the cluster's manifest, relative to the directory.
        certificate: the sealing certificate, relative to the project.
        certificate_sha256: its fingerprint in lower-case hexadecimal digits, or None for any.
        scope: under which names a sealed value can be opened.
        keys: of the sealed secrets.
        roles: whether roles stand in the cluster's manifest, or are `resources` of their own.
        admin: the role that the Job logs in as.
        image: of the Job; None for no Job and no such role.
    """

    namespace: str
    cluster: str
    directory: str
    cluster_file: str
    certificate: str
    certificate_sha256: str | None
    scope: str
    keys: tuple[str, ...]
    roles: str
    admin: str
    image: str | None

    def of(self, env: str) -> CnpgSettings:
        """Return the settings of an environment."""
        values = {"env": env}
        return replace(
            self,
            namespace=expand(self.namespace, values),
            cluster=expand(self.cluster, values),
            directory=expand(self.directory, values),
            certificate=expand(self.certificate, values),
        )


def parse_name(value: object) -> str:
    """Read the name of a namespace or of an object, in which {env} is the environment.

    Raises:
        ValueError: Kubernetes takes no such name; the message says why.
    """
    if not isinstance(value, str):
        raise ValueError("")
    template = check_template(value, allowed=("env",))
    if not _NAME.fullmatch(expand(template, {"env": "dev"})):
        raise ValueError("is no name that Kubernetes takes")
    return template


def parse_role(value: object) -> str:
    """Read the name of a role.

    Raises:
        ValueError: it can't be one of the cluster's.
    """
    if not isinstance(value, str) or not re.fullmatch(HYPHENATED, value):
        raise ValueError("")
    return value


def parse_fingerprint(value: object) -> str:
    """Read a fingerprint, as `openssl x509 -fingerprint -sha256` or `sha256sum` writes one.

    Raises:
        ValueError: it can't be one.
    """
    if not isinstance(value, str):
        raise ValueError("")
    plain = value.replace(":", "").lower()
    if not _FINGERPRINT.fullmatch(plain):
        raise ValueError("")
    return plain


def parse_keys(value: object) -> tuple[str, ...]:
    """Read which keys a sealed secret has.

    Raises:
        ValueError: one is unknown, or one that it can't do without is missing.
    """
    keys = parse_words(value)
    if missing := [key for key in ALWAYS if key not in keys]:
        raise ValueError(f"lacks {' and '.join(missing)}")
    if unknown := [key for key in keys if key not in (*ALWAYS, *OPTIONAL)]:
        raise ValueError(f"has the unknown key {unknown[0][:60]!r}")
    return keys
