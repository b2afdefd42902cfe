"""`[server] connections` is the most that is ever open, and two are enough."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from support.instance import Instance
from support.project import Project

_ESTABLISHED = "01"


@pytest.mark.parametrize("connections", [2, 3, 8])
def test_the_connection_budget(project: Project, instance: Instance, connections: int) -> None:
    project.settings = {"server": {"connections": connections}}
    entries = {f"e{n}": {"database_name": f"db{n}", "username": f"user{n}"} for n in range(4)}
    readers = {
        f"r{n}": {"database_name": f"db{n}", "username": f"reader{n}", "access_level": "reader"}
        for n in range(4)
    }
    project.write(entries | readers)
    done = Event()
    with ThreadPoolExecutor(1) as pool:
        most = pool.submit(_most_sessions, instance.port, done)
        try:
            project.converge()
            assert project.plan("--detailed-exitcode").code == 0
        finally:
            done.set()
        assert 2 <= most.result() <= connections


def _most_sessions(port: int, done: Event) -> int:
    """Sample the open connections to a port.

    The kernel is asked and not the server, where a session outlives its connection a little.
    """
    most = 0
    while not done.wait(0.001):
        most = max(most, sum(_to(port, table) for table in ("tcp", "tcp6")))
    return most


def _to(port: int, table: str) -> int:
    lines = (Path("/proc/net") / table).read_text().splitlines()[1:]
    ends = ((fields[2], fields[3]) for fields in map(str.split, lines))
    return sum(
        state == _ESTABLISHED and int(remote.rsplit(":", 1)[1], 16) == port
        for remote, state in ends
    )
