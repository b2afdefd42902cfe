"""Runs that between them send every statement of pgtenant's: a setup each, and a command."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pgtenant.postgres.lock import KEY
from support.faults.bench import Bench, quoted
from support.faults.shapes import SCHEMA
from support.project import password_of

_SHOP: Final[dict[str, dict[str, Any]]] = {
    "shop": {"database_name": "shop", "username": "shop_user"},
    "shop_rw": {"database_name": "shop", "username": "shop_editor", "access_level": "editor"},
    "shop_ro": {"database_name": "shop", "username": "shop_reader", "access_level": "reader"},
}
_TABLES: Final = SCHEMA + " CREATE TABLE public.orders (id serial, secret text);"
_APPLY: Final = ("apply", "-e", "dev")
_BOOTSTRAP: Final = ("bootstrap", "-e", "dev")
_RETIRE: Final = ("retire", "-e", "dev", "shop")


@dataclass(frozen=True, slots=True)
class Scenario:
    """A run to be hit.

    Attributes:
        title: what it does, for the report.
        setup: makes the state before it, on a clean bench.
        argv: the command.
        databases: whose insides are compared.
        code: how it ends without a fault.
        oldest: the first major that has it.
        without: faults that would take away what makes it.
        nameless: whether a run that can't look does not know the roles: no entry declares them,
            and nothing is left for another one to find.
    """

    title: str
    setup: Callable[[Bench], None]
    argv: tuple[str, ...] = _APPLY
    databases: tuple[str, ...] = ("shop", "platform")
    code: int = 0
    oldest: int = 15
    without: frozenset[str] = frozenset()
    nameless: bool = False


def _first(bench: Bench) -> None:
    project = bench.project
    (project.root / "schemas").mkdir()
    (project.root / "schemas" / "mine.sql").write_text(_TABLES)
    owner = _SHOP["shop"] | {"initial_schema": "mine.sql", "extensions": ["pgcrypto"]}
    project.write(_SHOP | {"shop": owner})


def _managed(bench: Bench, **markers: dict[str, Any]) -> None:
    """Make what a first apply makes, but without pgtenant."""
    bench.project.write(_SHOP)
    roles: list[str] = []
    for key, entry in _SHOP.items():
        user = str(entry["username"])
        marker = {"managed_by": "pgtenant", "environment": "dev", "entry": key}
        if "access_level" in entry:
            marker["access_level"] = str(entry["access_level"])
        marker |= markers.get(key, {})
        roles += [
            f"CREATE ROLE {user} LOGIN CREATEDB PASSWORD {quoted(password_of(user))}",
            f"COMMENT ON ROLE {user} IS {quoted(json.dumps(marker, separators=(',', ':')))}",
        ]
    bench.sql("platform", *roles, admin=True)
    marker = {"managed_by": "pgtenant", "environment": "dev", "entry": "shop"}
    bench.sql(
        "postgres",
        "CREATE DATABASE shop OWNER shop_user TEMPLATE template0",
        "REVOKE ALL ON DATABASE shop FROM PUBLIC",
        f"COMMENT ON DATABASE shop IS {quoted(json.dumps(marker, separators=(',', ':')))}",
        "SET ROLE shop_user",
        "GRANT CONNECT ON DATABASE shop TO platform_admin, shop_editor, shop_reader",
    )
    bench.sql(
        "shop",
        "SET ROLE shop_user",
        "CREATE TABLE orders (id serial, secret text)",
        "CREATE TABLE bills (id serial, secret text)",
        "CREATE SCHEMA reports",
    )


def _spoiled(bench: Bench) -> None:
    _managed(bench, shop_ro={"access_level": "editor"})
    bench.sql(
        "shop",
        "SET ROLE shop_user",
        "GRANT USAGE, CREATE ON SCHEMA public, reports TO shop_reader",
        "GRANT SELECT, INSERT, UPDATE ON orders TO shop_reader",
        "GRANT TRUNCATE, SELECT ON bills TO shop_editor WITH GRANT OPTION",
        "GRANT UPDATE ON SEQUENCE bills_id_seq TO shop_editor",
        "GRANT UPDATE (secret) ON bills TO shop_reader",
        "ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO shop_reader",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA reports GRANT SELECT ON TABLES TO shop_reader",
        "RESET ROLE",
        "SET ROLE shop_editor",
        "GRANT SELECT ON bills TO shop_reader",
    )
    bench.sql(
        "platform",
        "ALTER ROLE shop_editor CREATEROLE CONNECTION LIMIT 3 PASSWORD 'fake-other'",
        "ALTER ROLE shop_reader NOLOGIN",
        "GRANT shop_user TO shop_reader",
        admin=True,
    )
    own_grant = (
        "GRANT shop_user TO platform_admin WITH INHERIT FALSE, SET FALSE GRANTED BY platform_admin"
    )
    bench.sql(
        "postgres",
        *([own_grant] if bench.instance.major >= 16 else []),
        "ALTER ROLE shop_reader SET work_mem = '8MB'",
        "ALTER DATABASE shop SET lock_timeout = '1s'",
        "SET ROLE shop_user",
        "CREATE DATABASE extra",
        "GRANT CREATE ON DATABASE shop TO shop_editor",
        "GRANT CONNECT ON DATABASE shop TO PUBLIC",
        "COMMENT ON DATABASE shop IS NULL",
        "ALTER DATABASE shop CONNECTION LIMIT 7",
        "ALTER DATABASE shop ALLOW_CONNECTIONS false",
    )


def _tenants(bench: Bench) -> None:
    """Have tenants' tables without row security, and with a policy that lets all through."""
    _managed(bench)
    bench.project.write(_SHOP | {"shop": _SHOP["shop"] | {"tenancy": {}}})
    bench.sql(
        "shop",
        "SET ROLE shop_user",
        "CREATE SCHEMA tenant_a",
        "CREATE TABLE tenant_a.bare (tenant_id uuid PRIMARY KEY)",
        "CREATE TABLE tenant_a.weak (tenant_id uuid PRIMARY KEY)",
        "CREATE POLICY tenant_isolation ON tenant_a.weak USING (true)",
    )


