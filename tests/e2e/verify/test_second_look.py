"""What a statement alone does not tell, and what of many is tried."""

from __future__ import annotations

import pytest

from support.instance import Instance
from support.project import Project

from .shops import assert_isolated, attempts, verify


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
