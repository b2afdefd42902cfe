"""The work of a plan grows with the catalog, not with its square."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Admin, Observed, Role, Server
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.planning.simulate import simulate

SERVER = Server(version=170000, admin=Admin("platform_admin"), maintenance_database="platform")


def catalog(size: int) -> Desired:
    """Return `size` databases, each with an owner, an editor and a reader."""
    return Desired(
        environment="dev",
        databases=tuple(
            DesiredDatabase(
                name=f"app_{number}",
                entry=f"{number}_owner",
                owner=role(number, AccessLevel.OWNER),
                members=(role(number, AccessLevel.EDITOR), role(number, AccessLevel.READER)),
            )
            for number in range(size)
        ),
    )


def role(number: int, level: AccessLevel) -> DesiredRole:
    return DesiredRole(
        name=f"app_{number}_{level}",
        entry=f"{number}_{level}",
        database=f"app_{number}",
        level=level,
        createdb=True,
        connection_limit=-1,
        secret=f"app/{number}/{level}",
    )


def first(size: int) -> tuple[Observed, Desired]:
    return Observed(server=SERVER, roles={}, databases={}), catalog(size)


def settled(size: int) -> tuple[Observed, Desired]:
    nothing, desired = first(size)
    return simulate(nothing, make_plan(nothing, desired)), desired


def databases_gone(size: int) -> tuple[Observed, Desired]:
    observed, desired = settled(size)
    return Observed(server=SERVER, roles=observed.roles, databases={}), desired


def all_left_the_catalog(size: int) -> tuple[Observed, Desired]:
    observed, _ = settled(size)
    return observed, Desired(environment="dev", databases=())


def unmarked(size: int) -> tuple[Observed, Desired]:
    observed, desired = settled(size)
    roles = {name: Role(name=name) for name in observed.roles}
    return Observed(server=SERVER, roles=roles, databases=observed.databases), desired


def retired_roles(size: int) -> tuple[Observed, Desired]:
    observed, desired = settled(size)
    comments = [Marker(environment="dev", entry=f"old_{n}").text() for n in range(size)]
    old = {f"old_{n}": Role(name=f"old_{n}", comment=text) for n, text in enumerate(comments)}
    return Observed(
        server=SERVER, roles={**observed.roles, **old}, databases=observed.databases
    ), desired


@pytest.mark.parametrize(
    "state", [first, settled, databases_gone, all_left_the_catalog, unmarked, retired_roles]
)
def test_four_times_the_catalog_is_four_times_the_work(
    state: Callable[[int], tuple[Observed, Desired]],
) -> None:
    few, many = (instructions(make_plan, *state(size)) for size in (20, 80))

    assert many < 5 * few  # sorting takes n log n


def instructions(function: Callable[[Observed, Desired], Plan], *args: Any) -> int:
    """Count the bytecode instructions that a call executes: the same on any machine."""
    executed = 0

    def count(frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal executed
        frame.f_trace_opcodes = True
        frame.f_trace_lines = False
        executed += event == "opcode"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        function(*args)
    finally:
        sys.settrace(before)
    return executed