def _unmarked(bench: Bench) -> None:
    bench.project.write(_SHOP)
    bench.sql(
        "platform",
        *(
            f"CREATE ROLE {entry['username']} LOGIN CREATEDB"
            f" PASSWORD {quoted(password_of(str(entry['username'])))}"
            for entry in _SHOP.values()
        ),
        "CREATE DATABASE shop",
        admin=True,
    )
    bench.sql("shop", "CREATE TABLE orders (id serial)", admin=True)


def _to_iam(bench: Bench) -> None:
    _managed(bench)
    _declare_iam(bench)
    _as_superuser(bench)


def _declare_iam(bench: Bench) -> None:
    new = {"database_name": "shop", "username": "shop_iam", "access_level": "reader", "auth": "iam"}
    bench.project.write({**_SHOP, "shop_ro": _SHOP["shop_ro"] | {"auth": "iam"}, "shop_iam": new})


def _as_superuser(bench: Bench) -> None:
    # From 16 on another admin would be taken into rds_iam along with the roles that it makes.
    server = bench.instance.server
    if bench.instance.major >= 16:
        bench.project.write_secret(
            "rds/master", server.superuser, server.superuser_password, "platform"
        )


def _from_iam(bench: Bench) -> None:
    _managed(bench, shop_ro={"auth": "iam"})
    bench.sql("postgres", "GRANT rds_iam TO shop_reader", "ALTER ROLE shop_reader PASSWORD NULL")
    _as_superuser(bench)


