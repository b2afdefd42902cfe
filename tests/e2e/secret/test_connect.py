"""psql with an entry's credentials: it ends as it would alone, and nobody reads them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from e2e.secret.psql import connect
from support.project import Project, password_of

ORDERS: dict[str, Any] = {"database_name": "orders", "username": "orders_user"}
WHO = "SELECT current_user, current_database(), ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"

# In place of psql: what it was given, and what it would do about a broken pipe.
SPY = """#!/bin/sh
IGNORED=$(sed -n 's/^SigIgn:[[:space:]]*//p' /proc/$$/status)
export IGNORED
exec {python} - "$@" <<'END'
import json, os, sys
said = {{"arguments": sys.argv[1:], "environ": dict(os.environ)}}
open({file!r}, "w").write(json.dumps(said))
sys.exit(3)
END
"""


@pytest.fixture
def orders(project: Project) -> Project:
    """A project with one entry, applied."""
    project.write({"orders": ORDERS})
    project.converge()
    return project


@pytest.mark.usefixtures("psql")
def test_it_is_the_application(orders: Project) -> None:
    done = connect(orders, "orders", "-XAt", "-c", WHO)
    assert (done.code, done.out, done.err) == (0, "orders_user|orders|t\n", "")


@pytest.mark.usefixtures("psql")
def test_libpqs_variables_lead_nowhere_else(orders: Project) -> None:
    orders.environ = {
        "PGHOST": "192.0.2.1",
        "PGHOSTADDR": "192.0.2.1",
        "PGSERVICE": "elsewhere",
        "PGOPTIONS": "-c role=postgres",
        "PGSSLMODE": "disable",
        "PGREQUIREAUTH": "none",
    }
    assert connect(orders, "orders", "-XAt", "-c", WHO).out == "orders_user|orders|t\n"


@pytest.mark.usefixtures("psql")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["-c", "SELECT 1"], 0),
        (["-c", "SELECT 1/0"], 1),
        (["--no-such-option"], 1),
        (["-d", "nowhere"], 2),
        (["-v", "ON_ERROR_STOP=1", "-f", "{script}"], 3),
    ],
)
def test_the_exit_code_is_psqls(
    orders: Project, arguments: list[str], code: int, tmp_path: Path
) -> None:
    script = tmp_path / "script.sql"
    script.write_text("SELECT 1/0;\n")
    given = [one.format(script=script) for one in arguments]
    assert connect(orders, "orders", "-X", *given).code == code


@pytest.mark.usefixtures("psql")
def test_a_wrong_password_asks_nobody(orders: Project) -> None:
    orders.instance.su("ALTER ROLE orders_user PASSWORD 'another'")
    done = connect(orders, "orders", "-X", "-c", "SELECT 1")
    assert done.code == 2
    assert "password authentication failed" in done.err
    assert password_of("orders_user") not in done.output


@pytest.mark.usefixtures("psql")
def test_ctrl_c_cancels_the_statement(orders: Project) -> None:
    """The signal reaches psql, which asks the server to cancel."""
    running = "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'"
    command = orders.command("connect", "-e", "dev", "orders")
    with subprocess.Popen(
        [*command, "--", "-X", "-c", "SELECT pg_sleep(600)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until = time.monotonic() + 60
        while orders.instance.su(running) != [(1,)]:
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    # Python would have died of it, and left the statement to the server.
    assert "canceling statement due to user request" in err
    assert process.returncode == 1


def test_the_password_is_in_the_environment_alone(
    orders: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spy(tmp_path, monkeypatch)
    done = connect(orders, "orders", "-c", "SELECT 'it''s'")
    assert (done.code, done.output) == (3, "")
    said = json.loads((tmp_path / "said").read_text())
    password = password_of("orders_user")
    assert said["arguments"] == ["--no-password", "-c", "SELECT 'it''s'"]
    holding = {name for name, value in said["environ"].items() if password in value}
    assert holding == {"PGPASSWORD"}
    given = {name: value for name, value in said["environ"].items() if name.startswith("PG")}
    assert given == {
        "PGHOST": orders.instance.host,
        "PGPORT": str(orders.instance.port),
        "PGUSER": "orders_user",
        "PGPASSWORD": password,
        "PGDATABASE": "orders",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": str(orders.instance.ca_file),
        "PGCONNECT_TIMEOUT": "10",
        "PGGSSENCMODE": "disable",
        "PGPASSFILE": "/dev/null",
    }
    # Python ignores SIGPIPE: psql would not notice that its pager or `head` has gone.
    assert not int(said["environ"]["IGNORED"], 16) & 1 << signal.SIGPIPE - 1


def spy(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = directory / "bin" / "psql"
    program.parent.mkdir()
    program.write_text(SPY.format(python=sys.executable, file=str(directory / "said")))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def test_without_psql(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({"orders": ORDERS})
    monkeypatch.setenv("PATH", str(tmp_path))
    done = project.run("connect", "-e", "dev", "orders")
    assert done.code == 1
    assert "there is no psql on the PATH" in done.err
    assert "postgresql-client" in done.err


def test_a_psql_that_is_none(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write({"orders": ORDERS})
    spy(tmp_path, monkeypatch)
    (tmp_path / "bin" / "psql").write_text("#!/nowhere/at/all\n")
    done = connect(project, "orders")
    assert done.code == 1
    assert "can't be run: No such file" in done.err
    assert password_of("orders_user") not in done.output


@pytest.mark.parametrize(
    ("key", "code", "complaint"),
    [("nobody", 64, "no entry nobody"), ("lost", 1, "goldenpath/dev/lost/postgres")],
)
def test_what_is_refused(
    project: Project,
    key: str,
    code: int,
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project.write({"orders": ORDERS, "lost": {"database_name": "lost", "username": "lost_user"}})
    project.secret_path("lost/postgres").unlink()
    spy(tmp_path, monkeypatch)
    done = project.run("connect", "-e", "dev", key)
    assert done.code == code
    assert complaint in done.err
    assert not (tmp_path / "said").exists()
