"""The admin's own password."""

from __future__ import annotations

import pytest

from e2e.rotate.shop import admitted, in_order, refused, rotated, stored, write_shop
from pgtenant.rotation.stages import PREVIOUS
from support.project import Project


@pytest.mark.every_major
def test_the_admins_own(shop: Project) -> None:
    before = stored(shop, "rds/master")
    (done,) = rotated(shop, "--admin")
    assert (done["entry"], done["username"], done["state"]) == ("", "platform_admin", "rotated")
    in_order(shop, "rds/master")
    refused(shop, before)
    assert stored(shop, "rds/master", PREVIOUS) == before
    row = next(r for r in reversed(shop.audit_rows()) if r["action"] == "update_password")
    assert (row["username"], row["database"], row["status"]) == ("platform_admin", "", "success")


def test_it_is_due_like_others(files: Project) -> None:
    assert [one["state"] for one in rotated(files, "--admin", "--due")] == ["not_due"]


def test_a_delegated_admin(files: Project) -> None:
    files.environ["ALLOW_DB_PROVISION"] = "true"
    made = files.run("bootstrap", "-e", "dev", "--role", "pgtenant_admin")
    assert made.code == 0, made.output
    files.settings = {"secrets": {"admin": "goldenpath/{env}/rds/provisioner"}}
    write_shop(files)
    files.converge()
    rotated(files, "--admin")
    now = in_order(files, "rds/provisioner")
    assert now["username"] == "pgtenant_admin"
    rotated(files, "--all")
    in_order(files)
    admitted(files, stored(files, "rds/master"))
