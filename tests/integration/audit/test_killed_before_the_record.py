"""A run that is killed between a COMMIT and its record: the next one says what it had done.

The kernel kills it: its files may grow to a size and no further, and the signal that says so is
left at its default. So it dies in the write of a record, at a chosen byte, and nothing in it is
replaced. What it had committed by then is asked of the server's log.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.instance import Instance
from support.project import Project
from support.siege import state

from .journals import (
    ENTRIES,
    SCHEMA,
    forget,
    killed_at,
    of_run,
    planned,
    recorded,
    records,
    settled,
    sizes,
)

pytestmark = pytest.mark.slow

APPLY = ("apply", "-e", "dev", "--run-id", "killed")


@pytest.fixture
def project(instance: Instance, tmp_path: Path) -> Project:
    project = Project(root=tmp_path, instance=instance)
    (project.root / "schemas").mkdir()
    (project.root / "schemas" / "mine.sql").write_text(SCHEMA)
    project.write(ENTRIES)
    return project


def committed(log: str, changes: list[dict[str, Any]], ids: list[str]) -> list[str]:
    """Return the changes that the server had to do, in a log of transactions that all ended.

    A verifier is not in the plan: it is compared up to there.
    """
    assert log.count("BEGIN") == log.count("COMMIT") + log.count("ROLLBACK")
    firsts = [change["sql"].split(";\n")[0].split(":'")[0] for change in changes]
    return [key for key, text in zip(ids, firsts, strict=True) if text in log]


@pytest.mark.parametrize("torn", [0, 60], ids=["before", "within"])
def test_at_every_record(project: Project, instance: Instance, torn: int) -> None:
    changes = project.plan().json["changes"]
    project.converge("--run-id", "killed")
    wanted, ends = state(instance, "shop"), sizes(project)
    assert len(ends) >= 10
    told = 0
    for end in ends[:-1]:
        forget(project, instance)
        mark = instance.log_mark()
        assert killed_at(project, end + torn, *APPLY), end
        log = instance.log_since(mark)
        project.converge("--run-id", "next")
        assert state(instance, "shop") == wanted, end
        project.converge("--run-id", "third")
        found = records(project)
        ids = planned(found, "killed")
        assert len(ids) == len(set(ids)) == len(changes)
        before, settles = recorded(found, "killed"), settled(found, "next")
        assert sorted(before + settles) == sorted(committed(log, changes, ids)), end
        assert sorted(before + settles + recorded(found, "next")) == sorted(ids), end
        told += bool(settles)
        assert settled(found, "third") == []
        assert planned(found, "third") == []
        rows = [row for row in project.audit_rows() if row["status"] == "warning"]
        assert len(rows) == sum("settles" in one for one in of_run(found, "next", "record"))
        for row in rows:
            assert row["run_id"] == "next"
            assert row["message"].startswith("carried out by run killed, which ended before it")
        check = project.run("audit", "verify", "-e", "dev")
        assert check.code == 0, check.out
    assert told >= len(ends) // 2
