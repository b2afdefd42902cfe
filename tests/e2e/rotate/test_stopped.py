"""A rotation that is ended between two of its steps: the next one, or an apply, converges."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.rotate.shop import admitted, in_order, rotate, rotated, stored, write_shop
from pgtenant.errors import ServerError
from pgtenant.rotation.stages import PENDING
from pgtenant.usecases.rotate import switch
from support.boundaries import BOUNDARIES, Stop, ending, stop
from support.project import Project

TESTS = Path(__file__).parents[2]
KEYS = {"shop/postgres": "shop", "rds/master": "--admin"}


def kill_at(project: Project, boundary: str, *arguments: str) -> None:
    """Have pgtenant killed at a boundary, in a process of its own."""
    command = [sys.executable, "-m", "support.boundaries", boundary, "rotate", "-e", "dev"]
    done = subprocess.run(
        [*command, *arguments, "--project", str(project.root)],
        capture_output=True,
        check=False,
        env=os.environ | project.variables() | {"PYTHONPATH": str(TESTS)},
        timeout=120,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_the_next_rotation_converges(files: Project, boundary: str) -> None:
    before = stored(files)
    with ending(boundary, stop), pytest.raises(Stop):
        rotate(files, "shop")
    pending = stored(files, stage=PENDING)
    (done,) = rotated(files, "shop")
    after = in_order(files)
    assert after["password"] != before["password"]
    assert done["resumed"] is bool(pending)
    if pending:
        assert after["password"] == pending["password"]


@pytest.mark.parametrize("boundary", ["after:propose", "after:set_password", "after:promote"])
def test_an_apply_makes_the_stored_password_right_again(files: Project, boundary: str) -> None:
    with ending(boundary, stop), pytest.raises(Stop):
        rotate(files, "shop")
    now = stored(files)
    files.converge()
    admitted(files, now)
    assert stored(files) == now
    rotated(files, "shop")
    in_order(files)


@pytest.mark.parametrize("boundary", ["after:propose", "after:set_password", "after:promote"])
def test_the_admins_own(files: Project, boundary: str) -> None:
    with ending(boundary, stop), pytest.raises(Stop):
        rotate(files, "--admin")
    rotated(files, "--admin")
    in_order(files, "rds/master")


BACK = ("before:set_password", "after:set_password", "before:withdraw", "after:withdraw")


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("boundary", BACK)
def test_ended_on_the_way_back(
    files: Project, monkeypatch: pytest.MonkeyPatch, boundary: str, key: str
) -> None:
    """The password so far is set again before what is pending is withdrawn."""
    before = stored(files, key)
    passed = 0

    async def refuses(*_: object) -> None:
        raise ServerError("no login today")

    def stop_on_the_way_back() -> None:
        nonlocal passed
        passed += 1
        if passed == 2 or "withdraw" in boundary:
            stop()

    with monkeypatch.context() as patch:
        patch.setattr(switch, "prove", refuses)
        with ending(boundary, stop_on_the_way_back), pytest.raises(Stop):
            rotate(files, KEYS[key])
    assert stored(files, key) == before
    if boundary != BACK[0]:
        admitted(files, before)
    rotated(files, KEYS[key])
    assert in_order(files, key)["password"] != before["password"]


def test_a_pending_version_that_can_not_be_used_is_replaced(files: Project) -> None:
    with ending("after:propose", stop), pytest.raises(Stop):
        rotate(files, "shop")
    path = files.secret_path("shop/postgres.pending")
    for text in ("", "{}", path.read_text().replace("shop_user", "shop_reader")):
        path.touch(mode=0o600)
        path.write_text(text)
        (done,) = rotated(files, "shop")
        assert not done["resumed"]
        in_order(files)


def killed_everywhere(project: Project, name: str = "shop/postgres") -> None:
    """Kill a rotation at each boundary, and have the next one converge."""
    for boundary in BOUNDARIES:
        before = stored(project, name)
        kill_at(project, boundary, KEYS[name])
        rotated(project, KEYS[name])
        assert in_order(project, name)["password"] != before["password"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.every_major
def test_killed_at_every_boundary(files: Project) -> None:
    killed_everywhere(files)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_admins_own_killed_at_every_boundary(files: Project) -> None:
    killed_everywhere(files, "rds/master")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_at_every_boundary_in_aws(aws_project: Project) -> None:
    write_shop(aws_project)
    aws_project.converge()
    killed_everywhere(aws_project)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.every_major
def test_alternate_logins_work_whenever_a_rotation_is_killed(files: Project) -> None:
    write_shop(files, rotation="alternate")
    files.converge()
    for boundary in BOUNDARIES:
        before = stored(files)
        kill_at(files, boundary, "shop")
        admitted(files, stored(files))
        admitted(files, before)
        rotated(files, "shop")
        in_order(files)
