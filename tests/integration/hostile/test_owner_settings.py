"""Settings that an owner puts on its database or its role, to disturb whoever connects."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import psycopg
import pytest
from psycopg import sql

from pgtenant.planning.sql.render import Statement
from pgtenant.postgres.connect import Endpoint, Gate, Login
from pgtenant.postgres.execute import IneffectiveError, run
from pgtenant.postgres.options import Timeouts
from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP, as_tenant, ask, holds, name

NASTY: dict[str, tuple[str, int]] = {
    "local_preload_libraries": ("no_such_library", 15),
    "role": ("shop_user", 15),
    "session_authorization": ("shop_user", 15),
    "client_encoding": ("SQL_ASCII", 15),
    "statement_timeout": ("1", 15),
    "lock_timeout": ("1", 15),
    "transaction_timeout": ("1", 17),
    "idle_session_timeout": ("1", 15),
    "idle_in_transaction_session_timeout": ("1", 15),
    "client_connection_check_interval": ("1", 15),
    "default_transaction_read_only": ("on", 15),
    "default_transaction_isolation": ("serializable", 15),
    "default_transaction_deferrable": ("on", 15),
    "search_path": ("trap, public", 15),
    "standard_conforming_strings": ("off", 15),
    "client_min_messages": ("error", 15),
    "exit_on_error": ("on", 15),
    "bytea_output": ("escape", 15),
    "DateStyle": ("German", 15),
    "default_tablespace": ("no_such_tablespace", 15),
    "default_table_access_method": ("no_such_method", 15),
    "row_security": ("off", 15),
    "quote_all_identifiers": ("on", 15),
    "tcp_user_timeout": ("1", 15),
    "tcp_keepalives_idle": ("32767", 15),
    "tcp_keepalives_interval": ("32767", 15),
    "tcp_keepalives_count": ("127", 15),
    "createrole_self_grant": ("set, inherit", 16),
}


Owner = psycopg.Connection[tuple[Any, ...]]


def plant(owner: Owner, targets: tuple[str, ...], settings: dict[str, str]) -> dict[str, str]:
    """Set what the server lets the owner set, one statement each; return what it took."""
    taken: dict[str, str] = {}
    for setting, value in settings.items():
        for target in targets:
            text = sql.SQL("{} SET {} = {}").format(
                sql.SQL(target), name(setting), sql.Literal(value)
            )
            with contextlib.suppress(psycopg.errors.DatabaseError):
                owner.execute(text)
                taken[setting] = value
    return taken


def log_in(instance: Instance) -> Owner:
    return instance.connect("shop_user", password_of("shop_user"), "shop")


DATABASE = "ALTER DATABASE shop"
EVERYWHERE = (
    DATABASE,
    "ALTER ROLE shop_user",
    "ALTER ROLE shop_user IN DATABASE shop",
    "ALTER ROLE shop_user IN DATABASE platform",
)


def wound(instance: Instance) -> None:
    """Plant differences inside and outside of the database, a password among them."""
    ask(instance, "CREATE TABLE t ()", "shop")
    ask(instance, "ALTER TABLE t OWNER TO shop_user", "shop")
    ask(instance, "REVOKE ALL ON t FROM shop_reader", "shop")
    instance.su("GRANT CONNECT ON DATABASE shop TO PUBLIC")
    instance.su("ALTER ROLE shop_user PASSWORD 'drifted'")


def healed(instance: Instance) -> bool:
    open_to_public = instance.su(
        "SELECT FROM pg_database, aclexplode(datacl) a WHERE datname = 'shop' AND a.grantee = 0"
    )
    return not open_to_public and holds(instance, "shop_reader", "t", "SELECT", "shop")


@pytest.mark.every_major
def test_settings_of_the_owner_change_nothing_about_a_run(
    project: Project, instance: Instance, pg_major: int
) -> None:
    project.write(SHOP)
    project.converge()
    settings = {name: value for name, (value, since) in NASTY.items() if pg_major >= since}
    with log_in(instance) as owner:
        wound(instance)
        taken = plant(owner, EVERYWHERE, settings)
    assert {"local_preload_libraries", "statement_timeout", "client_min_messages"} <= set(taken)
    assert project.plan("--detailed-exitcode").code == 2
    applied = project.converge()
    assert healed(instance)
    assert "update_password" in {r["action"] for r in applied.json["records"]}
    after = project.plan("--detailed-exitcode")
    assert after.code == 0, after.output
    assert after.json["changes"] == []
    reported = " ".join(d["message"] for d in after.json["drift"])
    assert {setting for setting in taken if setting not in reported} == set()


def _twisted(row: tuple[Any, ...]) -> str | None:
    """A value of the setting's type that nobody would want, or None for those left alone."""
    _, kind, minimum, maximum, choices, default = row
    match kind:
        case "bool":
            return "off" if default == "on" else "on"
        case "integer" | "real":
            return str(minimum if default != minimum else maximum)
        case "enum":
            return next((c for c in reversed(choices) if c != default), None)
        case _:
            return "nonsense"


