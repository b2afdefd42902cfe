"""A lock that a run does not get: the message names who has it, and a free run asks nobody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from support.instance import Instance
from support.project import Project, Result, password_of
from support.siege import SHOP, as_tenant, ask, standing

pytestmark = pytest.mark.slow

CLOSED = "GRANT CONNECT ON DATABASE shop TO PUBLIC"
OUTSIDE = "GRANT TEMPORARY ON DATABASE shop TO shop_reader"
INSIDE = "GRANT INSERT ON t TO shop_reader"


@pytest.fixture
def shop(project: Project, instance: Instance) -> Project:
    """Something to mend outside of the database and inside; whoever is blocked waits a second."""
    project.settings = {"server": {"lock_timeout": "1s", "connections": 2}}
    project.write(SHOP)
    project.converge()
    as_tenant(instance, "shop_user", "shop", "CREATE TABLE t ()")
    return project


@contextmanager
def in_the_way(instance: Instance, statement: str) -> Iterator[int]:
    """Keep the owner's transaction with a statement open; yields its pid."""
    with instance.connect(
        "shop_user",
        password_of("shop_user"),
        "shop",
        autocommit=False,
        application_name="night job",
    ) as owner:
        owner.execute(statement.encode())
        yield owner.info.backend_pid
        owner.rollback()


def blocked(project: Project) -> tuple[str, str]:
    result: Result = project.apply()
    assert result.code == 1, result.output
    assert "Traceback" not in result.err
    error = result.json["error"]
    return error["message"], error["hint"]


@pytest.mark.every_major
@pytest.mark.parametrize(("drift", "statement"), [(CLOSED, OUTSIDE), ("", INSIDE)])
def test_the_owner_in_the_way_is_named(
    shop: Project, instance: Instance, drift: str, statement: str
) -> None:
    """Once on the connection to the maintenance database, once on that to the tenant's."""
    if drift:
        as_tenant(instance, "shop_user", "shop", drift.encode())
    else:
        ask(instance, "REVOKE SELECT ON t FROM shop_reader", "shop")
    with in_the_way(instance, statement) as pid:
        message, hint = blocked(shop)
        assert f"in the way: pid {pid}, user shop_user, application night job" in message
        assert "database shop" in message
        assert f"pg_terminate_backend({pid})" in hint
        assert "GRANT pg_read_all_stats TO platform_admin" in hint
    assert standing(instance) == []
    shop.converge()


def test_who_may_see_more_is_told_more(shop: Project, instance: Instance) -> None:
    as_tenant(instance, "shop_user", "shop", CLOSED)
    instance.su("GRANT pg_read_all_stats TO platform_admin")
    with in_the_way(instance, OUTSIDE):
        message, hint = blocked(shop)
    instance.su("REVOKE pg_read_all_stats FROM platform_admin")
    assert re.search(r"database shop, since 2\S+Z, idle in transaction", message), message
    assert "pg_read_all_stats" not in hint


def test_a_lock_that_statement_timeout_ends(shop: Project, instance: Instance) -> None:
    shop.settings["server"] |= {"lock_timeout": "30s", "statement_timeout": "1s"}
    shop.write_settings()
    as_tenant(instance, "shop_user", "shop", CLOSED)
    with in_the_way(instance, OUTSIDE) as pid:
        message, _ = blocked(shop)
    assert f"pid {pid}, user shop_user" in message


@pytest.mark.every_major
def test_the_proof_of_authority_names_it_too(shop: Project, instance: Instance) -> None:
    """Before the first change, and never as a right that the admin lacks."""
    as_tenant(instance, "shop_user", "shop", CLOSED)
    with psycopg.connect(instance.superuser_conninfo("platform")) as dba:
        dba.execute("LOCK TABLE pg_auth_members IN EXCLUSIVE MODE")
        message, _ = blocked(shop)
        pid = dba.info.backend_pid
        dba.rollback()
    assert "may not carry out this plan" not in message
    assert f"in the way: pid {pid}, user rdsadmin" in message
    shop.converge()


def test_bootstrap_names_it_too(shop: Project, instance: Instance) -> None:
    with psycopg.connect(instance.superuser_conninfo("platform")) as dba:
        dba.execute("LOCK TABLE pg_shdescription IN EXCLUSIVE MODE")
        result = shop.run("bootstrap", "-e", "dev", "--format", "json")
        pid = dba.info.backend_pid
        dba.rollback()
    assert result.code == 1, result.output
    assert f"in the way: pid {pid}, user rdsadmin" in result.json["error"]["message"]
    assert shop.run("bootstrap", "-e", "dev").code == 0


def test_a_prepared_transaction_has_no_session(
    private_instance: Callable[..., Instance], tmp_path: Path
) -> None:
    instance = private_instance(settings={"max_prepared_transactions": "2"})
    project = Project(root=tmp_path, instance=instance)
    project.settings = {"server": {"lock_timeout": "1s"}}
    project.write(SHOP)
    project.converge()
    as_tenant(instance, "shop_user", "shop", CLOSED)
    as_tenant(instance, "shop_user", "shop", "BEGIN", OUTSIDE, "PREPARE TRANSACTION 'forgotten'")
    message, hint = blocked(project)
    assert "in the way: a prepared transaction" in message
    assert "pg_prepared_xacts" in hint
    as_tenant(instance, "shop_user", "shop", "ROLLBACK PREPARED 'forgotten'")
    project.converge()


def test_a_run_that_nobody_blocks_asks_nothing(shop: Project, instance: Instance) -> None:
    as_tenant(instance, "shop_user", "shop", CLOSED)
    shop.settings["server"]["lock_timeout"] = "30s"
    shop.write_settings()
    mark = instance.log_mark()
    shop.converge()
    assert "pg_blocking_pids" not in instance.log_since(mark)
