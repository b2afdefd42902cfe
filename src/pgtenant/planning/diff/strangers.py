"""Roles with a marker that this catalog does not speak of."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.planning.desired import Desired
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Observed
from pgtenant.planning.retired import OF_A_DUMP
from pgtenant.planning.retirement.standing import disabled
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice


def find_strangers(observed: Observed, desired: Desired) -> Iterator[Drift]:
    """Report retired entries and roles of other environments; never a change."""
    declared = desired.by_name
    for name, role in sorted(observed.roles.items()):
        mark = role.marker
        if mark is None or name in declared or _is_second(mark, desired):
            continue
        databases = ", ".join(d.name for d in observed.owned_by(name))
        owns = f"; it owns {databases}" if databases else ""
        if mark.environment == desired.environment and mark.entry.endswith(OF_A_DUMP):
            yield _of_a_dump(name, mark.entry.removesuffix(OF_A_DUMP), observed, desired)
        elif mark.environment == desired.environment and mark.retired is not None:
            yield disabled(mark.entry, name, mark.retired, observed, owns)
        elif mark.environment == desired.environment:
            yield Drift(
                kind=DriftKind.RETIRED,
                entry=mark.entry,
                database="",
                role=name,
                message=f"retired? It is managed but no entry declares it{_second(mark)}{owns}",
            )
        else:
            yield Drift(
                kind=DriftKind.OTHER_ENVIRONMENT,
                entry=mark.entry,
                database="",
                role=name,
                message=f"belongs to the environment {mark.environment}{owns}",
            )
    yield from _tenants(observed, desired)
    yield from _admin(observed)


def _tenants(observed: Observed, desired: Desired) -> Iterator[Drift]:
    """Report tenants' own roles whose entry is gone: one line for each of those."""
    declared = {database.name for database in desired.databases}
    found: dict[tuple[str, str], list[str]] = {}
    for name, role in sorted(observed.tenants.items()):
        mark = role.marker
        gone = mark is not None and mark.database not in declared
        if mark is not None and gone and mark.environment == desired.environment:
            found.setdefault((mark.entry, mark.database or ""), []).append(name)
    for (entry, database), names in sorted(found.items()):
        rest = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Drift(
            kind=DriftKind.RETIRED,
            entry=entry,
            database="",
            role=names[0],
            message=f"is a tenant's role{rest}, of the database {database}: no entry declares it",
        )


def _is_second(mark: Marker, desired: Desired) -> bool:
    """Return whether it is a declared role's second login, wanted or about to go."""
    return mark.environment == desired.environment and mark.second_of in desired.by_name


def _second(mark: Marker) -> str:
    return f"; it is the second login of {mark.second_of}" if mark.second_of is not None else ""


def _admin(observed: Observed) -> Iterator[Drift]:
    through = observed.server.admin.rds_iam_through
    if through:
        yield Drift(
            kind=DriftKind.MEMBERSHIP,
            entry="",
            database="",
            role=observed.server.admin.name,
            message=f"the admin is a member of rds_iam through {', '.join(sorted(through))}:"
            " RDS then refuses its password",
        )


def _of_a_dump(role: str, entry: str, observed: Observed, desired: Desired) -> Drift:
    """Return what is shown of a login that a dump has left."""
    there = entry in observed.managed(desired.environment).values()
    return Drift(
        kind=DriftKind.DISABLED if there else DriftKind.RETIRED,
        entry=entry,
        database="",
        role=role,
        message=f"was made to dump {entry}, and not dropped when that ended: "
        + (
            f"any `pgtenant retire {entry}` drops it"
            if there
            else "whoever granted it something has to take that back, and then it can be dropped"
        ),
        statement="" if there else advice(statements.drop_role(role)),
    )
