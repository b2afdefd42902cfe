"""Away for good: what is in the way, and the steps in an order that a crash can't spoil.

What the roles have elsewhere goes first, then the database, then the roles. Until the last of
these the owner's marker says how far it has come.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from pgtenant.codes import Code
from pgtenant.planning.changes import AlterDatabase
from pgtenant.planning.findings import Blocked
from pgtenant.planning.observed import Observed
from pgtenant.planning.retired import UNSEEN
from pgtenant.planning.retirement.disable import remember
from pgtenant.planning.retirement.inventory import Inventory, Trace
from pgtenant.planning.retirement.steps import (
    Batch,
    CleanUp,
    DropDatabase,
    DropRole,
    ReleaseDatabase,
    Step,
)
from pgtenant.planning.retirement.subject import Subject, mark_of
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import as_text

_MOST = 20


@dataclass(frozen=True, slots=True)
class Rules:
    """What the settings and the command line ask of a removal.

    Attributes:
        environment: whose.
        waited: the days that the entry has been disabled; None when it is not.
        days: how many it has to be.
        allow_owned: whether what the roles own elsewhere may go.
        allow_foreign: whether what others own in the database may go.
        dumped: whether a dump was asked for.
        told: whether an operator keeps the roles, of which the admin is a member and no more.
    """

    environment: str
    waited: float | None
    days: int
    allow_owned: bool
    allow_foreign: bool
    dumped: bool
    told: bool = False


def plan_removal(
    subject: Subject, observed: Observed, inventory: Inventory
) -> tuple[tuple[Batch, ...], tuple[Batch, ...]]:
    """Return the steps: what the roles have elsewhere, and then the database and the roles."""
    first = tuple(_clean_up(subject, inventory.traces))
    return first, tuple(_drop(subject, observed))


def obstacles(
    subject: Subject,
    observed: Observed,
    inventory: Inventory,
    declared: tuple[str, ...],
    rules: Rules,
) -> tuple[Blocked, ...]:
    """Return what is in the way of a removal.

    Args:
        subject: what is to go.
        observed: the server.
        inventory: what was found.
        declared: the keys of its entries that the catalog still has.
        rules: what is asked of it.
    """
    found = [
        *_not_yet(subject, declared, rules),
        *_busy(subject, inventory),
        *_inside(subject, inventory, rules, _tenants(subject, observed)),
        *_elsewhere(subject, observed, inventory, rules),
    ]
    return tuple(replace(one, entry=subject.entry) for one in found)


def _not_yet(subject: Subject, declared: tuple[str, ...], rules: Rules) -> Iterator[Blocked]:
    again = f"`pgtenant retire -e {rules.environment} {subject.entry} --stage disable`"
    if declared:
        yield _because(
            Code.TOO_EARLY,
            f"the catalog still declares {', '.join(declared)}: the next apply would make it"
            " again. Take it out of the catalog first",
        )
    if subject.retired is None or rules.waited is None:
        yield _because(
            Code.TOO_EARLY, f"it is in service: {again} comes first, and then {rules.days} days"
        )
        return
    if rules.waited < 0:
        yield _because(
            Code.TOO_EARLY,
            f"its marker says that it was disabled at {subject.retired.at}, in future",
        )
    elif rules.waited < rules.days:
        yield _because(
            Code.TOO_EARLY,
            f"it was disabled at {subject.retired.at}, {rules.waited:.1f} days ago, and has to be"
            f" for {rules.days} ([retire] days)",
        )
    opened = [r.name for r in subject.roles if r.login or mark_of(r).retired is None]
    database = subject.database
    if database is not None and database.allow_connections:
        opened.append(database.name)
    if opened:
        yield _because(Code.TOO_EARLY, f"{', '.join(opened)} can be used again: {again} closes it")


def _busy(subject: Subject, inventory: Inventory) -> Iterator[Blocked]:
    name = subject.database.name if subject.database is not None else ""
    if inventory.sessions:
        yield _because(Code.STILL_IN_USE, f"there are sessions: {_some(inventory.sessions)}")
    for gid in inventory.prepared:
        yield Blocked(
            entry="",
            reason=f"a prepared transaction {gid!r} is open in {name}",
            statement=as_text(statements.rollback_prepared(gid)),
            executor=f"whoever prepared it, or a superuser, in the database {name}",
            code=Code.STILL_IN_USE,
        )
    for slot in inventory.slots:
        yield Blocked(
            entry="",
            reason=f"the replication slot {slot} reads {name}: is somebody still following it?",
            statement=as_text(statements.drop_slot(slot)),
            executor="a role with REPLICATION, or a superuser",
            code=Code.STILL_IN_USE,
        )
    for one in inventory.subscriptions:
        yield Blocked(
            entry="",
            reason=f"the subscription {one} writes into {name}",
            statement=as_text(statements.drop_subscription(one)),
            executor=f"its owner, or a superuser, in the database {name}",
            code=Code.STILL_IN_USE,
        )


def _tenants(subject: Subject, observed: Observed) -> tuple[str, ...]:
    """Return the roles of the entry's tenants, where those have their own: they go with it."""
    mark = mark_of(subject.role)
    found = observed.tenants.items()
    own = (mark.environment, mark.entry)
    return tuple(
        name
        for name, role in sorted(found)
        if role.marker is not None and (role.marker.environment, role.marker.entry) == own
    )


