"""`[server] connections` is the most that is ever open, and two are enough."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from support.instance import Instance
from support.project import Project
from support.sockets import most_sessions


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
        most = pool.submit(most_sessions, instance.port, done)
        try:
            project.converge()
            assert project.plan("--detailed-exitcode").code == 0
        finally:
            done.set()
        assert 2 <= most.result() <= connections
