"""How many connections, statements and round trips a run takes: counts, never times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.relay import Relay, relaying
from benchmarks.wire import Traffic
from support.faults.bench import Relayed
from support.instance import Instance
from support.oracle import connections, sent
from support.project import Project

LEVELS = ("owner", "editor", "reader")

# Without TLS each of four logins takes 3, each of three transactions 2, and CREATE DATABASE 2: the
# question for the run lock can't be sent with it.
ROUND_TRIPS = 4 * 3 + 3 * 2 + 2


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_one_login_for_each_role_and_one_question_for_each_database(
    tmp_path: Path, private_instance: Callable[..., Instance], command: str
) -> None:
    instance = private_instance(settings={"log_connections": "on"})
    project = Project(tmp_path, instance)
    shared: dict[int, int] = {}
    for size in (1, 3):
        project.write(applications(size))
        project.converge()
        mark = instance.log_mark()

        assert project.run(command, "-e", "dev").code == 0

        log = instance.log_since(mark)
        roles = [f"app{n}_{level}" for n in range(size) for level in LEVELS]
        assert {role: connections(log, role) for role in roles} == dict.fromkeys(roles, 1)
        assert connections(log, instance.admin.user) == 1
        in_each = Counter(where(line) for line in log.splitlines() if sent(line))
        shared[size] = in_each.pop(instance.admin.dbname)
        assert in_each == {f"app{n}": 1 for n in range(size)}
    assert shared[1] == shared[3]


def test_round_trips_of_a_first_apply(
    tmp_path: Path, private_instance: Callable[..., Instance]
) -> None:
    """So many for each application, with its 43 statements: none has one of its own."""
    counts: dict[int, Traffic] = {}
    for size in (1, 3):
        server = private_instance()
        with relaying(server.port) as relay:
            project = through(relay, server, tmp_path / str(size))
            project.write(applications(size))
            assert project.apply().code == 0
            counts[size] = relay.traffic
    one, three = counts[1], counts[3]
    assert three.connections - one.connections == 2 * 4
    assert three.turns - one.turns <= 2 * ROUND_TRIPS
    assert three.statements - one.statements > 2 * ROUND_TRIPS


def test_round_trips_of_the_proofs_of_authority(
    tmp_path: Path, private_instance: Callable[..., Instance]
) -> None:
    """A dry run is a plan and the proofs: one round trip, however many roles are borrowed."""
    more: dict[int, int] = {}
    for size in (1, 4):
        server = private_instance()
        with relaying(server.port) as relay:
            project = through(relay, server, tmp_path / str(size))
            project.write(applications(size))
            project.converge()
            for n in range(size):
                server.su(f"REVOKE USAGE ON SCHEMA public FROM app{n}_reader", dbname=f"app{n}")
            turns: list[int] = []
            for run, code in ((["plan", "--detailed-exitcode"], 2), (["apply", "--dry-run"], 0)):
                relay.traffic.clear()
                result = project.run(*run, "-e", "dev")
                assert result.code == code, result.output
                turns.append(relay.traffic.turns)
            more[size] = turns[1] - turns[0]
    assert more[1] == more[4]


def through(relay: Relay, server: Instance, root: Path) -> Project:
    """Return a project that reaches its server by a relay, one connection after the other."""
    seen = Relayed(server.server, server.ca_file, server.admin, "127.0.0.1", relay.port)
    root.mkdir()
    settings = {"server": {"sslmode": "disable", "connections": 2}}
    return Project(root, seen, settings=settings)


def applications(size: int) -> dict[str, dict[str, Any]]:
    """Return `size` databases, each with an owner, an editor and a reader."""
    return {
        f"app{n}-{level}": {
            "database_name": f"app{n}",
            "username": f"app{n}_{level}",
            "access_level": level,
        }
        for n in range(size)
        for level in LEVELS
    }


def where(line: str) -> str:
    """Return the database of a line in the server's log."""
    return line.partition("@")[2].split()[0]
