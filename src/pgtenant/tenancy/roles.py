"""The name of a tenant's own role, which the application enters with `SET LOCAL ROLE`."""

from __future__ import annotations

import hashlib
from typing import Final

_MAX_BYTES: Final = 63
_DIGITS: Final = 12


def tenant_role(schema: str, database: str) -> str:
    """Return the role that owns a tenant's schema, where the catalog says `role_per_tenant`.

    Roles are the whole instance's, so that the database is part of the name: `tenant_acme@shop`.
    What does not fit PostgreSQL's 63 bytes is cut, and ends in `~` and the beginning of the
    SHA-256 of the whole name. The name takes quotes in SQL.

    Args:
        schema: the tenant's.
        database: the one that it is in.
    """
    name = f"{schema}@{database}"
    if len(name.encode()) <= _MAX_BYTES:
        return name
    tail = f"~{hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]}"
    return name.encode()[: _MAX_BYTES - len(tail)].decode(errors="ignore") + tail
