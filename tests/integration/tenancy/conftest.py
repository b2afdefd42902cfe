"""A table that two tenants share, behind the policy that pgtenant makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest

from pgtenant.planning.tenants.found import Column
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.statements import create_policy, enable, force
from pgtenant.tenancy import SETTING
from support.instance import Instance
from support.pgbouncer import Pooler, pooled

ACME: Final = UUID(int=1)
GLOBEX: Final = UUID(int=2)
NOTES: Final = "SELECT body FROM app.notes ORDER BY body"

_OWNER, _DATABASE, _PASSWORD = "app_user", "qualisys_master", "not-a-real-password"


@dataclass(frozen=True, slots=True)
class Shared:
    """The database of an application with the tenants ACME and GLOBEX, who have a note each."""

    instance: Instance

    @property
    def conninfo(self) -> str:
        """How the application logs in."""
        return self.instance.conninfo(_OWNER, _PASSWORD, _DATABASE)

    def everything(self) -> list[tuple[Any, ...]]:
        """Return whose notes there are, without row security."""
        return self.instance.su(
            "SELECT tenant_id, body FROM app.notes ORDER BY body", dbname=_DATABASE
        )


@pytest.fixture
def shared(instance: Instance) -> Iterator[Shared]:
    instance.su(f"CREATE ROLE {_OWNER} LOGIN PASSWORD '{_PASSWORD}'")
    instance.su(f"CREATE DATABASE {_DATABASE} OWNER {_OWNER} TEMPLATE template0")
    made = Shared(instance)
    table = ("app", "notes")
    isolation = Isolation("tenant_", SETTING, "tenant_id")
    with psycopg.connect(made.conninfo, autocommit=True) as owner:
        owner.execute("CREATE SCHEMA app")
        owner.execute(
            "CREATE TABLE app.notes (tenant_id uuid, body text, PRIMARY KEY (tenant_id, body))"
        )
        owner.execute(f"INSERT INTO app.notes VALUES ('{ACME}', 'acme'), ('{GLOBEX}', 'globex')")
        for statement in (
            enable(table),
            force(table),
            create_policy(table, isolation, Column("uuid")),
        ):
            owner.execute(statement)
    yield made
    instance.su(f"DROP DATABASE {_DATABASE} (FORCE)")
    instance.su(f"DROP ROLE {_OWNER}")


@pytest.fixture
def pooler(shared: Shared, tmp_path: Path) -> Iterator[Pooler]:
    """PgBouncer in front of it, whose clients share one session."""
    with pooled(shared.instance, _OWNER, _PASSWORD, _DATABASE, tmp_path) as running:
        yield running