def _alternating(bench: Bench) -> None:
    """Have two entries get a second login, and one whose second login is in disorder."""
    _managed(bench)
    _second(bench, "shop_user", "shop")
    bench.sql(
        "platform",
        "ALTER ROLE shop_user_b RESET role",
        "ALTER ROLE shop_user_b SET work_mem = '8MB'",
        "REVOKE shop_user FROM shop_user_b",
        admin=True,
    )
    bench.sql("shop", "CREATE TABLE mine ()", "ALTER TABLE mine OWNER TO shop_user_b")
    bench.project.write({key: entry | {"rotation": "alternate"} for key, entry in _SHOP.items()})


def _single(bench: Bench) -> None:
    """Have a second login that is no longer wanted."""
    _managed(bench)
    _second(bench, "shop_user", "shop")
    bench.sql("shop", "CREATE TABLE mine ()", "ALTER TABLE mine OWNER TO shop_user_b")


def _second(bench: Bench, first: str, entry: str) -> None:
    marker = {"managed_by": "pgtenant", "environment": "dev", "entry": entry, "second_of": first}
    comment = quoted(json.dumps(marker, separators=(",", ":")))
    bench.sql(
        "platform",
        f"CREATE ROLE {first}_b LOGIN",
        f"GRANT {first} TO {first}_b",
        f"ALTER ROLE {first}_b SET role = {first}",
        f"COMMENT ON ROLE {first}_b IS {comment}",
        admin=True,
    )


def _delegated(bench: Bench) -> None:
    """Have the delegated admin made, as the run before an undo would have done."""
    _managed(bench)
    done = bench.runs.run(bench.project, *_BOOTSTRAP)
    assert done.code == 0, done.output
    secret = json.loads(bench.project.secret_path("rds/provisioner").read_text())
    marker = {"managed_by": "pgtenant", "environment": "dev", "entry": "late"}
    with bench.instance.connect("pgtenant_admin", secret["password"], "platform") as delegate:
        delegate.execute("CREATE ROLE late_user LOGIN")
        comment = quoted(json.dumps(marker, separators=(",", ":")))
        delegate.execute(f"COMMENT ON ROLE late_user IS {comment}".encode())


def _taken(bench: Bench) -> None:
    _managed(bench)
    bench.bystander("platform", f"SELECT pg_advisory_lock({KEY})")


def _left(bench: Bench) -> None:
    _managed(bench)
    bench.bystander("platform", "CREATE ROLE left_behind", as_run=True)


def _blocked(bench: Bench) -> None:
    _spoiled(bench)
    bench.project.settings["server"]["lock_timeout"] = "1s"
    bench.project.write_settings()
    bench.bystander("platform", "ALTER ROLE shop_editor CONNECTION LIMIT 5")


def _powerless(bench: Bench) -> None:
    _spoiled(bench)
    bench.sql(
        "postgres",
        "REVOKE shop_user FROM platform_admin GRANTED BY platform_admin",
        "REVOKE shop_user FROM platform_admin CASCADE",
        "REVOKE shop_editor, shop_reader FROM platform_admin",
    )


def _out_of_service(bench: Bench) -> None:
    """Have the shop disabled for years."""
    retired = {"at": "2020-02-02T02:02:02Z", "entry": "shop"}
    marks: dict[str, dict[str, Any]] = {key: {"retired": dict(retired)} for key in _SHOP}
    marks["shop"]["retired"]["database"] = "shop"
    _managed(bench, **marks)
    bench.sql(
        "postgres",
        *(f"ALTER ROLE {entry['username']} NOLOGIN" for entry in _SHOP.values()),
        "ALTER DATABASE shop ALLOW_CONNECTIONS false",
    )


def _to_be_dropped(bench: Bench) -> None:
    _out_of_service(bench)
    bench.project.write_catalog("application_databases = {}\n")
    bench.sql("platform", "CREATE DATABASE extra", admin=True)
    bench.sql("platform", "GRANT CONNECT ON DATABASE extra TO shop_reader", admin=True)
    bench.sql(
        "extra",
        "CREATE TABLE rates ()",
        "GRANT SELECT ON rates TO shop_user",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO shop_editor",
        admin=True,
    )


