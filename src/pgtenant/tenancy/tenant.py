"""A tenant, and what a transaction is told of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from pgtenant.tenancy.errors import NoTenantError

SETTING: Final = "app.current_tenant"
"""The setting that policies read, unless the catalog's `tenancy` names another one."""

TenantId = str | int | UUID
"""A value of the tenant column."""

_SETTING: Final = re.compile(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Tenant:
    """One tenant.

    Attributes:
        id: its value in the tenant column.
        schemas: where unqualified names are looked for, in this order; empty leaves the
            `search_path` as it is.
        role: with `role_per_tenant`, the tenant's own role (`tenant_role` has its name); otherwise
            None.

    Raises:
        NoTenantError: the id is None or empty, or something is no text for PostgreSQL.
    """

    id: TenantId
    schemas: Sequence[str] = ()
    role: str | None = None

    def __post_init__(self) -> None:
        # Callers without types pass what a request held, which may be anything.
        if isinstance(self.id, bool) or not isinstance(self.id, str | int | UUID):
            raise NoTenantError(f"a tenant is a text, a number or a UUID, not {_kind(self.id)}")
        if isinstance(self.schemas, str):
            raise NoTenantError("schemas is a list of names, not one name")
        names = [*self.schemas, *([] if self.role is None else [self.role])]
        if not str(self.id).strip():
            raise NoTenantError("the tenant is empty: without one no row is seen or written")
        if not all(names):
            raise NoTenantError("the name of a schema or of a role is empty")
        if any("\0" in text for text in (str(self.id), *names)):
            raise NoTenantError("PostgreSQL's texts hold no NUL character")
        object.__setattr__(self, "schemas", tuple(self.schemas))


def settings_of(tenant: Tenant | TenantId, setting: str) -> Mapping[str, str]:
    """Return what a transaction has to set, role first: the name of each setting, and its value.

    Args:
        tenant: or its id alone.
        setting: the one that policies read.

    Raises:
        NoTenantError: it is none.
        ValueError: no application can have a setting of that name.
    """
    if not _SETTING.fullmatch(setting):
        raise ValueError(f"{setting[:80]!r} is no name of a setting such as {SETTING}")
    tenant = tenant if isinstance(tenant, Tenant) else Tenant(tenant)
    values = {} if tenant.role is None else {"role": tenant.role}
    values[setting] = str(tenant.id)
    if tenant.schemas:
        values["search_path"] = ", ".join(map(_quoted, tenant.schemas))
    return values


def _quoted(name: str) -> str:
    """Return a name as a list of names has it; what it holds is data even here."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _kind(value: object) -> str:
    return "None" if value is None else type(value).__name__
