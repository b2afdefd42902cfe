"""How many connections and statements a run that changes nothing takes: counts, never times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.instance import Instance
from support.oracle import connections, sent
from support.project import Project

LEVELS = ("owner", "editor", "reader")


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
