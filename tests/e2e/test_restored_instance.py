"""An instance that was restored to an earlier moment: what docs/runbooks/restore.md says of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from support.instance import Instance
from support.orders import BILLING, ORDERS, READER
from support.project import Project

ALTERNATE = {"orders": ORDERS["orders"] | {"rotation": "alternate"}}


@pytest.mark.slow
def test_what_came_after_that_moment_is_planned_and_made_again(
    private_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    instance = private_instance()
    project = Project(root=tmp_path, instance=instance)
    project.write(ORDERS | BILLING)
    project.converge()
    backup = _stopped_copy(instance)
    project.write(ALTERNATE | READER)  # two entries changed, one new, one gone
    project.converge()
    for key in ("orders", "orders-ro"):
        assert project.run("rotate", "-e", "dev", key).code == 0
    _restore(instance, backup)

    plan = project.plan("--detailed-exitcode")
    assert plan.code == 2
    kinds = [change["kind"] for change in plan.json["changes"]]
    assert {"create_role", "create_second_login"} <= {*kinds}
    assert "billing" in str(plan.json["drift"])  # retired?, and on the server as before

    project.converge()
    assert project.plan("--detailed-exitcode").code == 0
    assert project.run("secret", "status", "-e", "dev").code == 0
    assert project.run("verify", "-e", "dev").code == 0
    assert project.run("audit", "verify", "-e", "dev").code == 0


@pytest.mark.slow
def test_a_password_that_was_rotated_since_is_set_again(
    private_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    instance = private_instance()
    project = Project(root=tmp_path, instance=instance)
    project.write(ORDERS)
    project.converge()
    backup = _stopped_copy(instance)
    assert project.run("rotate", "-e", "dev", "orders").code == 0
    _restore(instance, backup)
    assert [change["kind"] for change in project.plan().json["changes"]] == ["update_password"]
    assert project.run("secret", "status", "-e", "dev").code == 1
    project.converge()
    assert project.run("secret", "status", "-e", "dev").code == 0


def _stopped_copy(instance: Instance) -> Path:
    """Return a copy of the data as it is now."""
    data = instance.server.data_directory
    backup = data.with_name("backup")
    instance.server.stop()
    subprocess.run(["cp", "-a", data, backup], check=True)
    instance.server.start()
    return backup


def _restore(instance: Instance, backup: Path) -> None:
    data = instance.server.data_directory
    instance.server.stop()
    data.rename(data.with_name("lost"))
    backup.rename(data)
    instance.server.start()
