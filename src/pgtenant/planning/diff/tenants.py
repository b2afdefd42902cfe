"""Tenants inside a database: tables that no policy holds, and what takes a person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

from pgtenant.catalog.model import Auth
from pgtenant.planning.changes import Change, GiveTables, SecureTables
from pgtenant.planning.desired import DesiredDatabase
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Observed
from pgtenant.planning.sql.text import can_be_sent
from pgtenant.planning.tenants.findings import Finding, subject
from pgtenant.planning.tenants.found import Found, Name, RelationKind
from pgtenant.planning.tenants.judgement import judged
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.statements import lacking
from pgtenant.planning.tenants.tables import owner_there
from pgtenant.planning.tenants.view import missing

_SHOWN: Final = 10
_TOGETHER: Final = 50
"""Tables that one transaction locks."""


def diff_tenants(
    database: DesiredDatabase, found: Found | None, observed: Observed, environment: str
) -> Iterator[Change | Drift]:
    """Secure the owner's tables in its tenants' schemas, and show all else that is found."""
    isolation, owner = database.isolation, database.owner.name
    if isolation is None or found is None:
        return
    schemas = {
        schema.name
        for schema in found.schemas
        if schema.owner == (isolation.role_of(schema.name) or owner)
        and (isolation.roles_in is None or schema.owner in observed.tenants)
    }
    yield from _declared(database, environment, {schema.name for schema in found.schemas})
    logs_in = database.owner.auth is not Auth.IAM

    def can_mend(table: Name) -> bool:
        """Whether a login of the owner gets there, and a statement can name it."""
        return logs_in and table[0] in schemas and can_be_sent(*table)

    if isolation.roles_in is not None:
        yield from _give(database, isolation, found, can_mend)
    yield from _secure(database, isolation, found, environment, can_mend)
    for finding in judged(found, isolation, owner=owner, database=database.name):
        if left := _left(finding, can_mend):
            yield Drift(
                kind=DriftKind.TENANCY,
                entry=database.entry,
                database=database.name,
                role=owner,
                message=f"{subject(left.names)} {left.message}",
                statement=left.statement,
            )


def _declared(
    database: DesiredDatabase, environment: str, there: Collection[str]
) -> Iterator[Drift]:
    """Show tenants that are declared and not there, and the other way round: none are made here."""
    if database.declared is None:
        return
    known = {tenant.schema for tenant in database.declared}
    add = f"`pgtenant tenant add -e {environment} {database.entry}` makes them"
    lacking_ones = [tenant.slug for tenant in missing(database.declared, there)]
    for names, said in (
        (lacking_ones, f"declared as tenants and not there; {add}"),
        (sorted(set(there) - known), "there as tenants and not declared"),
    ):
        if names:
            rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield Drift(
                kind=DriftKind.TENANCY,
                entry=database.entry,
                database=database.name,
                role=database.owner.name,
                message=f"{', '.join(names[:_SHOWN])}{rest}: {said}",
            )


def _give(
    database: DesiredDatabase,
    isolation: Isolation,
    found: Found,
    can_mend: Callable[[Name], bool],
) -> Iterator[GiveTables]:
    """Give tenants' roles what is the owner's in their schemas."""
    tables = sorted(
        name
        for group in found.relations
        if group.facts.owner == database.owner.name and group.facts.kind is not RelationKind.FOREIGN
        for name in filter(can_mend, group.names)
    )
    for together in _together(tables):
        yield GiveTables(
            entry=database.entry,
            database=database.name,
            owner=database.owner.name,
            tables=together,
            isolation=isolation,
            secret=database.owner.secret,
        )


def _secure(
    database: DesiredDatabase,
    isolation: Isolation,
    found: Found,
    environment: str,
    can_mend: Callable[[Name], bool],
) -> Iterator[SecureTables]:
    comment = Marker(environment=environment, entry=database.entry).text()
    for group in sorted(found.relations, key=lambda same: same.names):
        there = owner_there(isolation, database.owner.name)
        ours = group.facts.owner in {there, database.owner.name}
        if not ours or not lacking(group.facts, isolation):
            continue
        tables = sorted(filter(can_mend, group.names))
        for together in _together(tables):
            yield SecureTables(
                entry=database.entry,
                database=database.name,
                owner=database.owner.name,
                tables=together,
                before=replace(group.facts, owner=there),
                isolation=isolation,
                comment=comment,
                secret=database.owner.secret,
            )


def _left(finding: Finding, can_mend: Callable[[Name], bool]) -> Finding | None:
    """Return what of a finding no change mends."""
    if not finding.ours:
        return finding
    names = tuple(name for name in finding.names if not can_mend(name))
    if not names:
        return None
    # The statement is for the first one.
    statement = finding.statement if names[0] == finding.names[0] else ""
    return replace(finding, names=names, statement=statement)


def _together(tables: Sequence[Name]) -> Iterator[tuple[Name, ...]]:
    """Yield the tables of one transaction at a time."""
    for start in range(0, len(tables), _TOGETHER):
        yield tuple(tables[start : start + _TOGETHER])
