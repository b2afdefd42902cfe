"""An owner that never stops changing what a run repairs, and two runs at once."""

from __future__ import annotations

import contextlib
import itertools
import subprocess
import threading
from collections.abc import Iterator, Sequence

import psycopg
import pytest

from pgtenant.postgres.lock import KEY
from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP, as_tenant, holds, memberships, standing

STORM = (
    "GRANT CONNECT ON DATABASE shop TO PUBLIC",
    "REVOKE CONNECT ON DATABASE shop FROM PUBLIC",
    "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM shop_reader",
    "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO shop_reader",
    "REVOKE ALL ON t FROM shop_reader",
    "GRANT INSERT ON t TO shop_reader",
)


OF_A_DBA = (
    "ALTER ROLE shop_user CONNECTION LIMIT 7",
    "ALTER ROLE shop_reader CREATEDB",
    "ALTER ROLE shop_user VALID UNTIL 'infinity'",
    "GRANT shop_user TO colleague",
    "GRANT colleague TO shop_reader",
    "ALTER ROLE shop_reader CONNECTION LIMIT 3",
    "REVOKE colleague FROM shop_reader",
    "REVOKE shop_user FROM colleague",
    "GRANT CONNECT ON DATABASE shop TO PUBLIC",
)
"""What a person with more rights than the admin does to the roles of a run, meaning well."""


@contextlib.contextmanager
def storm(
    instance: Instance,
    statements: Sequence[str],
    *,
    user: str = "shop_user",
    password: str = password_of("shop_user"),
) -> Iterator[list[int]]:
    """Repeat somebody's statements in sessions of their own; yields how many went through."""
    over = threading.Event()
    done: list[int] = []

    def rage() -> None:
        with instance.connect(user, password, "shop", sslmode="disable") as session:
            while not over.is_set():
                for statement in statements:
                    with contextlib.suppress(psycopg.DatabaseError):
                        session.execute(statement.encode())
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


@pytest.mark.every_major
def test_a_dba_who_never_stops_altering_roles_can_not_stop_a_run(
    project: Project, instance: Instance
) -> None:
    """Attributes, memberships, and the proof of authority, which borrows the same roles."""
    project.write(SHOP)
    project.converge()
    as_tenant(instance, "shop_user", "shop", "CREATE TABLE t ()")
    instance.su("CREATE ROLE colleague")
    server = instance.server
    mark = instance.log_mark()
    with (
        storm(instance, OF_A_DBA, user=server.superuser, password=server.superuser_password) as dba,
        storm(instance, STORM) as owner,
    ):
        for arguments in ((), ("--authoritative",), ("--dry-run",)) * 2:
            result = project.apply(*arguments)
            assert result.code == 0, result.output
    assert min(len(dba), len(owner)) > 50
    assert "tuple concurrently" in instance.log_since(mark)
    project.converge("--authoritative")
    assert standing(instance) == []
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.every_major
def test_workers_of_one_run_do_not_get_in_each_others_way(
    project: Project, instance: Instance
) -> None:
    """Roles of one database are members of the next one's: what is revoked belongs to another
    group, which changes the same roles at that moment."""
    names = [f"db{n}" for n in range(6)]
    project.settings = {"server": {"connections": 16}}
    project.write({n: {"database_name": n, "username": f"{n}_user"} for n in names})
    project.converge()
    admin = instance.admin
    for _ in range(3):
        with instance.connect(admin.user, admin.password, admin.dbname) as session:
            for one, other in itertools.combinations(names, 2):
                session.execute(f"GRANT {other}_user TO {one}_user".encode())
        for one in names:
            instance.su(f"ALTER ROLE {one}_user CONNECTION LIMIT 1".encode())
            instance.su(f"GRANT CONNECT ON DATABASE {one} TO PUBLIC".encode())
        mark = instance.log_mark()
        project.converge("--authoritative")
        log = instance.log_since(mark)
        assert not [m for m in memberships(instance) if m[1] in {f"{n}_user" for n in names}]
        assert "deadlock detected" not in log
        assert "tuple concurrently" not in log
    assert standing(instance) == []


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
    """PUBLIC may connect to a maintenance database that no run has closed, and lock it."""
    project.settings = {"server": {"lock_timeout": "1s"}}
    project.write(SHOP)
    project.converge()
    instance.su("GRANT CONNECT ON DATABASE platform TO PUBLIC")
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
