"""One run at a time for each instance."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from support.instance import Instance
from support.oracle import sent
from support.project import Project

ENTRIES = {"orders": {"database_name": "orders", "username": "orders_user"}}
LOCK = "SELECT pg_advisory_lock(%s)"
KEY = [int.from_bytes(b"pgtenant", "big", signed=True)]


def test_says_who_holds_it(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    admin = instance.admin
    with instance.connect(admin.user, admin.password, admin.dbname) as holder:
        holder.execute(LOCK, KEY)
        refused = project.apply("--lock-timeout", "300ms")
        pid = holder.info.backend_pid
    assert refused.code == 1
    who = re.search(r"pid (\d+), user (\w+), host (\S+), since (\S+)", refused.err)
    assert who is not None
    assert (int(who[1]), who[2]) == (pid, "platform_admin")
    assert who[3].rstrip(",") in {"127.0.0.1/32", "::1/128", "127.0.0.1", "::1"}
    assert who[4].startswith("20")
    assert "interference" not in refused.err
    project.converge()


def test_a_foreign_holder_is_interference(project: Project) -> None:
    project.write(ENTRIES)
    project.converge()
    project.instance.su("GRANT CONNECT ON DATABASE platform TO PUBLIC")
    with project.tenant("orders_user", "platform") as tenant:
        tenant.execute(LOCK, KEY)
        refused = project.apply("--lock-timeout", "300ms")
    assert refused.code == 1
    assert "interference" in refused.err
    assert "orders_user" in refused.err
    assert "PUBLIC" in refused.err


def test_a_second_run_waits(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    admin = instance.admin
    with instance.connect(admin.user, admin.password, admin.dbname) as holder:
        holder.execute(LOCK, KEY)
        release = threading.Timer(1.0, lambda: holder.execute("SELECT pg_advisory_unlock_all()"))
        release.start()
        mark = instance.log_mark()
        assert project.apply("--lock-timeout", "20s").code == 0
        release.join()
    tried = [s for s in sent(instance.log_since(mark)) if "pg_try_advisory_lock" in s]
    assert len(tried) > 1


def test_plan_and_dry_run_wait_for_nobody(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    admin = instance.admin
    with instance.connect(admin.user, admin.password, admin.dbname) as holder:
        holder.execute(LOCK, KEY)
        assert project.plan().code == 0
        assert project.apply("--dry-run").code == 0


def test_two_runs_at_once(project: Project) -> None:
    project.write(ENTRIES)
    apply = ("apply", "-e", "dev", "--format", "json")
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: project.spawn(*apply), range(2)))
    assert [result.code for result in results] == [0, 0], [r.output for r in results]
    assert sorted(r.json["summary"]["no_change"] for r in results) == [0, 1]
    assert len({row["run_id"] for row in project.audit_rows()}) == 2


@pytest.mark.parametrize(
    "command", [("adopt", "--all"), ("bootstrap",), ("bootstrap", "--undo")], ids=" ".join
)
def test_every_command_that_changes_a_server_takes_it(
    project: Project, instance: Instance, command: tuple[str, ...]
) -> None:
    project.write(ENTRIES)
    project.converge()
    assert project.run("bootstrap", "-e", "dev").code == 0
    admin = instance.admin
    arguments = (*command, "-e", "dev", "--lock-timeout", "300ms")
    with instance.connect(admin.user, admin.password, admin.dbname) as holder:
        holder.execute(LOCK, KEY)
        refused = project.run(*arguments)
        pid = holder.info.backend_pid
    assert refused.code == 1
    assert f"pid {pid}, user platform_admin" in refused.err
    done = project.run(*arguments)
    assert done.code == 0, done.output
