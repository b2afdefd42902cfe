"""The psql floor and pgtenant make the same W(2), so that their times can be compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.bare import Bare
from benchmarks.floor import Floor
from benchmarks.lineup import ours
from benchmarks.running import run
from benchmarks.state import Rows, drift, lacking, snapshot
from benchmarks.tool import Tool
from benchmarks.workload import Scenario, apps
from benchmarks.world import ADMIN, Account, Job, World
from pgtenant.embedded import find_bundled
from pgtenant.errors import PgtenantError
from support.instance import Instance

pytestmark = [pytest.mark.slow, pytest.mark.every_major]
APPS = apps(2)
AUTHORIZED = re.compile(r"connection authorized: user=(\S+) database=(\S+)")


def bundled_psql() -> Path:
    try:
        return find_bundled().program("psql")
    except PgtenantError as error:
        pytest.skip(f"no psql: {error.message}")


@contextmanager
def world(instance: Instance, directory: Path) -> Iterator[World]:
    directory.mkdir()
    yield World(
        port=instance.port,
        major=instance.major,
        admin=Account(instance.admin.user, instance.admin.password),
        superuser=Account(instance.server.superuser, instance.server.superuser_password),
        psql=bundled_psql(),
        sessions=4,
        directory=directory,
    )


def state(instance: Instance) -> dict[str, Rows]:
    return snapshot(instance.superuser_conninfo(), ADMIN, APPS)


def do(tool: Tool, place: World, scenario: Scenario, count: int = 2) -> None:
    run(tool.commands(place, Job(scenario, apps(count))), timeout=120)


def test_both_make_the_same(private_instance: Callable[[], Instance], tmp_path: Path) -> None:
    states = []
    for number, tool in enumerate((Floor(2), ours()[0])):
        instance = private_instance()
        with world(instance, tmp_path / str(number)) as place:
            for scenario in (Scenario.FIRST, Scenario.NO_CHANGE):
                do(tool, place, scenario)
            assert lacking(instance.superuser_conninfo(), APPS) is None
            states.append(state(instance))
            # The second is not in a tenth database: the floor would not mend it.
            do(tool, place, Scenario.ADDED, 3)
            assert state(instance) == states[-1]
            assert lacking(instance.superuser_conninfo(), apps(3)[-1:]) is None
    assert states[0] == states[1]


def test_both_mend_the_same(instance: Instance, tmp_path: Path) -> None:
    ten = apps(10)[-1:]
    conninfo = instance.superuser_conninfo()
    with world(instance, tmp_path / "world") as place:
        run(Floor(2).commands(place, Job(Scenario.FIRST, ten)), timeout=120)
        before = snapshot(conninfo, ADMIN, ten)
        drift(conninfo, ten)
        assert lacking(conninfo, ten) is not None
        run(Floor(2).commands(place, Job(Scenario.DRIFTED, ten)), timeout=120)
        assert snapshot(conninfo, ADMIN, ten) == before


def test_the_bare_program_opens_the_same_connections(
    private_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    instance = private_instance(settings={"log_connections": "on"})
    with world(instance, tmp_path / "world") as place:
        do(ours()[0], place, Scenario.FIRST)
    opened = []
    for number, tool in enumerate((Bare(), ours()[0])):
        mark = instance.log_mark()
        with world(instance, tmp_path / str(number)) as place:
            do(tool, place, Scenario.NO_CHANGE)
        opened.append(Counter(AUTHORIZED.findall(instance.log_since(mark))))
    bare, full = opened
    assert bare.total() == 1 + 2 * 3
    assert full == bare
