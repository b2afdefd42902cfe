"""The admin borrows owners' roles and is left with nothing, not even between transactions."""

from __future__ import annotations

import re

import pytest
from psycopg import sql

from support.instance import Instance
from support.project import Project
from support.siege import SHOP, as_tenant, holds, memberships, name, standing, watching

LOAN = re.compile(
    r'(?:statement|execute <unnamed>): (GRANT|REVOKE) "shop_user" (TO|FROM) "platform_admin"'
)

POWER = """
SELECT g.rolname::text, pg_has_role('platform_admin', g.oid, 'USAGE'),
       pg_has_role('platform_admin', g.oid, {set})
  FROM pg_roles g
 WHERE g.rolname <> 'platform_admin' AND g.rolname !~ '^pg_'
   AND (pg_has_role('platform_admin', g.oid, 'USAGE')
        OR pg_has_role('platform_admin', g.oid, {set}))
"""


def power(instance: Instance) -> sql.Composed:
    """What the admin could act as, through whatever chain."""
    return sql.SQL(POWER).format(set=sql.Literal("SET" if instance.major >= 16 else "MEMBER"))


def wound(instance: Instance) -> None:
    """Plant a difference that takes a loan to mend."""
    as_tenant(
        instance,
        "shop_user",
        "shop",
        "CREATE TABLE IF NOT EXISTS t ()",
        "REVOKE ALL ON t FROM shop_reader",
    )


@pytest.mark.every_major
def test_nobody_ever_sees_the_admin_as_a_member(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    with watching(instance, power(instance)) as seen:
        project.converge()
        wound(instance)
        project.converge()
    assert holds(instance, "shop_reader", "t", "SELECT", "shop")
    assert seen == set()
    assert standing(instance) == []


def test_a_failed_apply_leaves_no_membership(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    before = memberships(instance)
    wound(instance)
    # The lock makes the GRANT inside of a loan run into its time limit.
    project.settings = {"server": {"lock_timeout": "1s"}}
    project.write_settings()
    with (
        instance.connect(
            instance.server.superuser, instance.server.superuser_password, "shop", autocommit=False
        ) as blocker,
        watching(instance, power(instance)) as seen,
    ):
        blocker.execute("UPDATE pg_class SET relpages = relpages WHERE relname = 't'")
        failed = project.apply()
        blocker.rollback()
    assert failed.code == 1
    assert "lock" in failed.output
    assert seen == set()
    assert memberships(instance) == before


@pytest.mark.major(min=16)
@pytest.mark.every_major
def test_createrole_self_grant_leaves_nothing(project: Project, instance: Instance) -> None:
    instance.su("ALTER ROLE platform_admin SET createrole_self_grant = 'set, inherit'")
    project.write(SHOP)
    with watching(instance, power(instance)) as seen:
        project.converge()
    assert seen == set()
    assert standing(instance) == []


@pytest.mark.major(min=16)
@pytest.mark.parametrize("options", ["INHERIT TRUE, SET FALSE", "INHERIT FALSE, SET FALSE"])
def test_an_own_row_that_stood_before_is_put_back(
    project: Project, instance: Instance, options: str
) -> None:
    project.write(SHOP)
    project.converge()
    with instance.connect(
        instance.admin.user, instance.admin.password, instance.admin.dbname
    ) as admin:
        admin.execute(
            sql.SQL("GRANT shop_user TO platform_admin WITH {} GRANTED BY platform_admin").format(
                sql.SQL(options)
            )
        )
    before = memberships(instance)
    wound(instance)
    mark = instance.log_mark()
    project.converge()
    assert holds(instance, "shop_reader", "t", "SELECT", "shop")
    assert LOAN.search(instance.log_since(mark))
    assert memberships(instance) == before


@pytest.mark.every_major
def test_who_can_set_role_already_borrows_nothing(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    options = " WITH SET TRUE, INHERIT FALSE" if instance.major >= 16 else ""
    instance.su(sql.SQL("GRANT shop_user TO platform_admin") + sql.SQL(options))
    before = memberships(instance)
    wound(instance)
    mark = instance.log_mark()
    project.converge()
    assert holds(instance, "shop_reader", "t", "SELECT", "shop")
    assert not LOAN.search(instance.log_since(mark))
    assert memberships(instance) == before


@pytest.mark.every_major
def test_a_loan_never_carries_the_admin_into_rds_iam(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    instance.su("GRANT rds_iam TO shop_user")
    instance.su(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO PUBLIC").format(name("shop"))
    )  # a repair that has to borrow the role
    # From 16 on the admin's automatic ADMIN row leads there from the moment of that GRANT, and
    # pg_hba.conf's +rds_iam counts it; a run can only report it, and must add no way of its own.
    with watching(instance, power(instance)) as seen:
        project.converge()
    assert seen == set()
    assert standing(instance) == []
    drift = project.plan().json["drift"]
    assert any("member of rds_iam" in d["message"] and d["role"] == "shop_user" for d in drift)
    automatic = any("rds_iam through shop_user" in d["message"] for d in drift)
    assert automatic == (instance.major >= 16)


def test_a_standing_way_into_rds_iam_is_reported(project: Project, instance: Instance) -> None:
    instance.su("CREATE ROLE relay")
    instance.su("GRANT rds_iam TO relay")
    instance.su("GRANT relay TO platform_admin")
    project.write(SHOP)
    project.converge()
    drift = project.plan().json["drift"]
    assert any("rds_iam through relay" in d["message"] for d in drift)
