"""The marker: the last line of a comment that says an object is pgtenant's.

Only a role with `CREATEROLE` can comment on another role, so a role's marker is
trusted. The owner of a database can rewrite that database's comment, so a
database's marker informs and decides nothing that matters to isolation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pgtenant.catalog.model import AccessLevel, Auth
from pgtenant.planning.comment import fields_of, line_of, text_of, with_line
from pgtenant.planning.retired import Retired, read_retired


@dataclass(frozen=True, slots=True)
class Marker:
    """What a comment says about the object it stands on.

    Attributes:
        environment: the environment whose catalog holds the entry.
        entry: the entry's key.
        creating: on a role, the database that a run is about to create for it.
        access_level: on a role, the level that was granted last; None for owners.
        initial_schema: the initial schema that has been run.
        inside: on a role, the fingerprint of its database's inside (`planning.trust`).
        secret: on a role, the version of the secret whose password was proven last.
        auth: on a role, `iam` when the catalog made it log in that way; None for passwords.
        second_of: on an entry's second login, the entry's role; None on all others.
        retired: on a role, how it was when it was taken out of service; None in service.
        tenant: on a tenant's own role, the schema that it owns; None on all others.
        database: on a tenant's own role, where that is.
    """

    environment: str
    entry: str
    creating: str | None = None
    access_level: AccessLevel | None = None
    initial_schema: str | None = None
    inside: str | None = None
    secret: str | None = None
    auth: Auth | None = None
    second_of: str | None = None
    retired: Retired | None = None
    tenant: str | None = None
    database: str | None = None

    def text(self) -> str:
        """Render the compact JSON line."""
        fields = {
            "environment": self.environment,
            "entry": self.entry,
            "creating": self.creating,
            "access_level": self.access_level,
            "initial_schema": self.initial_schema,
            "inside": self.inside,
            "secret": self.secret,
            "auth": self.auth,
            "second_of": self.second_of,
            "retired": self.retired.as_dict() if self.retired is not None else None,
            "tenant": self.tenant,
            "database": self.database,
        }
        return line_of({key: value for key, value in fields.items() if value is not None})

    def settled(self) -> Marker:
        """Return the marker of a role whose database stands."""
        return replace(self, creating=None)


def parse(comment: str | None) -> Marker | None:
    """Read the marker off a comment; None when there is none that is ours."""
    if (fields := fields_of(comment)) is None:
        return None
    environment, entry = text_of(fields.get("environment")), text_of(fields.get("entry"))
    if environment is None or entry is None:
        return None
    level = text_of(fields.get("access_level"))
    return Marker(
        environment=environment,
        entry=entry,
        creating=text_of(fields.get("creating")),
        access_level=AccessLevel(level) if level is not None and level in {*AccessLevel} else None,
        initial_schema=text_of(fields.get("initial_schema")),
        inside=text_of(fields.get("inside")),
        secret=text_of(fields.get("secret")),
        auth=Auth.IAM if fields.get("auth") == Auth.IAM else None,
        second_of=text_of(fields.get("second_of")),
        retired=read_retired(fields.get("retired")),
        tenant=text_of(fields.get("tenant")),
        database=text_of(fields.get("database")),
    )


def with_marker(comment: str | None, marker: Marker) -> str:
    """Return `comment` with `marker` as its last line, keeping what a human wrote before it."""
    return with_line(comment, marker.text(), instead=parse(comment) is not None)
