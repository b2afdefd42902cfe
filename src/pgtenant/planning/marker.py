"""The marker: the last line of a comment that says an object is pgtenant's.

Only a role with `CREATEROLE` can comment on another role, so a role's marker is
trusted. The owner of a database can rewrite that database's comment, so a
database's marker informs and decides nothing that matters to isolation.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Final

from pgtenant.catalog.model import AccessLevel, Auth
from pgtenant.planning.retired import Retired, read_retired

MANAGED_BY: Final = "pgtenant"
_LONGEST: Final = 1000  # characters: nothing that we write comes near it


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

    def text(self) -> str:
        """Render the compact JSON line."""
        fields = {
            "managed_by": MANAGED_BY,
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
        }
        present = {key: value for key, value in fields.items() if value is not None}
        return json.dumps(present, separators=(",", ":"), ensure_ascii=True)

    def settled(self) -> Marker:
        """Return the marker of a role whose database stands."""
        return replace(self, creating=None)


def parse(comment: str | None) -> Marker | None:
    """Read the marker off a comment; None when there is none that is ours.

    A comment is text that other people write: whatever does not have the marker's
    exact shape is a human's comment, not an error.
    """
    if not comment:
        return None
    try:
        fields = json.loads(comment.rsplit("\n", 1)[-1])
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or fields.get("managed_by") != MANAGED_BY:
        return None
    environment, entry = _text(fields.get("environment")), _text(fields.get("entry"))
    if environment is None or entry is None:
        return None
    level = _text(fields.get("access_level"))
    return Marker(
        environment=environment,
        entry=entry,
        creating=_text(fields.get("creating")),
        access_level=AccessLevel(level) if level is not None and level in {*AccessLevel} else None,
        initial_schema=_text(fields.get("initial_schema")),
        inside=_text(fields.get("inside")),
        secret=_text(fields.get("secret")),
        auth=Auth.IAM if fields.get("auth") == Auth.IAM else None,
        second_of=_text(fields.get("second_of")),
        retired=read_retired(fields.get("retired")),
    )


def with_marker(comment: str | None, marker: Marker) -> str:
    """Return `comment` with `marker` as its last line, keeping what a human wrote before it.

    Bytes that are no UTF-8 can't be sent back, and are spelled out.
    """
    if not comment:
        return marker.text()
    comment = comment.encode("utf-8", "backslashreplace").decode("utf-8")
    if parse(comment) is None:
        return f"{comment}\n{marker.text()}"
    human, newline, _ = comment.rpartition("\n")
    return f"{human}{newline}{marker.text()}"


def _text(value: object) -> str | None:
    """Accept what can be printed: half a surrogate or an escape sequence can't."""
    fits = isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST
    return value if isinstance(value, str) and fits else None
