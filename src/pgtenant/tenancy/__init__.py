"""For applications: one tenant for one transaction, and no transaction without one.

`pgtenant.tenancy.psycopg` is for psycopg 3, `pgtenant.tenancy.sqlalchemy` for SQLAlchemy 2. Each
imports its own driver and nothing else, and nothing here imports any other part of pgtenant.

    from pgtenant.tenancy import Tenant
    from pgtenant.tenancy.psycopg import for_tenant

    with for_tenant(connection, Tenant(acme.id, schemas=["tenant_acme_corp"])):
        connection.execute("SELECT * FROM projects")

See docs/tenants.md.
"""

from __future__ import annotations

from pgtenant.tenancy.errors import (
    NoTenantError,
    NoTransactionError,
    OpenTransactionError,
    OtherTenantError,
    TenancyError,
)
from pgtenant.tenancy.roles import tenant_role
from pgtenant.tenancy.tenant import SETTING, Tenant, TenantId

__all__ = [
    "SETTING",
    "NoTenantError",
    "NoTransactionError",
    "OpenTransactionError",
    "OtherTenantError",
    "TenancyError",
    "Tenant",
    "TenantId",
    "tenant_role",
]
