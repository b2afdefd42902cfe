"""Before its first change a run proves that the admin can do all of them."""

from __future__ import annotations

import json
import re

import pytest
from psycopg import sql

from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP, as_tenant, can_log_in, state


def made_by_superuser(instance: Instance) -> None:
    """A role of ours that the admin has no ADMIN on, as after a restore or a move."""
    mark = json.dumps({"managed_by": "pgtenant", "environment": "dev", "entry": "shop"})
    instance.su(
        sql.SQL("CREATE ROLE shop_user LOGIN CREATEDB PASSWORD {}").format(
            sql.Literal(password_of("shop_user"))
        )
    )
    instance.su(sql.SQL("COMMENT ON ROLE shop_user IS {}").format(sql.Literal(mark)))


def cure(output: str) -> str:
    found = re.search(r"^ *(GRANT .*?);  -- as (.*)$", output, re.MULTILINE)
    assert found, output
    assert "superuser" in found[2]
    return found[1]


@pytest.mark.major(min=16)
@pytest.mark.every_major
def test_a_role_that_the_admin_may_not_lend_stops_the_run_before_its_first_change(
    project: Project, instance: Instance
) -> None:
    made_by_superuser(instance)
    project.write({"aaa": {"database_name": "aaa", "username": "aaa_user"}} | SHOP)
    before = state(instance)
    stopped = project.apply()
    assert stopped.code == 1
    assert state(instance) == before
    instance.su(cure(stopped.err).encode())
    project.converge()
    assert can_log_in(instance, "shop_user", "shop")
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.major(min=16)
@pytest.mark.every_major
def test_admin_through_a_chain_is_not_enough(project: Project, instance: Instance) -> None:
    """`pg_has_role` says yes, and GRANT fails with `no possible grantors`."""
    made_by_superuser(instance)
    instance.su("CREATE ROLE relay")
    instance.su("GRANT shop_user TO relay WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
    instance.su("GRANT relay TO platform_admin WITH ADMIN FALSE, INHERIT FALSE, SET TRUE")
    yes = "SELECT pg_has_role('platform_admin', 'shop_user', 'MEMBER WITH ADMIN OPTION')"
    assert instance.su(yes) == [(True,)]
    project.write(SHOP)
    before = state(instance)
    stopped = project.apply()
    assert stopped.code == 1
    assert state(instance) == before
    assert "relay" in stopped.err
    instance.su(cure(stopped.err).encode())
    project.converge()
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.parametrize("attribute", ["CREATEROLE", "CREATEDB"])
def test_an_admin_without_an_attribute_is_told_which(
    project: Project, instance: Instance, attribute: str
) -> None:
    instance.su(sql.SQL("ALTER ROLE platform_admin NO{}").format(sql.SQL(attribute)))
    project.write(SHOP)
    before = state(instance)
    stopped = project.apply()
    assert stopped.code == 1
    assert attribute in stopped.err
    assert state(instance) == before
    instance.su(sql.SQL("ALTER ROLE platform_admin {}").format(sql.SQL(attribute)))
    project.converge()


def test_a_plan_of_no_change_needs_no_authority(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    as_tenant(instance, "shop_user", "shop", "CREATE TABLE t ()")
    instance.su("ALTER ROLE platform_admin NOCREATEDB NOCREATEROLE")
    project.converge()