@pytest.mark.every_major
def test_no_setting_that_an_owner_may_choose_disturbs_a_run(
    project: Project, instance: Instance
) -> None:
    project.write(SHOP)
    project.converge()
    rows = instance.su(
        "SELECT name, vartype, min_val, max_val, enumvals, boot_val FROM pg_settings"
        " WHERE context = 'user' ORDER BY name"
    )
    values = {row[0]: _twisted(row) for row in rows}
    wanted = {setting: value for setting, value in values.items() if value is not None}
    with log_in(instance) as owner:
        wound(instance)
        taken = plant(owner, EVERYWHERE[:2], wanted)
    assert len(taken) > 100
    project.converge()
    assert healed(instance)
    assert project.plan("--detailed-exitcode").code == 0


def test_an_encoding_that_the_owner_sets_does_not_garble_names(
    project: Project, instance: Instance
) -> None:
    project.write(SHOP)
    project.converge()
    for encoding in ("SQL_ASCII", "LATIN1", "EUC_JP"):
        as_tenant(
            instance,
            "shop_user",
            "shop",
            sql.SQL("ALTER DATABASE shop SET client_encoding = {}").format(sql.Literal(encoding)),
            sql.SQL("CREATE TABLE {} ()").format(name(f"kaffee_ü_日_{encoding}")),
            sql.SQL("REVOKE ALL ON {} FROM shop_reader").format(name(f"kaffee_ü_日_{encoding}")),
            client_encoding="utf8",
        )
        project.converge()
        table = f'"kaffee_ü_日_{encoding}"'
        assert holds(instance, "shop_reader", table, "SELECT", "shop")


@pytest.mark.every_major
def test_an_owner_can_not_hide_that_a_grant_did_nothing(
    project: Project, instance: Instance
) -> None:
    """`client_min_messages = error` would swallow the warnings 01006 and 01007."""
    project.write(SHOP)
    project.converge()
    as_tenant(instance, "shop_user", "shop", "CREATE TABLE t ()")
    ask(instance, "ALTER TABLE t OWNER TO rdsadmin", "shop")
    ask(instance, "REVOKE ALL ON t FROM shop_reader", "shop")
    ask(instance, "GRANT SELECT ON t TO shop_user", "shop")
    with log_in(instance) as owner:
        plant(owner, (DATABASE,), {"client_min_messages": "error"})
    grant = Statement(sql.SQL("GRANT SELECT ON public.t TO shop_reader"))
    with pytest.raises(IneffectiveError, match="no privileges were granted") as caught:
        asyncio.run(_run_as_owner(instance, grant))
    assert "GRANT SELECT ON public.t" in caught.value.message
    assert not holds(instance, "shop_reader", "t", "SELECT", "shop")


async def _run_as_owner(instance: Instance, statement: Statement) -> None:
    endpoint = Endpoint(
        host=instance.host,
        port=instance.port,
        sslmode="verify-full",
        sslrootcert=str(instance.ca_file),
        timeouts=Timeouts(connect=10, lock=5, statement=30),
    )
    gate = Gate.of(endpoint, 2).knowing(instance.major)
    async with gate.open(Login("shop_user", password_of("shop_user")), "shop") as connection:
        await run(connection, [statement], transactional=True, doing="granting")
