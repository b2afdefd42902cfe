"""What each access level means, in PostgreSQL's own privilege words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pgtenant.catalog.model import AccessLevel

PUBLIC: Final = "public"
"""The grantee that stands for everyone. PostgreSQL refuses a role of this name."""

IAM_ROLE: Final = "rds_iam"
"""RDS's group of the roles that log in with an IAM token, and with nothing else."""

DATABASE_PRIVILEGES: Final = frozenset({"CONNECT", "CREATE", "TEMPORARY"})
"""Everything that can be granted on a database, and what its owner keeps."""


class ObjectKind(StrEnum):
    """The kinds of objects inside a database that an access level speaks of.

    `TABLE` covers what `GRANT … ON TABLE` covers: ordinary, partitioned and foreign
    tables, views and materialized views.
    """

    SCHEMA = "schema"
    TABLE = "table"
    SEQUENCE = "sequence"


_EDITOR: Final[Mapping[ObjectKind, frozenset[str]]] = MappingProxyType(
    {
        ObjectKind.SCHEMA: frozenset({"USAGE"}),
        ObjectKind.TABLE: frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"}),
        ObjectKind.SEQUENCE: frozenset({"USAGE", "SELECT"}),
    }
)
_READER: Final[Mapping[ObjectKind, frozenset[str]]] = MappingProxyType(
    {
        ObjectKind.SCHEMA: frozenset({"USAGE"}),
        ObjectKind.TABLE: frozenset({"SELECT"}),
        ObjectKind.SEQUENCE: frozenset({"SELECT"}),
    }
)

LEVELS: Final[Mapping[AccessLevel, Mapping[ObjectKind, frozenset[str]]]] = MappingProxyType(
    {AccessLevel.EDITOR: _EDITOR, AccessLevel.READER: _READER}
)
"""The privileges of the granted levels. An owner's are PostgreSQL's own: it owns the objects."""


def granted_by(level: AccessLevel | None, kind: ObjectKind) -> frozenset[str]:
    """Return the privileges that `level` gives on objects of `kind`; none for an owner."""
    if level is None or level not in LEVELS:
        return frozenset()
    return LEVELS[level][kind]
