"""An owner that never stops changing what a run repairs, and two runs at once."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator, Sequence

import psycopg
import pytest

from pgtenant.postgres.lock import KEY
from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP, as_tenant, holds, standing

STORM = (
    "GRANT CONNECT ON DATABASE shop TO PUBLIC",
    "REVOKE CONNECT ON DATABASE shop FROM PUBLIC",
    "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM shop_reader",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO shop_reader",
    "REVOKE ALL ON t FROM shop_reader",
    "GRANT INSERT ON t TO shop_reader",
)


@contextlib.contextmanager
def storm(instance: Instance, statements: Sequence[str]) -> Iterator[list[int]]:
    """Repeat the owner's statements in sessions of their own; yields how many went through."""
    over = threading.Event()
    done: list[int] = []

    def rage() -> None:
        with instance.connect(
            "shop_user", password_of("shop_user"), "shop", sslmode="disable"
        ) as owner:
            while not over.is_set():
                for statement in statements:
                    with contextlib.suppress(psycopg.DatabaseError):
                        owner.execute(statement.encode())
                        done.append(1)

    threads = [threading.Thread(target=rage) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_an_owner_that_loops_grants_can_not_stop_a_run(
    project: Project, instance: Instance
) -> None:
    project.write(SHOP)
    project.converge()
    as_tenant(instance, "shop_user", "shop", "CREATE TABLE t ()")
    mark = instance.log_mark()
    with storm(instance, STORM) as done:
        for _ in range(6):
            result = project.apply()
            assert result.code == 0, result.output
    assert len(done) > 100
    assert "tuple concurrently" in instance.log_since(mark)
    project.converge()
    assert standing(instance) == []
    assert holds(instance, "shop_reader", "t", "SELECT", "shop")
    assert project.plan("--detailed-exitcode").code == 0


def test_a_second_run_waits_for_the_first(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    with instance.connect(
        instance.server.superuser, instance.server.superuser_password, "platform"
    ) as other:
        # Hold the first run inside of its transaction: nobody can write a role's comment.
        other.execute("BEGIN; LOCK TABLE pg_shdescription IN EXCLUSIVE MODE")
        runs = [
            subprocess.Popen(
                project.command("apply", "-e", "dev", "--format", "json"),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        _until_both_wait(other)
        other.execute("COMMIT")
        outputs = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    created = [out.count('"create_database"') for out, _ in outputs]
    assert sorted(created) == [0, 1]


def _until_both_wait(other: psycopg.Connection[tuple[object, ...]]) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'pgtenant' AND usename = 'platform_admin'"
        " AND (wait_event_type = 'Lock' OR query LIKE '%pg_try_advisory_lock%')"
    )
    for _ in range(1500):
        row = other.execute(query).fetchone()
        other.execute("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()")
        if row and row[0] == 2:
            return
    pytest.fail("the runs did not meet")


def test_a_tenant_that_takes_the_run_lock_is_named(project: Project, instance: Instance) -> None:
    """PUBLIC may connect to the maintenance database of most servers, and lock what it likes."""
    project.settings = {"server": {"lock_timeout": "1s"}}
    project.write(SHOP)
    project.converge()
    with instance.connect("shop_user", password_of("shop_user"), "platform") as tenant:
        tenant.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        held = project.apply()
    assert held.code == 1
    assert "user shop_user" in held.err
    assert "interference" in held.err
    project.converge()


def test_a_tenant_that_holds_its_own_rows_is_waited_for_only_so_long(
    project: Project, instance: Instance
) -> None:
    project.settings = {"server": {"lock_timeout": "1s"}}
    project.write(SHOP)
    project.converge()
    as_tenant(instance, "shop_user", "shop", "GRANT CONNECT ON DATABASE shop TO PUBLIC")
    with instance.connect(
        "shop_user", password_of("shop_user"), "shop", autocommit=False
    ) as tenant:
        tenant.execute("GRANT TEMPORARY ON DATABASE shop TO shop_reader")
        held = project.apply()
        tenant.rollback()
    assert held.code == 1
    assert "lock" in held.json["error"]["message"]
    assert standing(instance) == []
    project.converge()
