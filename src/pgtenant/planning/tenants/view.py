"""What a look at one database's tenants found, as it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from pgtenant.planning.tenants.findings import Finding
from pgtenant.planning.tenants.found import Found
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.record import read_record
from pgtenant.planning.tenants.slugs import Retired, Tenant, slug_of


@dataclass(frozen=True, slots=True)
class Listed:
    """One tenant.

    Attributes:
        slug: as its schema's comment has it, where that gives this very schema.
        tables: how many tables it has, partitions counted.
        findings: how many findings name something in its schema, or the schema.
    """

    slug: str
    schema: str
    tables: int
    findings: int


@dataclass(frozen=True, slots=True)
class View:
    """The tenants of one entry's database.

    Attributes:
        entry: the key of its owner entry.
        tenants: sorted by schema.
        findings: sorted; some may be about no single tenant.
        bypassing: every role of the instance that no policy holds, sorted.
        retired: those that were taken out of service, sorted by schema.
        declared: those of the entry's `tenants_file`, sorted by schema; None without one.
    """

    entry: str
    database: str
    owner: str
    isolation: Isolation
    tenants: tuple[Listed, ...]
    findings: tuple[Finding, ...]
    bypassing: tuple[str, ...]
    retired: tuple[Retired, ...] = ()
    declared: tuple[Tenant, ...] | None = None

    @property
    def missing(self) -> tuple[Tenant, ...]:
        """Those that are declared and not there."""
        return missing(self.declared or (), {tenant.schema for tenant in self.tenants})

    @property
    def undeclared(self) -> frozenset[str]:
        """The schemas of those that are there and not declared; none without a `tenants_file`."""
        if self.declared is None:
            return frozenset()
        declared = {tenant.schema for tenant in self.declared}
        return frozenset(t.schema for t in self.tenants if t.schema not in declared)


def listed(found: Found, findings: tuple[Finding, ...], isolation: Isolation) -> tuple[Listed, ...]:
    """Return the tenants that an inspection found, sorted by schema."""
    tables = Counter(schema for group in found.relations for schema, _ in group.names)
    touched: Counter[str] = Counter()
    for finding in findings:
        # What has no schema is a schema itself, or a role.
        touched.update({schema or name for schema, name in finding.names})
    return tuple(
        Listed(
            slug=slug_of(schema.name, isolation.prefix, record.tenant if record else None),
            schema=schema.name,
            tables=tables[schema.name],
            findings=touched[schema.name],
        )
        for schema in found.schemas
        for record in [read_record(schema.comment)]
    )


def missing(declared: Iterable[Tenant], schemas: Collection[str]) -> tuple[Tenant, ...]:
    """Return the declared tenants of which no schema is there."""
    return tuple(tenant for tenant in declared if tenant.schema not in schemas)
