"""Sessions of one run can't wait for each other in a circle, whatever there is to do."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from pgtenant.planning.changes import Change, DatabaseChange, ReassignOwned, RoleChange
from pgtenant.planning.order import AsAdmin, Transaction
from pgtenant.planning.plan import make_plan
from unit.planning.worlds import World, worlds


@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(worlds(authoritative=True))
def test_nothing_is_changed_in_two_groups(world: World) -> None:
    """Groups run side by side, each in order: with nothing in common nobody waits for another.

    The one exception is the role that a membership is revoked of. It may belong to another group;
    memberships have no circles, so neither have those who wait for each other's. What a role owns
    in another group's database is its own, and is all that handing it over locks there.
    """
    plan = make_plan(world.observed, world.desired, only=world.only)
    homes: dict[tuple[str, str], str] = {}
    for group in plan.groups:
        for transaction in group.transactions:
            for thing in _changed(transaction):
                assert homes.setdefault(thing, group.database) == group.database


def _changed(transaction: Transaction) -> set[tuple[str, str]]:
    found = {_object(change) for change in transaction.changes}
    session = transaction.place.session
    return found if isinstance(session, AsAdmin) else found | {("role", session.role)}


def _object(change: Change) -> tuple[str, str]:
    if isinstance(change, RoleChange):
        return "role", change.role
    if isinstance(change, ReassignOwned):
        return f"what {change.role} owns in", change.database
    assert isinstance(change, DatabaseChange)
    return "database", change.database
