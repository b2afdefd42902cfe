"""What a statement alone does not tell, and what of many is tried."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from support.instance import Instance
from support.oracle import nobody_connects
from support.project import Project

from .shops import ENTRIES, assert_isolated, attempts, verify


def test_a_default_that_calls_what_an_editor_may_not(shops: Project) -> None:
    """It holds `INSERT`, and with a value of its own the row goes in."""
    with shops.tenant("orders_user", "orders") as owner:
        for statement in (
            "CREATE FUNCTION app.next() RETURNS int LANGUAGE sql VOLATILE AS 'SELECT 1'",
            "REVOKE EXECUTE ON FUNCTION app.next() FROM PUBLIC",
            "ALTER TABLE app.items ALTER id SET DEFAULT app.next()",
        ):
            owner.execute(statement)
    result = assert_isolated(shops)
    (seen,) = [
        a
        for a in attempts(result, "passed")
        if (a["kind"], a["role"], a["how"]) == ("insert", "orders_editor", "catalog")
    ]
    assert "permission denied for function next" in seen["said"]
    with shops.tenant("orders_editor", "orders") as editor:
        editor.execute("INSERT INTO app.items VALUES (2)")


@pytest.mark.slow
def test_a_tenant_s_own_functions_leave_room_for_others(shops: Project, instance: Instance) -> None:
    instance.su(
        "DO $$ BEGIN FOR i IN 1..60 LOOP EXECUTE format('CREATE FUNCTION app.%s() RETURNS int"
        " LANGUAGE sql SECURITY DEFINER AS ''SELECT 1'''"
        ", CASE WHEN i <= 51 THEN 'z' ELSE 'a' END || i); EXECUTE format('ALTER FUNCTION app.%s()"
        " OWNER TO %s', CASE WHEN i <= 51 THEN 'z' ELSE 'a' END || i,"
        " CASE WHEN i <= 51 THEN 'billing_user' ELSE 'orders_user' END); END LOOP; END $$",
        dbname="orders",
    )
    result = verify(shops)
    for role in ("orders_user", "orders_editor", "orders_reader"):
        called = [a for a in attempts(result, "failed") if a["role"] == role]
        assert {a["kind"] for a in called} == {"execute"}
        assert len(called) == 50
    notes = {f["role"]: f["message"] for f in result.json["findings"] if f["kind"] == "sampled"}
    assert set(notes) == {"orders_user", "orders_editor", "orders_reader"}
    assert "tried 50 of 51 SECURITY DEFINER functions" in notes["orders_reader"]


def test_a_password_that_is_over_is_not_called_wrong(shops: Project, instance: Instance) -> None:
    instance.su("ALTER ROLE billing_user VALID UNTIL '2020-01-01'")
    doubts = attempts(verify(shops))
    assert {(a["role"], a["verdict"]) for a in doubts} == {("billing_user", "not_proven")}
    assert all("VALID UNTIL has passed" in a["said"] for a in doubts)


def test_a_session_of_a_role_that_was_dropped(shops: Project, instance: Instance) -> None:
    instance.su("CREATE ROLE human LOGIN PASSWORD 'fake-human'")
    instance.su("GRANT CONNECT ON DATABASE orders TO human")
    with instance.connect("human", "fake-human", "orders") as session:
        instance.su("REVOKE CONNECT ON DATABASE orders FROM human")
        instance.su("DROP ROLE human")
        (found,) = verify(shops).json["findings"]
        assert (found["kind"], found["pid"]) == ("stale_session", session.info.backend_pid)
        assert found["role"].startswith("unknown (OID=")
        assert found["executor"] == "a member of pg_signal_backend"
        instance.su("GRANT pg_signal_backend TO platform_admin")
        ended = shops.run("verify", "instance", "-e", "dev", "--terminate", "--yes")
        assert ended.code == 0, ended.output
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")


@pytest.mark.parametrize("command", [["verify"], ["verify", "instance"], ["report", "--verify"]])
def test_what_can_not_be_written_is_said_before_anything_is_tried(
    project: Project, tmp_path: Path, command: list[str]
) -> None:
    project.write(ENTRIES)
    path = tmp_path / "gone" / "x"
    with nobody_connects(project):
        result = project.run(*command, "-e", "dev", "--out", str(path))
    assert result.code == 64
    assert f"can't be written to {path}: its directory is not there" in result.err


def test_what_was_found_is_printed_though_the_record_is_lost(shops: Project) -> None:
    result = verify(shops, "--out", "/dev/full")
    assert result.code == 64
    assert "No space left on device" in result.err
    assert result.json["verdict"] == "passed"
    assert result.json["digest"] in result.err  # the log's