def _inside(
    subject: Subject, inventory: Inventory, rules: Rules, tenants: tuple[str, ...]
) -> Iterator[Blocked]:
    if rules.dumped and subject.database is not None and tenants:
        yield _because(
            Code.NO_DUMP,
            "its tenants' tables belong to roles of their own, which the login that dumps is not:"
            " back it up in another way and say --no-backup",
        )
    if rules.dumped and subject.database is not None and subject.role.rds_iam:
        yield _because(
            Code.NO_DUMP,
            f"{subject.role.name} is in rds_iam, and so would be the login that dumps: RDS refuses"
            " passwords then. Take it out, or back it up in another way and say --no-backup",
        )
    how, here = subject.retired, subject.database is not None
    foreign = {*inventory.foreign, *(how.foreign if how is not None and here else ())}
    if UNSEEN in foreign and not rules.allow_foreign:
        yield _because(
            Code.HOLDS_MORE,
            "whether the provider's roles own objects in its database could not be seen when it was"
            " disabled: --allow-foreign allows that they go with it",
        )
    foreign -= {UNSEEN, *tenants}
    if foreign and not rules.allow_foreign:
        yield _because(
            Code.HOLDS_MORE,
            f"in its database {', '.join(sorted(foreign))} own objects too, which would go with"
            " it: --allow-foreign allows that",
        )


def _elsewhere(
    subject: Subject, observed: Observed, inventory: Inventory, rules: Rules
) -> Iterator[Blocked]:
    for database in inventory.others:
        yield Blocked(
            entry="",
            reason=f"its role also owns the database {database}, which no entry declares, and"
            " which this command neither dumps nor drops: give it to another role, or drop it",
            statement=as_text(statements.drop_database(database)),
            executor="a superuser, or the admin with that role lent to it",
            code=Code.HOLDS_MORE,
        )
    for database, reason in sorted(inventory.unread.items()):
        yield _because(
            Code.HOLDS_MORE,
            f"its roles have something in {database}, which can't be entered: {reason}",
        )
    owned = [t for t in inventory.traces if t.owned]
    if owned and rules.told:
        listed = _some(tuple(f"{t.description} in {t.database}" for t in owned))
        yield _because(
            Code.HOLDS_MORE,
            f"its roles own objects in other databases, and only they can drop them: {listed}."
            " Take it back with --undo, and drop them or give them away on a login of theirs",
        )
    elif owned and not rules.allow_owned:
        listed = _some(tuple(f"{t.description} in {t.database}" for t in owned))
        yield _because(
            Code.HOLDS_MORE,
            f"its roles own objects in other databases, which would go with them: {listed}."
            " --allow-owned allows that",
        )
    elif owned and rules.dumped:
        listed = _some(tuple(f"{t.description} in {t.database}" for t in owned))
        yield _because(
            Code.HOLDS_MORE,
            f"its roles own objects in other databases, which no dump of its own holds: {listed}."
            " Drop them or give them away first, or back them up in another way and say"
            " --no-backup",
        )
    passed = [t for t in inventory.traces if t.passed_on]
    if passed and not rules.allow_owned:
        listed = _some(tuple(f"{t.description} in {t.database}" for t in passed))
        yield _because(
            Code.HOLDS_MORE,
            f"others hold privileges through its roles, and would lose them: {listed}. Have the"
            " owners grant them, or say --allow-owned",
        )
    for trace in inventory.traces:
        mine = trace.owned or trace.passed_on
        if not mine and not _lendable(trace.owner, subject, observed, rules):
            yield _because(
                Code.HOLDS_MORE,
                f"{trace.role} was granted privileges on {trace.description} in {trace.database},"
                f" which only {trace.owner or 'a superuser'} can take back",
            )


