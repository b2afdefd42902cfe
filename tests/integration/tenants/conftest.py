"""A database of tenants, as its owner's own login makes and reads it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants.findings import Finding, Problem
from pgtenant.planning.tenants.found import Found
from pgtenant.planning.tenants.judgement import judged
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.statements import secure
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.options import CATALOG_FIRST
from pgtenant.postgres.tenants import inspect_tenants
from support.instance import Instance

OWNER, DATABASE, PASSWORD = "app_user", "qualisys_master", "not-a-real-password"
ISOLATION = Isolation("tenant_", "app.current_tenant", "tenant_id")


@dataclass(frozen=True, slots=True)
class Tenants:
    """The database `qualisys_master` of `app_user`."""

    instance: Instance

    def run(self, *statements: str) -> None:
        """Run statements as the owner."""
        with self.instance.connect(OWNER, PASSWORD, DATABASE) as connection:
            for statement in statements:
                connection.execute(statement)

    def look(self, only: str | None = None) -> Found:
        """Inspect as the owner."""
        return asyncio.run(self.look_now(only))

    def judge(self) -> tuple[Finding, ...]:
        """Inspect and judge."""
        return _judged(self.look())

    def problems(self) -> set[Problem]:
        """Return what the findings are about."""
        return {finding.problem for finding in self.judge()}

    def mend(self) -> None:
        """Run what a run would, for every table."""
        for group in self.look().relations:
            for name in group.names:
                sent = secure(name, group.facts, ISOLATION, '{"managed_by":"pgtenant"}')
                self.run(*map(as_text, sent))

    def trying(self, statements: Sequence[str]) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        """Return what is found after statements of the owner, and after mending; keep nothing."""
        return asyncio.run(self._trying(statements))

    async def _trying(
        self, statements: Sequence[str]
    ) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
        async with self.session() as session, session.transaction(force_rollback=True):
            for statement in statements:
                await session.execute(statement.encode())
            found = await inspect_tenants(session, ISOLATION, roles=[OWNER])
            for group in found.relations:
                for name in group.names:
                    for mend in secure(name, group.facts, ISOLATION, "{}"):
                        await session.execute(mend)
            left = await inspect_tenants(session, ISOLATION, roles=[OWNER])
        return _judged(found), _judged(left)

    async def look_now(self, only: str | None = None) -> Found:
        """Inspect as the owner, inside of a loop."""
        async with self.session() as session:
            return await inspect_tenants(session, ISOLATION, roles=[OWNER], only=only)

    @asynccontextmanager
    async def session(self, user: str = OWNER) -> AsyncIterator[Connection]:
        """Log in, as the owner or another role, with nothing of its own in `search_path`."""
        conninfo = self.instance.conninfo(
            user, PASSWORD, DATABASE, options=f"-c search_path={CATALOG_FIRST}"
        )
        connection = await Connection.connect(conninfo, autocommit=True)
        try:
            yield connection
        finally:
            await connection.close()


def _judged(found: Found) -> tuple[Finding, ...]:
    return judged(found, ISOLATION, owner=OWNER, database=DATABASE)


@pytest.fixture
def tenants(instance: Instance) -> Iterator[Tenants]:
    """Two tenants of the same tables, as they should be."""
    instance.su(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{PASSWORD}'")
    instance.su(f"CREATE DATABASE {DATABASE} OWNER {OWNER} TEMPLATE template0")
    made = Tenants(instance)
    for schema in ("tenant_a", "tenant_b"):
        made.run(
            f"CREATE SCHEMA {schema}",
            f"CREATE TABLE {schema}.customers ("
            " tenant_id uuid NOT NULL, id bigint NOT NULL, name text, PRIMARY KEY (tenant_id, id))",
            f"CREATE TABLE {schema}.orders ("
            " tenant_id uuid NOT NULL, id bigint NOT NULL, customer bigint,"
            " PRIMARY KEY (tenant_id, id),"
            f" FOREIGN KEY (tenant_id, customer) REFERENCES {schema}.customers (tenant_id, id))",
        )
    made.mend()
    yield made
    instance.su(f"DROP DATABASE {DATABASE} (FORCE)")
    instance.su(f"DROP ROLE {OWNER}")
