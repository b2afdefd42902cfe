"""Why a tenant was not set. In each case nothing of the block has run."""

from __future__ import annotations


class TenancyError(Exception):
    """A block for a tenant was refused."""


class NoTenantError(TenancyError, ValueError):
    """There is no tenant, or it can't be one."""


class NoTransactionError(TenancyError):
    """Each statement is a transaction of its own here, so none would have the tenant."""


class OpenTransactionError(TenancyError):
    """A transaction is open already: what it has read or written was not this tenant's alone."""


class OtherTenantError(TenancyError):
    """Objects of another tenant are still in the session."""
