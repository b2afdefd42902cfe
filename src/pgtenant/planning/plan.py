"""The plan: everything a run will do, may not do, and has seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pgtenant.codes import Code
from pgtenant.planning.changes import AlterRole, Change, database_of
from pgtenant.planning.desired import Desired
from pgtenant.planning.diff import diff
from pgtenant.planning.diff.standing import Standing, standing
from pgtenant.planning.findings import Blocked, Drift, DriftKind
from pgtenant.planning.guards import guard
from pgtenant.planning.observed import Observed, PasswordState
from pgtenant.planning.operated import is_operators, shown_of
from pgtenant.planning.order import Group, order
from pgtenant.planning.retirement.standing import note_disabled, out_of_service
from pgtenant.planning.sql.script import Lending
from pgtenant.planning.trust import Trusted, left_out


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered changes of one environment, with what is blocked and what has drifted.

    Attributes:
        entries: the keys that the plan looked at, sorted.
        groups: the changes in transactions.
        blocked: sorted.
        drift: sorted.
        lending: how owners' roles are borrowed.
        maintenance_database: where the admin is connected.
        incomplete: databases that could not be entered before the plan's own repairs.
        trusted: what was not looked at; None where markers are not trusted.
        reopened: roles whose logins the plan makes possible again: only then can their
            passwords be proven.
    """

    environment: str
    entries: tuple[str, ...]
    groups: tuple[Group, ...]
    blocked: tuple[Blocked, ...]
    drift: tuple[Drift, ...]
    lending: Lending
    maintenance_database: str
    incomplete: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()
    trusted: Trusted | None = None

    @classmethod
    def empty(cls, environment: str) -> Plan:
        """Return a plan of nothing, for a run that ended before it could look."""
        nobody = Lending(admin="", major=0, free=frozenset(), restore={}, superuser=False)
        return cls(
            environment=environment,
            entries=(),
            groups=(),
            blocked=(),
            drift=(),
            lending=nobody,
            maintenance_database="",
        )

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes, in the order in which they run."""
        return tuple(
            change
            for group in self.groups
            for transaction in group.transactions
            for change in transaction.changes
        )

    @property
    def blocked_entries(self) -> tuple[str, ...]:
        """The keys of the blocked entries, sorted."""
        return tuple(sorted({b.entry for b in self.blocked}))

    @property
    def unrepaired(self) -> tuple[str, ...]:
        """The databases that could not be read and that nothing planned opens, sorted."""
        repaired = {database_of(change) for change in self.changes}
        return tuple(sorted(set(self.incomplete) - repaired))

    @property
    def as_declared(self) -> tuple[str, ...]:
        """The keys of entries that were looked at whole and need nothing, sorted."""
        apart = {DriftKind.UNREAD_DATABASE, DriftKind.DISABLED, DriftKind.REOPENED}
        unread = {d.entry for d in self.drift if d.kind in apart}
        changed = {change.entry for change in self.changes}
        return tuple(sorted(set(self.entries) - changed - set(self.blocked_entries) - unread))

    def summary(self) -> Mapping[str, int]:
        """Count changes by risk, and blocked entries, drift and untouched entries."""
        changes = self.changes
        risks = Counter(str(change.risk) for change in changes)
        return {
            "changes": len(changes),
            "create": risks["create"],
            "grant": risks["grant"],
            "alter": risks["alter"],
            "revoke": risks["revoke"],
            "destroy": risks["destroy"],
            "blocked": len(self.blocked_entries),
            "drift": len(self.drift),
            "unchanged": len(self.as_declared),
        }


def make_plan(observed: Observed, desired: Desired, *, only: Collection[str] | None = None) -> Plan:
    """Compare, guard and order.

    Args:
        observed: the server as it is.
        desired: the whole catalog, also with `only`: an entry's surroundings matter.
        only: the keys to plan for; None for all.
    """
    entries = tuple(sorted(r.entry for r in desired.roles if only is None or r.entry in only))
    selected = frozenset(entries)
    disabled = out_of_service(observed, desired)
    guarded = [b for b in guard(observed, desired) if b.entry not in disabled]
    unmet = (b for b in _unmet(observed, desired, only) if b.entry not in disabled)
    blocked = (*(b for b in guarded if only is None or b.entry in only), *unmet)
    held_back = {b.entry for b in guarded} | {b.entry for b in blocked} | disabled.keys()
    # Other entries' roles may hold something in a blocked entry's database: that stays too.
    closed = {d.name for d in desired.databases if d.entry in held_back}
    changes: list[Change] = []
    logins = {role.login for role in desired.roles}
    drift = [
        d for d in note_disabled(disabled, desired, observed) if only is None or d.entry in only
    ]
    for item in diff(observed, desired):
        if only is not None and item.entry not in only:
            continue
        if isinstance(item, Drift):
            if item.entry not in disabled or item.kind is DriftKind.UNDECLARED_DATABASE:
                drift.append(item)
        elif item.entry not in held_back and database_of(item) not in closed:
            if desired.operated and is_operators(item, observed):
                drift += shown_of(item, observed)
            else:
                changes.append(item)
    return Plan(
        environment=desired.environment,
        entries=entries,
        groups=order(changes, desired),
        blocked=tuple(sorted(blocked)),
        drift=tuple(sorted(set(drift))),
        lending=Lending.of(observed),
        maintenance_database=observed.server.maintenance_database,
        incomplete=tuple(
            d.name
            for d in desired.databases
            if (there := observed.databases.get(d.name)) is not None
            and there.owner == d.owner.name
            and there.contents is None
            and d.entry not in held_back
            and any(role.entry in selected for role in d.roles)
        ),
        reopened=tuple(
            change.role
            for change in changes
            if isinstance(change, AlterRole)
            and change.role in logins
            and (role := observed.roles[change.role]).password is PasswordState.UNPROVEN
            and not role.trusted
        ),
        trusted=left_out(observed, desired, selected) if desired.trust_markers else None,
    )


def _unmet(
    observed: Observed, desired: Desired, only: Collection[str] | None
) -> tuple[Blocked, ...]:
    """Block selected members of a database whose unselected owner entry has yet to make it."""
    if only is None:
        return ()
    return tuple(
        Blocked(
            entry=member.entry,
            reason=f"the database {database.name} is not there yet: select {database.entry} too",
            code=Code.WAITING,
        )
        for database in desired.databases
        for member in database.members
        if member.entry in only
        and database.entry not in only
        and standing(database, observed) in {Standing.MISSING, Standing.HALF_MADE}
    )
