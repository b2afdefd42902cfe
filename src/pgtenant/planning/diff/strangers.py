"""Roles with a marker that this catalog does not speak of."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.planning.desired import Desired
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.observed import Observed
from pgtenant.planning.retirement.standing import disabled


def find_strangers(observed: Observed, desired: Desired) -> Iterator[Drift]:
    """Report retired entries and roles of other environments; never a change."""
    declared = desired.by_name
    for name, role in sorted(observed.roles.items()):
        mark = role.marker
        if mark is None or name in declared:
            continue
        databases = ", ".join(d.name for d in observed.owned_by(name))
        owns = f"; it owns {databases}" if databases else ""
        if mark.environment == desired.environment and mark.retired is not None:
            yield disabled(mark.entry, name, mark.retired, owns)
        elif mark.environment == desired.environment:
            yield Drift(
                kind=DriftKind.RETIRED,
                entry=mark.entry,
                database="",
                role=name,
                message=f"retired? It is managed but no entry declares it{owns}",
            )
        else:
            yield Drift(
                kind=DriftKind.OTHER_ENVIRONMENT,
                entry=mark.entry,
                database="",
                role=name,
                message=f"belongs to the environment {mark.environment}{owns}",
            )
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
