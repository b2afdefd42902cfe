"""Environments whose roles and databases an operator keeps."""

from __future__ import annotations

from pgtenant.catalog.model import Auth, Catalog, Rotation
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.settings.model import Settings


def refuse_operated(settings: Settings, environment: str) -> None:
    """Refuse to change by SQL what an operator would change back.

    Raises:
        UsageError: the environment's engine is CloudNativePG.
    """
    if settings.environment(environment).engine == "cnpg":
        raise UsageError(
            f"the roles and databases of {environment} are kept by its CloudNativePG operator,"
            " which would undo what is done by SQL; nothing was touched",
            hint=f"`pgtenant render cnpg -e {environment}` writes its manifests (docs/cnpg.md)",
            code=Code.OPERATED,
        )


def unfit_logins(catalog: Catalog) -> list[str]:
    """Return which entries ask for a login that an operator does not make."""
    wrong: list[str] = []
    for entry in catalog.entries:
        if entry.made_by is not None:
            continue  # it is as the one that makes it
        where = f"{catalog.path}:{entry.line}: {entry.key}"
        if entry.auth is Auth.IAM:
            wrong.append(f"{where} has auth = iam, which only RDS and Aurora have")
        if entry.rotation is Rotation.ALTERNATE:
            wrong.append(f"{where} has rotation = alternate, and the operator has one login a role")
        if entry.tenancy is not None and entry.tenancy.role_per_tenant:
            wrong.append(
                f"{where} has role_per_tenant = true, and the operator makes no roles of tenants"
            )
    return wrong


def insist_on_logins(catalog: Catalog) -> None:
    """Refuse a catalog with such entries.

    Raises:
        UsageError: with everything that is wrong.
    """
    if wrong := unfit_logins(catalog):
        lines = "".join(f"\n  {one}" for one in wrong[:20])
        raise UsageError(
            f"the operator can't keep these roles:{lines}",
            hint="nothing was changed",
            code=Code.OPERATED,
        )
