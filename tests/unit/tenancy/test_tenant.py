"""What is a tenant, what is none, and what a transaction is told."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from uuid import UUID

import pytest

from pgtenant.tenancy import SETTING, NoTenantError, Tenant
from pgtenant.tenancy.tenant import settings_of

ACME = UUID("00000000-0000-4000-8000-00000000aaaa")


@pytest.mark.parametrize("tenant", [ACME, str(ACME), 0, 7, "acme", " acme "])
def test_a_tenant(tenant: Any) -> None:
    assert settings_of(tenant, SETTING) == {SETTING: str(tenant)}
    assert settings_of(Tenant(tenant), SETTING) == {SETTING: str(tenant)}


@pytest.mark.parametrize("nobody", [None, "", " ", "\n", False, True, b"acme", 1.5, [], "a\0b"])
def test_no_tenant(nobody: Any) -> None:
    with pytest.raises(NoTenantError):
        settings_of(nobody, SETTING)
    with pytest.raises(NoTenantError):
        Tenant(nobody)


@pytest.mark.parametrize("schemas", ["tenant_acme", [""], ["a\0b"]])
def test_schemas_that_are_none(schemas: Any) -> None:
    with pytest.raises(NoTenantError):
        Tenant(ACME, schemas=schemas)


def test_the_role_comes_first_and_names_are_quoted() -> None:
    tenant = Tenant(ACME, schemas=["tenant_acme", 'x", public; --'], role="tenant_acme")
    assert list(settings_of(tenant, "my.tenant").items()) == [
        ("role", "tenant_acme"),
        ("my.tenant", str(ACME)),
        ("search_path", '"tenant_acme", "x"", public; --"'),
    ]


@pytest.mark.parametrize("setting", ["", "search_path", "role", "app.", ".app", "a b.c", "app.x\n"])
def test_settings_that_are_no_applications(setting: str) -> None:
    with pytest.raises(ValueError, match="no name of a setting"):
        settings_of(ACME, setting)


@pytest.mark.parametrize(
    ("module", "others"),
    [
        ("pgtenant.tenancy", ["psycopg", "sqlalchemy"]),
        ("pgtenant.tenancy.psycopg", ["sqlalchemy"]),
        ("pgtenant.tenancy.sqlalchemy", []),
    ],
)
def test_an_application_loads_its_driver_alone(module: str, others: list[str]) -> None:
    program = (
        f"import sys, {module}\n"
        "print(*(n for n in sys.modules if n.partition('.')[0] in ('click', 'rich', *sys.argv[1:])"
        " or n.startswith('pgtenant.') and not n.startswith('pgtenant.tenancy')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *others], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