_OLD: Final = "retired_old_20200202"
_TEMPLATE: Final = "CREATE TABLE notes (tenant_id uuid PRIMARY KEY);"
_TENANTS: Final = _SHOP["shop"] | {"tenancy": {"template": "tenants"}}


def _tenanted(bench: Bench) -> None:
    """Have one tenant that was made by hand, and none from the template."""
    _managed(bench)
    template = bench.project.root / "schemas" / "tenants"
    template.mkdir(parents=True)
    (template / "1.sql").write_text(_TEMPLATE)
    bench.project.write(_SHOP | {"shop": _TENANTS})
    bench.sql(
        "shop",
        "SET ROLE shop_user",
        "CREATE SCHEMA tenant_old",
        "COMMENT ON SCHEMA tenant_old IS 'x'",
    )


def _retired_tenant(bench: Bench) -> None:
    _tenanted(bench)
    bench.sql(
        "shop",
        "SET ROLE shop_user",
        "CREATE TABLE tenant_old.notes (id int)",
        f"ALTER SCHEMA tenant_old RENAME TO {_OLD}",
        f"REVOKE ALL ON SCHEMA {_OLD} FROM shop_user",
    )


_RESTART: Final = frozenset({"restart"})

ALL: Final[dict[str, Scenario]] = {
    "first": Scenario("first apply: owner with schema and extension, editor, reader", _first),
    "mend": Scenario(
        "mending what people did (`--authoritative`)",
        _spoiled,
        (*_APPLY, "--authoritative"),
        databases=("shop", "platform", "extra"),
    ),
    "adopt": Scenario(
        "adopting what an older script made",
        _unmarked,
        ("adopt", "-e", "dev", "--all", "--take-ownership"),
    ),
    "iam": Scenario('to `auth = "iam"`', _to_iam),
    "password": Scenario('from `auth = "iam"` back to a password', _from_iam),
    "bootstrap": Scenario("bootstrap", _managed, _BOOTSTRAP),
    "undo": Scenario("bootstrap --undo", _delegated, (*_BOOTSTRAP, "--undo")),
    "taken": Scenario(
        "another run holds the instance",
        _taken,
        (*_APPLY, "--lock-timeout", "0s"),
        code=1,
        without=_RESTART,
    ),
    "left": Scenario(
        "a killed run's session is still at work",
        _left,
        (*_APPLY, "--lock-timeout", "0s"),
        code=1,
        without=_RESTART,
    ),
    "blocked": Scenario(
        "somebody else holds a lock",
        _blocked,
        (*_APPLY, "--authoritative"),
        databases=("platform",),
        code=1,
        without=_RESTART,
    ),
    "powerless": Scenario(
        "the admin may not",
        _powerless,
        (*_APPLY, "--authoritative"),
        databases=("platform",),
        code=1,
        oldest=16,
    ),
    "trusted": Scenario(
        "leaving fingerprints (`--trust-markers`)", _managed, (*_APPLY, "--trust-markers")
    ),
    "back": Scenario("retire --undo", _out_of_service, (*_RETIRE, "--stage", "disable", "--undo")),
    "drop": Scenario(
        "retire --stage drop",
        _to_be_dropped,
        (*_RETIRE, "--stage", "drop", "--no-backup", "--confirm", "shop"),
        databases=("platform", "extra"),
        nameless=True,
    ),
    "alternate": Scenario('to `rotation = "alternate"`, and mending a second login', _alternating),
    "single": Scenario('back to `rotation = "single"`', _single),
    "tenants": Scenario("putting tenants' tables behind row security", _tenants),
    "added": Scenario(
        "tenant add: one that is new, one that lacks the template",
        _tenanted,
        ("tenant", "add", "-e", "dev", "shop", "new", "old"),
    ),
    "retired": Scenario(
        "tenant retire", _tenanted, ("tenant", "retire", "-e", "dev", "shop", "old")
    ),
    "dropped": Scenario(
        "tenant drop",
        _retired_tenant,
        ("tenant", "drop", "-e", "dev", "shop", _OLD, "--confirm", _OLD),
    ),
}
