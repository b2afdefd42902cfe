"""A verification touches nothing, fires nothing, and believes no tenant about another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from psycopg import sql

from support.instance import Instance
from support.oracle import changing, versions
from support.project import Project
from support.sockets import most_sessions

from .shops import ENTRIES, assert_isolated, attempts, verify

_TRAPS = (
    "CREATE TABLE public.fired (what text)",
    "GRANT INSERT ON public.fired TO PUBLIC",
    (
        "CREATE FUNCTION app.trap() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO public.fired VALUES (TG_OP); RETURN NULL; END $$"
    ),
    (
        "CREATE TRIGGER t AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON app.items"
        " FOR EACH STATEMENT EXECUTE FUNCTION app.trap()"
    ),
    (
        "CREATE FUNCTION app.lie() RETURNS int IMMUTABLE LANGUAGE plpgsql AS"
        " $$ BEGIN INSERT INTO public.fired VALUES ('default'); RETURN 1; END $$"
    ),
    "CREATE TABLE app.trapped (n int DEFAULT app.lie(), m int)",
)


@pytest.mark.every_major
def test_no_row_is_touched_and_no_trigger_fires(shops: Project, instance: Instance) -> None:
    with shops.tenant("orders_user", "orders") as owner:
        for statement in _TRAPS:
            owner.execute(statement)
    before = versions(instance, ["orders", "billing"])
    rows = "SELECT xmin, xmax, ctid, * FROM app.items"
    items = instance.su(rows, dbname="orders")
    mark = instance.log_mark()
    result = verify(shops)
    assert {a["target"] for a in attempts(result, "failed")} == {"public.fired"}
    assert instance.su("SELECT * FROM public.fired", dbname="orders") == []
    assert instance.su(rows, dbname="orders") == items
    assert versions(instance, ["orders", "billing"]) == before
    sent = changing(instance.log_since(mark))
    writes = [s for s in sent if s.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert writes
    assert all("pgtenant_verify" in s for s in writes)  # on tables that never commit
    assert not [s for s in sent if "DATABASE" in s]


def test_where_an_event_trigger_would_fire_the_catalogs_are_asked(
    shops: Project, instance: Instance
) -> None:
    for statement in (
        "CREATE TABLE public.fired (what text)",
        "GRANT INSERT ON public.fired TO PUBLIC",
        (
            "CREATE FUNCTION public.tripwire() RETURNS event_trigger LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO public.fired VALUES (TG_TAG); RAISE 'tripped'; END $$"
        ),
        "CREATE EVENT TRIGGER tripwire ON ddl_command_start EXECUTE FUNCTION public.tripwire()",
    ):
        instance.su(statement, dbname="orders")
    mark = instance.log_mark()
    result = verify(shops)
    assert attempts(result, "failed", "not_proven") == []
    made = [a for a in result.json["attempts"] if a["kind"] == "create_schema"]
    assert {(a["role"], a["how"]) for a in made if a["database"] == "orders"} == {
        ("orders_user", "catalog"),
        ("orders_editor", "catalog"),
        ("orders_reader", "catalog"),
    }
    assert "tripped" not in instance.log_since(mark)


@pytest.mark.major(min=17)
def test_a_refusal_that_the_owner_made_up_does_not_pass(shops: Project, instance: Instance) -> None:
    """`orders` is open to everyone, and a login trigger hides it."""
    instance.su("GRANT CONNECT ON DATABASE orders TO PUBLIC")
    for statement in (
        (
            "CREATE FUNCTION public.hide() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN"
            " IF session_user = 'billing_user' THEN"
            " RAISE 'permission denied' USING ERRCODE = '42501'; END IF; END $$"
        ),
        "CREATE EVENT TRIGGER hide ON login EXECUTE FUNCTION public.hide()",
        "ALTER EVENT TRIGGER hide ENABLE ALWAYS",
    ):
        instance.su(statement, dbname="orders")
    result = verify(shops)
    assert result.code == 1
    (seen,) = [a for a in attempts(result) if a["kind"] == "connect"]
    assert (seen["role"], seen["database"], seen["verdict"]) == (
        "billing_user",
        "orders",
        "not_proven",
    )
    assert "though the role holds CONNECT" in seen["said"]


def test_a_trap_in_an_open_database_gains_nothing(shops: Project, instance: Instance) -> None:
    """What a hostile owner planted runs with nobody else's rights."""
    with shops.tenant("orders_user", "orders") as owner:
        for statement in (
            "GRANT CONNECT ON DATABASE orders TO PUBLIC",
            "GRANT USAGE, CREATE ON SCHEMA app, public TO PUBLIC",
            (
                "CREATE FUNCTION app.rob() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN"
                " EXECUTE 'GRANT billing_user TO orders_user'; RETURN 1; EXCEPTION WHEN OTHERS THEN"
                " EXECUTE 'GRANT ALL ON DATABASE billing TO PUBLIC'; RETURN 1; END $$"
            ),
            "CREATE TABLE app.bait (n int DEFAULT app.rob())",
            "GRANT ALL ON ALL TABLES IN SCHEMA app TO PUBLIC",
            "CREATE FUNCTION app.current_database() RETURNS text LANGUAGE sql AS $$ SELECT '' $$",
            "ALTER DATABASE orders SET search_path = app, public",
            "ALTER DATABASE orders SET default_transaction_read_only = on",
        ):
            owner.execute(statement)
    result = verify(shops)
    failed = {(a["kind"], a["role"], a["database"]) for a in attempts(result, "failed")}
    assert ("connect", "billing_user", "orders") in failed
    assert ("create_table", "billing_user", "orders") in failed
    assert ("select", "billing_user", "orders") in failed
    powers = instance.su("SELECT has_database_privilege('orders_user', 'billing', 'CONNECT')")
    assert powers == [(False,)]