def _clean_up(subject: Subject, traces: tuple[Trace, ...]) -> Iterator[Batch]:
    """Yield one transaction for each database, with the rights of all whose grants are met.

    In whichever database, `DROP OWNED` also takes a role out of what all databases share, such as
    the ACL of the database that is to be dropped.
    """
    rights = subject.names | {t.owner for t in traces} - {""}
    entries = {role.name: mark_of(role).entry for role in subject.roles}
    for database, found in groupby(sorted(traces), key=lambda t: t.database):
        together = list(found)
        steps: list[Step] = [
            CleanUp(
                entry=entries[role],
                role=role,
                database=database,
                items=tuple(sorted({t.description for t in some})),
            )
            for role, some in groupby(together, key=lambda t: t.role)
        ]
        yield Batch(steps=tuple(steps), database=database, rights=tuple(sorted(rights)))


def _drop(subject: Subject, observed: Observed) -> Iterator[Batch]:
    database, owner = subject.database, subject.role
    admin = observed.server.admin.name
    if database is not None:
        if database.is_template:
            plain = AlterDatabase(
                entry=subject.entry,
                database=database.name,
                owner=database.owner,
                is_template=False,
            )
            acting = database.owner if database.owner != admin else ""
            yield Batch(steps=(plain,), acting=acting)
        if database.owner != admin and subject.retired is not None:
            begun = remember(owner, replace(subject.retired, dropping=True))
            release = ReleaseDatabase(
                entry=subject.entry, database=database.name, owner=owner.name, admin=admin
            )
            yield Batch(steps=(begun, release), rights=(owner.name,))
        gone = DropDatabase(entry=subject.entry, database=database.name)
        yield Batch(steps=(gone,), transactional=False)
    names = [(mark_of(owner).entry, name) for name in _tenants(subject, observed)]
    names += [(mark_of(r).entry, r.name) for r in (*subject.roles[1:], owner)]
    yield Batch(steps=tuple(DropRole(entry=entry, role=name) for entry, name in names))


def _lendable(owner: str, subject: Subject, observed: Observed, rules: Rules) -> bool:
    """Return whether the admin may be lent the rights of a role that is not going."""
    there = observed.roles.get(owner)
    if rules.told and not observed.server.admin.superuser:
        return owner not in subject.names and there is not None and there.admin_can_set
    if observed.server.admin.superuser or owner in subject.names | {observed.server.admin.name}:
        return True
    own = mark_of(subject.role).environment
    mark = there.marker if there is not None else None
    return mark is not None and mark.environment == own


def _because(code: Code, reason: str) -> Blocked:
    return Blocked(entry="", reason=reason, code=code)


def _some(items: tuple[str, ...]) -> str:
    rest = len(items) - _MOST
    return ", ".join(items[:_MOST]) + (f" and {rest} more" if rest > 0 else "")
