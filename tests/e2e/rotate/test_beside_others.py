"""What waits while a password is rotated goes by the new one afterwards."""

from __future__ import annotations

import os
import time

import pytest

from e2e.rotate.shop import SHOP as CATALOG
from e2e.rotate.shop import admitted, in_order, refused, stored, write_shop
from support.instance import Instance
from support.processes import finish, holding, start, until, until_waiting
from support.project import Project, Result

SHOP, ADMIN = "shop/postgres", "rds/master"
WAIT = ("--lock-timeout", "60s")
DAY = 86400


def while_rotated(
    project: Project, instance: Instance, role: str, rotation: list[str], *waiting: str
) -> tuple[Result, Result]:
    """Have another command wait for the run lock that a rotation holds, and end both.

    Args:
        project: whose.
        instance: where.
        role: the rotation is held up at its row.
        rotation: the rotation's arguments.
        waiting: the other command.
    """
    locked = f"SELECT FROM pg_authid WHERE rolname = '{role}' FOR UPDATE"
    with holding(instance, locked):
        first = start(project, "rotate", "-e", "dev", *rotation, "--format", "json")
        until_waiting(instance, "%ALTER ROLE%")
        second = start(project, *waiting, "--format", "json")
        until(
            instance,
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgtenant'"
            " AND query ILIKE %s",
            ["%pg_try_advisory_lock%"],
        )
    rotated, other = finish(first, second)
    assert rotated.code == 0, rotated.output
    return rotated, other


@pytest.mark.every_major
def test_an_apply(files: Project, instance: Instance) -> None:
    before = stored(files)
    _, done = while_rotated(files, instance, "shop_user", ["shop"], "apply", "-e", "dev", *WAIT)
    assert done.code == 0, done.output
    assert {row["status"] for row in done.json["records"]} == {"no_change"}
    assert in_order(files) != before
    refused(files, before)


def test_an_apply_while_the_admins_own_is_rotated(files: Project, instance: Instance) -> None:
    """It opens more connections than the one that waits."""
    more = {key: {"database_name": key, "username": f"{key}_user"} for key in ("kiosk", "depot")}
    files.write(CATALOG | more)
    args = ("apply", "-e", "dev", *WAIT)
    _, done = while_rotated(files, instance, instance.admin.user, ["--admin"], *args)
    assert done.code == 0, done.output
    in_order(files, ADMIN)


def test_another_rotation_of_what_is_due(files: Project, instance: Instance) -> None:
    path, old = files.secret_path(SHOP), time.time() - 365 * DAY
    os.utime(path, (old, old))
    args = ("rotate", "-e", "dev", "--due", *WAIT)
    first, second = while_rotated(files, instance, "shop_user", ["--due", "shop"], *args)
    assert [one["state"] for one in first.json["rotation"]] == ["rotated"]
    assert {one["state"] for one in second.json["rotation"]} == {"not_due"}
    in_order(files)


def test_a_bootstrap(files: Project, instance: Instance) -> None:
    files.environ["ALLOW_DB_PROVISION"] = "true"
    arguments = ("bootstrap", "-e", "dev", "--role", "pgtenant_admin")
    made = files.run(*arguments)
    assert made.code == 0, made.output
    files.settings = {
        "secrets": {"admin": "goldenpath/{env}/rds/provisioner"},
        "server": {"lock_timeout": "60s"},
    }
    write_shop(files)
    files.converge()
    _, done = while_rotated(files, instance, "pgtenant_admin", ["--admin"], *arguments)
    assert done.code == 0, done.output
    assert not done.json["changed"]
    admitted(files, stored(files, "rds/provisioner"))
