"""While a database is open for its dump: who gets in, what runs, and what a crash leaves."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from e2e.retire.shop import ROLES, in_place_of, retire
from e2e.retire.test_dump import STATE, closed, drop, dumps, forced
from support.instance import Instance
from support.processes import kill, start
from support.project import Project, password_of

pytestmark = pytest.mark.major(max=17)  # of the distributions only the demo's has a `pg_dump`

GUEST = """
GRANT CONNECT ON DATABASE shop TO bank_user;
GRANT SELECT, INSERT ON goods TO bank_user;
"""
FORCED = """
CREATE TABLE sec AS SELECT 1 AS id;
ALTER TABLE sec ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
"""
EVIL = """
CREATE FUNCTION evil(int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  IF current_database() LIKE 'pgtenant_proof%' THEN
    BEGIN
      {}
    EXCEPTION WHEN insufficient_privilege THEN
      NULL;
    END;
  END IF;
  RETURN $1;
END $$;
ALTER TABLE goods ADD CHECK (evil(id) = id);
"""
MADE = "SELECT rolname FROM pg_roles WHERE rolname ~ '^pgtenant_' ORDER BY 1"


def visit(project: Project, instance: Instance, query: str) -> str:
    """A shell command: the bank's application tries to do something in the shop."""
    where = instance.conninfo("bank_user", password_of("bank_user"), "shop")
    script = project.root / "visit.py"
    script.write_text(
        "import psycopg\n"
        f"with psycopg.connect({where!r}) as guest:\n"
        f"    guest.execute({query!r})\n"
        f"open({str(project.root / 'visited')!r}, 'w').close()\n"
    )
    return f"PGOPTIONS= {sys.executable} {script}"


def visited(project: Project) -> bool:
    return (project.root / "visited").exists()


@pytest.mark.parametrize("query", ["INSERT INTO goods VALUES (77)", "SELECT 1"])
def test_nobody_is_overlooked_who_came_and_went(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    closed(project, instance, GUEST)
    before = instance.su(STATE)
    late = f'"$real" "$@" || exit 1\n{visit(project, instance, query)}'
    in_place_of(project, instance, monkeypatch, pg_dump=late)
    done = drop(project)
    assert visited(project)
    assert done.code == 1, done.output
    assert "1 other session came into shop" in done.output
    assert instance.su(STATE) == before
    assert dumps(project) == []


def test_nobody_gets_in_while_it_is_restored(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed(project, instance, GUEST)
    attempt = visit(project, instance, "INSERT INTO goods VALUES (77)")
    late = f'{attempt} 2> {project.root / "refused"}\nexec "$real" "$@"'
    in_place_of(project, instance, monkeypatch, pg_restore=late)
    done = drop(project)
    assert done.code == 0, done.output
    assert not visited(project)
    assert "not currently accepting connections" in (project.root / "refused").read_text()
    assert instance.su(STATE) == []


@pytest.mark.parametrize(
    "deed",
    [
        "EXECUTE format('GRANT CONNECT ON DATABASE shop TO %I', session_user);",
        "SET LOCAL ROLE shop_user;",
        "EXECUTE format('GRANT shop_user TO %I', session_user);",
    ],
)
def test_what_is_restored_has_no_rights(project: Project, instance: Instance, deed: str) -> None:
    closed(project, instance, EVIL.replace("{}", deed))
    done = drop(project)
    assert done.code == 0, done.output
    assert instance.su(STATE) == []
    assert instance.su(MADE) == []


def test_what_is_restored_opens_nothing(project: Project, instance: Instance) -> None:
    """It takes over the login on which it runs; the database is closed all the same."""
    deed = "EXECUTE format('ALTER ROLE %I PASSWORD ''fake-known''', session_user);"
    closed(project, instance, EVIL.replace("{}", deed))
    before = instance.su(STATE)
    done = drop(project)
    assert done.code == 1, done.output
    assert instance.su(STATE) == before
    assert instance.su(MADE) == []
    assert dumps(project) == []
    assert retire(project, "disable", "--undo").code == 0


def died(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch, program: str = "pg_dump"
) -> None:
    """Have a run killed while a program of its dump works."""
    closed(project, instance, FORCED)
    with monkeypatch.context() as patched:
        in_place_of(project, instance, patched, **{program: "kill -9 $PPID"})
        to = project.root / "dumps"
        to.mkdir()
        flags = ("--stage", "drop", "--dump-to", str(to), "--confirm", "shop")
        ended = project.spawn("retire", "-e", "dev", "shop", *flags)
    assert ended.code == -9, ended.output


def test_a_window_that_stands_open_is_shown(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    died(project, instance, monkeypatch)
    drift = {d["role"]: d for d in project.plan().json["drift"] if not d["database"]}
    assert "was opened for a dump that did not end" in drift["shop_user"]["message"]
    assert "not forced on 1 of its tables" in drift["shop_user"]["message"]
    ((dumper,),) = instance.su(MADE)
    assert drift[dumper]["kind"] == "disabled"
    assert "was made to dump shop" in drift[dumper]["message"]
    assert retire(project, "disable", key="shop/dump").code == 64
    mended = retire(project, "disable")
    assert mended.code == 0, mended.output
    # What is there was not dropped, whatever the run that died has planned.
    doubts = [r["message"] for r in mended.json["records"] if r["status"] == "warning"]
    assert "is dropped" not in " ".join(doubts)
    assert forced(instance) == [("sec",)]
    assert instance.su(MADE) == []
    assert {d["role"] for d in project.plan().json["drift"]} == set(ROLES)


def test_its_login_was_dropped_by_hand(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    died(project, instance, monkeypatch)
    ((dumper,),) = instance.su(MADE)
    instance.su(f"DROP ROLE {dumper}")
    back = retire(project, "disable", "--undo")
    assert back.code == 0, back.output
    with project.tenant("shop_user", "shop") as owner:
        assert owner.execute("SELECT relname FROM pg_class WHERE relforcerowsecurity").fetchall()


def test_its_login_was_given_something(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can't be dropped: the database is closed all the same, and the login is no login."""
    died(project, instance, monkeypatch)
    ((dumper,),) = instance.su(MADE)
    with project.tenant("bank_user", "bank") as bank:
        bank.execute("CREATE TABLE bait ()")
        bank.execute(f"GRANT SELECT ON bait TO {dumper}".encode())
    mended = retire(project, "disable")
    assert mended.code == 0, mended.output
    assert forced(instance) == [("sec",)]
    assert instance.su("SELECT datallowconn FROM pg_database WHERE datname = 'shop'") == [(False,)]
    assert instance.su(f"SELECT rolcanlogin FROM pg_roles WHERE rolname = '{dumper}'") == [(False,)]
    done = drop(project)
    assert done.code == 0, done.output
    drift = project.plan().json["drift"]
    (note,) = [d for d in drift if d["role"] == dumper and not d["database"]]
    assert note["statement"] == f'DROP ROLE "{dumper}"'
    with project.tenant("bank_user", "bank") as bank:
        bank.execute("DROP TABLE bait")


@pytest.mark.slow
def test_a_dump_whose_run_is_dead_is_ended(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds a lock that is in the way of what is to be put back."""
    closed(project, instance, FORCED)
    script = project.root / "slow.py"
    script.write_text(
        "import os, psycopg, time\n"
        "session = psycopg.connect('')\n"
        "session.execute('LOCK TABLE sec IN ACCESS SHARE MODE')\n"
        f"open({str(project.root / 'locked')!r}, 'w').close()\n"
        "time.sleep(600)\n"
    )
    to = project.root / "dumps"
    to.mkdir()
    with monkeypatch.context() as patched:
        slow = f"echo $$ > {project.root / 'pid'}\nexec {sys.executable} {script}"
        in_place_of(project, instance, patched, pg_dump=slow)
        flags = ("--stage", "drop", "--dump-to", str(to), "--confirm", "shop")
        run = start(project, "retire", "-e", "dev", "shop", *flags)
        try:
            while run.poll() is None and not (project.root / "locked").exists():
                time.sleep(0.05)
            kill(run)
            mended = retire(project, "disable")
        finally:
            kill(run)
            os.kill(int((project.root / "pid").read_text()), signal.SIGKILL)
    assert mended.code == 0, mended.output
    assert ("end_session", "success") in {
        (r["action"], r["status"]) for r in mended.json["records"]
    }
    assert forced(instance) == [("sec",)]
    assert instance.su(MADE) == []


def test_a_disk_that_is_full(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed(project, instance, FORCED)
    before = instance.su(STATE)

    write = Path.write_text

    def full(path: Path, *arguments: str) -> int:
        if path.name.endswith(".after-restore.sql"):
            raise OSError(28, "No space left on device", str(path))
        return write(path, *arguments)

    monkeypatch.setattr(Path, "write_text", full)
    done = retire(project, "drop", "--dump-to", str(project.root), "--confirm", "shop")
    monkeypatch.undo()
    assert done.code == 1
    assert "No space left on device" in done.output
    assert "internal error" not in done.output
    assert instance.su(STATE) == before
    assert not list(project.root.glob("dev-shop-*"))
    assert ("dump_database", "error") in {(r["action"], r["status"]) for r in done.json["records"]}


def test_a_table_that_was_put_into_an_extension(project: Project, instance: Instance) -> None:
    """No dump holds it, and its owner could have put it there."""
    trusted = instance.su(
        "SELECT e.name FROM pg_available_extensions e JOIN pg_available_extension_versions v"
        " ON v.name = e.name WHERE v.trusted AND v.requires IS NULL AND e.name <> 'plpgsql'"
        " ORDER BY 1 LIMIT 1"
    )
    if not trusted:
        pytest.skip("there is no trusted extension here")
    ((name,),) = trusted
    hidden = f'CREATE EXTENSION "{name}"; CREATE TABLE kept AS SELECT generate_series(1, 9) n;'
    closed(project, instance, f'{hidden} ALTER EXTENSION "{name}" ADD TABLE kept')
    before = instance.su(STATE)
    done = drop(project)
    assert done.code == 1
    assert "table public.kept, which belongs to an extension: 9 rows, restored none" in done.output
    assert instance.su(STATE) == before


def test_where_the_admin_may_not_connect(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    acl = "SELECT unnest(datacl)::text FROM pg_database WHERE datname = 'shop' ORDER BY 1"
    closed(project, instance, f"{FORCED} REVOKE CONNECT ON DATABASE shop FROM platform_admin")
    before = instance.su(acl)
    with monkeypatch.context() as patched:
        in_place_of(project, instance, patched, pg_dump="exit 1")
        assert drop(project, "--allow-foreign").code == 1
    assert instance.su(acl) == before
    done = drop(project, "--allow-foreign")
    assert done.code == 0, done.output
    assert instance.su(STATE) == []


SETTING = "could not execute query: ERROR:  unrecognized configuration parameter"


@pytest.mark.parametrize(
    ("program", "script", "says"),
    [
        ("pg_dump", "exec sleep 600", "took more than 1 s"),
        (
            "pg_restore",
            f"echo 'pg_restore: error: {SETTING} \"transaction_timeout\"' >&2; kill -9 $$",
            "pg_restore",
        ),
    ],
)
def test_a_program_that_does_not_end_well(
    project: Project,
    instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    script: str,
    says: str,
) -> None:
    closed(project, instance, FORCED)
    before = instance.su(STATE)
    in_place_of(project, instance, monkeypatch, **{program: script})
    if program == "pg_dump":
        monkeypatch.setenv("PGTENANT_RETIRE_TIMEOUT", "1s")
    done = drop(project)
    assert done.code == 1
    assert says in done.output
    assert instance.su(STATE) == before
    assert dumps(project) == []
