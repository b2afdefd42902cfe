"""`kill -9` in the middle of a statement leaves backends behind, and the next run gets through."""

from __future__ import annotations

from typing import Any

import pytest

from support import hygiene
from support.instance import Instance
from support.processes import APPLY, finish, holding, kill, start, until, until_waiting
from support.project import Project, password_of
from support.siege import can_log_in, standing, state

pytestmark = pytest.mark.slow

ENTRIES: dict[str, dict[str, Any]] = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "orders_ro": {"database_name": "orders", "username": "orders_ro", "access_level": "reader"},
    "billing": {"database_name": "billing", "username": "billing_user"},
}
DATABASES = ("orders", "billing")

NO_COMMENTS = "LOCK TABLE pg_shdescription IN EXCLUSIVE MODE"
NO_DATABASES = "LOCK TABLE pg_database IN EXCLUSIVE MODE"

LEFT = "SELECT pid FROM pg_stat_activity WHERE pid = ANY (%s)"
OF_A_RUN = (
    "SELECT a.pid FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
    " WHERE a.application_name = 'pgtenant' AND NOT l.granted AND NOT a.pid = ANY (%s)"
)
ASKING = (
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgtenant'"
    " AND query LIKE '%%advisory%%' AND NOT pid = ANY (%s)"
)


@pytest.mark.every_major
def test_killed_while_the_session_with_the_run_lock_waits(
    project: Project, instance: Instance
) -> None:
    """What holds it up stays: the next run gets the lock all the same, and waits there itself."""
    project.write(ENTRIES)
    with holding(instance, NO_COMMENTS) as superuser:
        first = start(project, *APPLY)
        left = until_waiting(instance, "COMMENT ON ROLE %", len(DATABASES))
        ((holder,),) = instance.su(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
        assert holder in left
        kill(first)
        second = start(project, *APPLY)
        until(instance, OF_A_RUN, [left], len(DATABASES))  # only with the run lock
        assert instance.su(LEFT, [left]) == []
        superuser.commit()
        (result,) = finish(second)
    _converged(project, instance, result.code, result.output)


@pytest.mark.every_major
@pytest.mark.parametrize("released", ["before the next run", "while the next run waits"])
def test_killed_in_create_database(project: Project, instance: Instance, released: str) -> None:
    """It commits by itself, after the death of who asked for it: the next run must not overtake."""
    before = hygiene.baseline(instance)
    project.write(ENTRIES)
    project.converge()
    alone = state(instance, *DATABASES)
    hygiene.clean(instance, *before)
    with holding(instance, NO_DATABASES) as superuser:
        first = start(project, *APPLY)
        left = until_waiting(instance, "CREATE DATABASE %", len(DATABASES))
        kill(first)
        if released == "before the next run":
            superuser.commit()
        second = start(project, *APPLY)
        if released == "while the next run waits":
            until(instance, ASKING, [left])
            superuser.commit()
        (result,) = finish(second)
    _converged(project, instance, result.code, result.output)
    assert state(instance, *DATABASES) == alone


@pytest.mark.every_major
def test_killed_behind_an_owners_open_transaction(project: Project, instance: Instance) -> None:
    """The session with the run lock idles, and goes at once; the other one has borrowed a role."""
    project.write(ENTRIES)
    project.converge()
    with instance.connect("orders_user", password_of("orders_user"), "orders") as owner:
        owner.execute("CREATE TABLE t ()")
        owner.execute("REVOKE ALL ON t FROM orders_ro")
        owner.execute("BEGIN")
        owner.execute("GRANT INSERT ON t TO orders_ro")
        first = start(project, *APPLY)
        left = until_waiting(instance, "GRANT %")
        kill(first)
        second = start(project, *APPLY)
        until(instance, OF_A_RUN, [left])
        assert instance.su(LEFT, [left]) == []
        owner.execute("ROLLBACK")
        (result,) = finish(second)
    _converged(project, instance, result.code, result.output)


def test_a_session_in_the_middle_of_a_change_is_waited_for(
    project: Project, instance: Instance
) -> None:
    project.write(ENTRIES)
    admin = instance.admin
    with instance.connect(
        admin.user, admin.password, admin.dbname, application_name="pgtenant"
    ) as orphan:
        orphan.execute("BEGIN")
        orphan.execute("CREATE ROLE half_made")
        refused = project.apply("--lock-timeout", "300ms")
        orphan.execute("ROLLBACK")
        pid = orphan.info.backend_pid
    assert refused.code == 1
    assert f"pid {pid}, user platform_admin" in refused.err
    assert "a run that was killed left it behind" in " ".join(refused.err.split())
    project.converge()


def test_a_tenant_can_not_pass_for_a_killed_run(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    project.converge()
    with instance.connect(
        "orders_user", password_of("orders_user"), "orders", application_name="pgtenant"
    ) as tenant:
        tenant.execute("BEGIN")
        tenant.execute("CREATE TABLE t ()")
        tenant.execute("SELECT pg_advisory_lock(%s)", [int.from_bytes(b"pgtenant", "big")])
        project.converge("--lock-timeout", "300ms")


def _converged(project: Project, instance: Instance, code: int, output: str) -> None:
    assert code == 0, output
    assert standing(instance) == []
    for entry in ENTRIES.values():
        assert can_log_in(instance, entry["username"], entry["database_name"])
    assert project.plan("--detailed-exitcode").code == 0
    assert project.run("audit", "verify", "-e", "dev").code == 0
