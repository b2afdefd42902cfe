"""Which tenants a run takes out of service, and which schema of one it drops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from pgtenant.catalog.shown import plain
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.planning.effects import Effect
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.sql.render import Statement
from pgtenant.planning.sql.statements.roles import set_local_role
from pgtenant.planning.sql.text import advice
from pgtenant.planning.tenants.adding import Home, There, misspelt
from pgtenant.planning.tenants.findings import Finding, Problem
from pgtenant.planning.tenants.found import Name
from pgtenant.planning.tenants.record import TenantRecord, read_record, with_record
from pgtenant.planning.tenants.slugs import (
    Retired,
    Tenant,
    is_retired,
    refused,
    retired_schema,
    retired_tenant,
)
from pgtenant.planning.tenants.statements import (
    comment_on_schema,
    create_in,
    drop_schema,
    no_create_in,
    owns_nothing,
    rename_schema,
    revoke_schema,
)

_NOTHING_DONE = "nothing was changed"


@dataclass(frozen=True, slots=True)
class Retire:
    """One tenant to be taken out of service.

    Attributes:
        schema: as it is.
        retired: what it is called then.
        record: what its comment says then.
        home: whose tenant it is.
    """

    tenant: Tenant
    schema: There
    retired: str
    record: TenantRecord
    home: Home

    def effect(self, database: str) -> Effect:
        """Return what this brings about."""
        return Effect(("retire_tenant", database, self.tenant.schema, self.retired))

    @property
    def says(self) -> str:
        """What this does, for people."""
        return f"tenant {self.tenant.slug} retired: schema {self.tenant.schema} is {self.retired}"

    def statements(self) -> Iterator[Statement]:
        """Yield what does it, for a login of the owner.

        The owner takes `USAGE` from itself, too. It can give it back, and no query that names the
        schema works until it does.
        """
        own = self.schema.owner != self.home.owner
        if own:
            # To rename a schema takes its owner, who may make schemas in the database.
            yield Statement(create_in(self.home.database, self.schema.owner))
            yield Statement(set_local_role(self.schema.owner))
        yield from map(Statement, self._by_its_owner())
        if own:
            yield Statement(set_local_role(self.home.owner))
            yield Statement(no_create_in(self.home.database, self.schema.owner))

    def _by_its_owner(self) -> Iterator[sql.Composed]:
        yield rename_schema(self.tenant.schema, self.retired)
        yield comment_on_schema(self.retired, with_record(self.schema.comment, self.record))
        for role in (*self.schema.held, self.schema.owner):
            yield revoke_schema(self.retired, role)


@dataclass(frozen=True, slots=True)
class Drop:
    """A retired tenant's schema to be dropped.

    Attributes:
        home: whose tenant it was.
    """

    tenant: Retired
    home: Home

    def effect(self, database: str) -> Effect:
        """Return what this brings about."""
        return Effect(("drop_tenant", database, self.tenant.schema))

    @property
    def says(self) -> str:
        """What this does, for people."""
        return (
            f"tenant {self.tenant.slug}, retired {self.tenant.date}: {self.tenant.schema} dropped"
        )

    def statements(self) -> Iterator[Statement]:
        """Yield what does it, for a login of the owner."""
        role = self.home.role_of(self.tenant.schema)
        gone = Statement(drop_schema(self.tenant.schema))
        if role is None:
            yield gone
            return
        yield Statement(set_local_role(role))
        yield gone
        yield Statement(
            owns_nothing(role),
            otherwise=f"its role {role} owns something outside of {self.tenant.schema}",
        )


def retirements(
    wanted: Iterable[Tenant], there: Mapping[str, There], home: Home, date: str
) -> tuple[Retire, ...]:
    """Return what is to be done, sorted by schema; nothing for a tenant that is retired.

    Args:
        wanted: the tenants.
        there: by name, every schema of theirs that is there, and the retired ones.
        home: whose they are.
        date: today, eight digits.

    Raises:
        UsageError: one of them is not there, is another tenant's or somebody else's, or was
            retired today already. Names all of them.
    """
    found: list[Retire] = []
    problems: list[str] = []
    before = _stems(there)
    for tenant in sorted(wanted):
        schema, retired = there.get(tenant.schema), retired_schema(tenant.slug, date)
        if schema is None:
            if _stem(retired) not in before:
                problems.append(f"there is no tenant {tenant.slug}: no schema {tenant.schema}")
            continue
        record = read_record(schema.comment)
        owner = home.owner_of(schema.name)
        if schema.owner != owner:
            problems.append(f"the schema {schema.name} belongs to {schema.owner}, not {owner}")
        elif problem := misspelt(tenant, record, home.prefix):
            problems.append(problem)
        elif retired in there:
            problems.append(f"{tenant.slug} was retired today already: there is {retired}")
        else:
            ran = record.template if record is not None else {}
            found.append(Retire(tenant, schema, retired, home.record(tenant.slug, ran), home))
    if problems:
        raise refused(problems, hint=_NOTHING_DONE)
    return tuple(found)


def were_retired(wanted: Iterable[Tenant], there: Mapping[str, There]) -> tuple[Tenant, ...]:
    """Return those of the tenants that are not there because they were retired, sorted.

    Args:
        wanted: the tenants.
        there: by name, every schema of theirs that is there, and the retired ones.
    """
    before = _stems(there)
    return tuple(
        tenant
        for tenant in sorted(wanted)
        if tenant.schema not in there and _stem(retired_schema(tenant.slug, "")) in before
    )


def removal(schema: str, there: Mapping[str, There], home: Home) -> Drop | None:
    """Return what drops a retired tenant's schema, or None when it is gone.

    Raises:
        UsageError: it is in service, nobody's, or not the owner's.
    """
    if not is_retired(schema):
        hint = f"`pgtenant tenant retire -e {home.environment} {home.entry} SLUG` comes first"
        said = f"{plain(schema)} is no retired tenant's schema"
        raise UsageError(f"{said}; {_NOTHING_DONE}", hint=hint, code=Code.NO_TENANT_SCHEMA)
    found = there.get(schema)
    if found is None:
        return None
    owner = home.owner_of(schema)
    if found.owner != owner:
        raise UsageError(
            f"the schema {schema} belongs to {found.owner}, not to {owner}",
            hint=_NOTHING_DONE,
            code=Code.NO_TENANT_SCHEMA,
        )
    return Drop(retired_of(found), home)


def reopened(schemas: Iterable[There]) -> tuple[Finding, ...]:
    """Return to whom but their owner retired tenants' schemas are open again.

    Args:
        schemas: the retired tenants'.
    """
    held: dict[str, list[Name]] = {}
    for schema in schemas:
        for role in schema.held:
            held.setdefault(role, []).append(("", schema.name))
    return tuple(
        Finding(
            Problem.SCHEMA_OPEN,
            f"is a retired tenant's, and open to {'everybody' if role == PUBLIC else role}",
            tuple(sorted(names)),
            advice(revoke_schema(min(names)[1], role)),
        )
        for role, names in sorted(held.items())
    )


def retired_of(schema: There) -> Retired:
    """Return whose a retired tenant's schema was."""
    record = read_record(schema.comment)
    return retired_tenant(schema.name, record.tenant if record else None)


def _stems(there: Iterable[str]) -> frozenset[str]:
    """Return the names of retired schemas without their dates."""
    return frozenset(_stem(name) for name in there if is_retired(name))


def _stem(retired: str) -> str:
    """Return the name of a retired schema without its date."""
    return retired.rpartition("_")[0]
