"""Which pairs are attempted."""

from __future__ import annotations

from dataclasses import replace

from pgtenant.planning.desired import Desired, DesiredDatabase
from pgtenant.planning.observed import Database
from pgtenant.verify.model import Outcome
from pgtenant.verify.pairs import LIMIT, connections, impersonations, sealed
from unit.planning.examples import ADMIN, OWNER, empty_server
from unit.planning.examples import role as tenant

from .grounds import ground


def _many(number: int) -> tuple[Desired, dict[str, Database]]:
    names = [f"app{index:03}" for index in range(number)]
    desired = Desired(
        environment="dev",
        databases=tuple(
            DesiredDatabase(name=n, entry=n, owner=tenant(f"{n}_user", n, OWNER, n)) for n in names
        ),
    )
    databases = {n: Database(name=n, owner=f"{n}_user") for n in names}
    return desired, databases


def test_every_pair_up_to_the_limit_and_a_sample_beyond() -> None:
    for number in (99, 105):
        desired, databases = _many(number)
        databases["platform"] = Database(name="platform", owner=ADMIN)
        observed = replace(empty_server(), databases=databases)
        state = ground(desired=desired, observed=observed)
        found = connections(state, seed=1, everything=False)
        assert found.total == number * (number + 1)
        assert len(found.attempts) == min(LIMIT, found.total)
        allowed = {(a.role, a.database) for a in found.attempts if a.expected is Outcome.ALLOWED}
        assert allowed == {(f"{name}_user", name) for name in databases if name != "platform"}
        assert len(connections(state, seed=1, everything=True).attempts) == found.total
        again = connections(state, seed=1, everything=False)
        other = connections(state, seed=2, everything=False)
        assert again == found
        assert (other == found) == (found.total <= LIMIT)
        become = impersonations(state, seed=1, everything=True)
        assert become.total == len(become.attempts) == number * (number + 1)


def test_what_the_catalogs_call_open_is_in_every_sample() -> None:
    desired, databases = _many(105)
    open_ = {(f"app{index:03}_user", "app000") for index in range(1, 105)}
    observed = replace(empty_server(), databases=databases)
    for seed in range(3):
        state = ground(desired=desired, observed=observed, connects=frozenset(open_))
        found = connections(state, seed=seed, everything=False)
        assert open_ <= {(a.role, a.database) for a in found.attempts}


def test_a_role_s_own_database_is_in_every_sample() -> None:
    """Only there is tried what it can do inside, and whom it can become."""
    desired, databases = _many(105)
    everything = {(f"{a}_user", b) for a in databases for b in databases}
    state = ground(
        desired=desired,
        observed=replace(empty_server(), databases=databases),
        connects=frozenset(everything),
    )
    found = connections(state, seed=1, everything=False)
    assert len(found.attempts) == LIMIT
    homes = {(f"{name}_user", name) for name in databases}
    assert homes <= {(a.role, a.database) for a in found.attempts}


def test_a_role_tries_its_own_database_first() -> None:
    first = connections(ground(), seed=0, everything=False).attempts
    seen: dict[str, str] = {}
    for attempt in first:
        seen.setdefault(attempt.role, attempt.database)
    assert set(seen.values()) == {"crm"}


def test_what_lets_nobody_in_is_not_tried() -> None:
    desired, databases = _many(1)
    databases["template0"] = Database(name="template0", owner="rdsadmin", allow_connections=False)
    databases["mine"] = Database(name="mine", owner="app000_user", allow_connections=False)
    state = ground(desired=desired, observed=replace(empty_server(), databases=databases))
    assert sealed(state) == ("template0",)
