"""An initial schema runs once, also when a run loses its lock in the middle of it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import as_text
from support.instance import Instance
from support.processes import APPLY, finish, start, until_waiting
from support.project import Project, password_of
from support.siege import as_tenant, ask

BARE: dict[str, dict[str, Any]] = {"shop": {"database_name": "shop", "username": "shop_user"}}
ENTRIES: dict[str, dict[str, Any]] = {
    "shop": BARE["shop"] | {"initial_schema": "seed.sql"},
    "billing": {"database_name": "billing", "username": "billing_user"},
}
SEED = "LOCK TABLE public.gate; INSERT INTO public.seed VALUES (1);"

LOSE_THE_RUN_LOCK = """
SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE l.locktype = 'advisory' AND a.usename = 'platform_admin'
"""


@pytest.fixture
def shop(project: Project, instance: Instance) -> Project:
    """A database whose initial schema is due, and waits at a gate."""
    project.write(BARE)
    project.converge()
    as_tenant(
        instance,
        "shop_user",
        "shop",
        "CREATE TABLE public.gate ()",
        "CREATE TABLE public.seed (i int)",
    )
    (project.root / "schemas").mkdir()
    (project.root / "schemas" / "seed.sql").write_text(SEED)
    project.write(ENTRIES)
    return project


@pytest.mark.every_major
def test_a_run_that_lost_its_lock_is_still_at_it(shop: Project, instance: Instance) -> None:
    with psycopg.connect(instance.superuser_conninfo("shop")) as gate:
        gate.execute("LOCK TABLE public.gate")
        first = start(shop, *APPLY)
        until_waiting(instance, "LOCK TABLE%")
        assert instance.su(LOSE_THE_RUN_LOCK) == [(True,)]
        second = start(shop, *APPLY, "--no-fail-fast")
        until_waiting(instance, as_text(statements.lock_schema()))
        gate.commit()
        lost, overtaken = finish(first, second)
    assert lost.code == 1, lost.output
    assert overtaken.code == 1, overtaken.output
    error = overtaken.json["error"]
    assert "an initial schema has been run" in error["message"]
    assert "run again" in error["hint"]
    shop.converge()
    assert ask(instance, "SELECT i FROM public.seed", "shop") == [(1,)]
    done = [row for row in shop.audit_rows() if row["action"] == "apply_schema"]
    assert [row["status"] for row in done if row["run_id"] == overtaken.json["run_id"]] == ["error"]


def test_a_tenant_holds_up_itself_alone(shop: Project, instance: Instance) -> None:
    """The lock is in its own database, where it may lock what it likes."""
    shop.settings["server"] = {"lock_timeout": "1s"}
    shop.write(ENTRIES)
    with instance.connect("shop_user", password_of("shop_user"), "shop") as tenant:
        tenant.execute(as_text(statements.lock_schema()).replace("_xact", "").encode())
        refused = shop.apply("--no-fail-fast")
        pid = tenant.info.backend_pid
    assert refused.code == 1, refused.output
    assert f"in the way: pid {pid}, user shop_user" in refused.json["error"]["message"]
    assert instance.su("SELECT 1 FROM pg_database WHERE datname = 'billing'") == [(1,)]
    assert ask(instance, "SELECT i FROM public.seed", "shop") == []
    shop.converge()
    assert ask(instance, "SELECT i FROM public.seed", "shop") == [(1,)]


def test_an_extension_is_undone_by_the_run_that_lost_its_lock(
    shop: Project, instance: Instance
) -> None:
    """Before its commit it asks for the lock; until then PostgreSQL lets the next one wait."""
    shop.write({"shop": BARE["shop"] | {"extensions": ["hstore"]}})
    with psycopg.connect(instance.superuser_conninfo("shop")) as gate:
        gate.execute("LOCK TABLE pg_operator IN EXCLUSIVE MODE")
        first = start(shop, *APPLY)
        until_waiting(instance, "CREATE EXTENSION%")
        assert instance.su(LOSE_THE_RUN_LOCK) == [(True,)]
        second = start(shop, *APPLY)
        until_waiting(instance, "CREATE EXTENSION%", 2)
        gate.commit()
        lost, made = finish(first, second)
    assert lost.code == 1, lost.output
    assert "the run lock was lost" in lost.json["error"]["message"]
    assert made.code == 0, made.output
    assert ask(instance, "SELECT extname::text FROM pg_extension WHERE extname = 'hstore'", "shop")