def test_a_tenant_that_ends_our_sessions_harms_itself_alone(shops: Project) -> None:
    with shops.tenant("orders_user", "orders") as owner:
        for statement in (
            (
                "CREATE FUNCTION app.bite() RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN"
                " PERFORM pg_terminate_backend(pg_backend_pid()); RETURN 1; END $$"
            ),
            "CREATE TABLE app.biting (n int, m int)",
            "GRANT REFERENCES ON app.biting TO orders_editor",  # so that its ACL is no other's
            "ALTER TABLE app.biting ALTER m SET DEFAULT app.bite()",
        ):
            owner.execute(statement)
    result = verify(shops)
    assert result.code == 1
    doubts = attempts(result, "not_proven")
    assert {a["role"] for a in doubts} == {"orders_editor", "orders_reader"}
    assert {a["database"] for a in doubts} == {"orders"}
    assert attempts(result, "failed") == []


@pytest.mark.parametrize("connections", [2, 3])
def test_the_connection_budget(project: Project, instance: Instance, connections: int) -> None:
    project.settings = {"server": {"connections": connections}}
    project.write(ENTRIES)
    project.converge()
    done = Event()
    with ThreadPoolExecutor(1) as pool:
        most = pool.submit(most_sessions, instance.port, done)
        try:
            assert_isolated(project)
        finally:
            done.set()
        assert 2 <= most.result() <= connections


@pytest.mark.every_major
def test_names_that_are_attacks_are_only_names(shops: Project, instance: Instance) -> None:
    """Whoever has CREATEDB names databases; a tenant's password must not follow such a name."""
    names = (
        "host=127.0.0.1 port=1 dbname=x",
        "postgresql://127.0.0.1:1/x",
        'it\'s \\ "quoted"; DROP ROLE billing_user; --',
        "%s {} \x1b[31m",
    )
    with shops.tenant("orders_user", "orders") as owner:
        for name in names:
            owner.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        owner.execute(
            sql.SQL("CREATE TABLE {} (n int)").format(sql.Identifier("app", names[2][:60]))
        )
    instance.su(sql.SQL("CREATE ROLE {}").format(sql.Identifier(names[2])))
    result = verify(shops)
    let_in = {
        (a["role"], a["database"]) for a in attempts(result, "failed") if a["kind"] == "connect"
    }
    assert let_in == {
        (role, name)
        for role in ("billing_user", "orders_editor", "orders_reader")
        for name in names
    }
    assert attempts(result, "not_proven") == []
    assert "\x1b" not in shops.run("verify", "-e", "dev").out
    shops.converge()
    assert_isolated(shops)
