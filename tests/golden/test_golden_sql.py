"""The SQL of representative plans, byte for byte.

`PGTENANT_UPDATE_GOLDEN=1` rewrites the files; read the difference like a DBA would.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pgtenant.catalog.model import Auth
from pgtenant.planning.desired import Desired
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import (
    DatabaseGrant,
    DefaultGrant,
    ObjectGrant,
    ObjectGroup,
    Observed,
    OwnGrant,
    Pairing,
    PublicSchema,
    Setting,
)
from pgtenant.planning.plan import make_plan
from pgtenant.planning.privileges import PUBLIC, ObjectKind
from pgtenant.planning.simulate import simulate
from pgtenant.planning.sql.script import psql_script
from unit.planning.examples import (
    ADMIN,
    EDITOR,
    READER,
    SCHEMA,
    crm,
    empty_server,
    provisioned,
    with_contents,
    with_database,
    with_role,
)

FILES = Path(__file__).parent / "sql"
TABLES = ("orders", 'Weird "name"', "x'; --")


def fresh(major: int) -> tuple[Observed, Desired]:
    return empty_server(major), crm()


def half_made() -> tuple[Observed, Desired]:
    """A run died right after `CREATE DATABASE`."""
    desired = crm()
    done = provisioned(desired)
    marker = Marker("dev", "crm", creating="crm")
    server = replace(empty_server(), roles={"crm_user": done.roles["crm_user"]})
    server = with_role(server, "crm_user", comment="Ask the CRM team.\n" + marker.text())
    acl = (
        *(DatabaseGrant(ADMIN, word, ADMIN) for word in ("CONNECT", "CREATE", "TEMPORARY")),
        *(DatabaseGrant(PUBLIC, word, ADMIN) for word in ("CONNECT", "TEMPORARY")),
    )
    return with_database(server, "crm", allow_connections=False, acl=acl), desired


def hostile() -> tuple[Observed, Desired]:
    """The owner closed its database to us and opened it to everybody else."""
    desired = crm()
    server = provisioned(desired)
    acl = (
        DatabaseGrant("crm_user", "CREATE", "crm_user"),
        DatabaseGrant("crm_ro", "CONNECT", "crm_user", grantable=True),
        DatabaseGrant(PUBLIC, "TEMPORARY", "crm_user"),
        DatabaseGrant(PUBLIC, "CONNECT", "crm_ro"),
        DatabaseGrant("crm_etl", "CONNECT", "crm_ro"),
    )
    return with_database(
        server,
        "crm",
        allow_connections=False,
        connection_limit=0,
        is_template=True,
        acl=acl,
        comment="It's \\ mine; --",
        contents=None,
    ), desired


def _tables(*grants: ObjectGrant) -> tuple[ObjectGroup, ...]:
    group = ObjectGroup(ObjectKind.TABLE, "Sales", TABLES, tuple(sorted(grants)))
    return (group,)


def level_down() -> tuple[Observed, Desired]:
    """`crm-etl` was an editor and becomes a reader."""
    server = provisioned(crm(EDITOR))
    words = ("DELETE", "INSERT", "SELECT", "UPDATE")
    grants = (ObjectGrant("crm_etl", word, "crm_user") for word in words)
    reads = ObjectGrant("crm_ro", "SELECT", "crm_user")
    return with_contents(server, groups=_tables(*grants, reads)), crm(READER)


def authoritative() -> tuple[Observed, Desired]:
    """Privileges beyond the catalog, passed on, are taken back."""
    server = provisioned(crm())
    editor = (ObjectGrant("crm_etl", word, "crm_user") for word in ("DELETE", "INSERT", "UPDATE"))
    groups = _tables(
        *editor,
        ObjectGrant("crm_etl", "SELECT", "crm_user", grantable=True, regranted=True),
        ObjectGrant("crm_ro", "SELECT", "crm_etl"),
        ObjectGrant("crm_ro", "TRUNCATE", "crm_user"),
    )
    contents = server.databases["crm"].contents
    assert contents is not None
    server = with_contents(
        server,
        groups=groups,
        defaults=(
            *contents.defaults,
            DefaultGrant("crm_ro", "", "function", "EXECUTE"),
            DefaultGrant("crm_ro", "Sales", "table", "INSERT"),
        ),
    )
    acl = server.databases["crm"].acl
    beyond = DatabaseGrant("crm_ro", "CREATE", "crm_user")
    server = with_database(server, "crm", acl=(*acl, beyond))
    server = with_role(server, "crm_ro", member_of=("crm_user",), revocable=("crm_user",))
    return server, crm(authoritative=True)


def undeclared() -> tuple[Observed, Desired]:
    """Databases that an application made itself, one of them with an unlikely name."""
    server = provisioned(crm())
    for name in ("crm_plugin_app", 'x"; drop role crm_user; --\n\\! ls'):
        acl = [DatabaseGrant(PUBLIC, word, "crm_user") for word in ("CONNECT", "TEMPORARY")]
        server = with_database(server, name, owner="crm_user", acl=tuple(acl))
    return server, crm()


def initial_schema() -> tuple[Observed, Desired]:
    """A new database with an extension, and a schema file that ends in a comment."""
    return empty_server(18), crm(members=(), extensions=("hstore",), initial_schema=SCHEMA)


def loan_restored() -> tuple[Observed, Desired]:
    """The admin had a membership of its own, and PUBLIC may create in the schema `public`."""
    server = with_role(provisioned(crm()), "crm_user", own_grant=OwnGrant(inherit=True, set=False))
    return with_contents(server, public=PublicSchema("crm_user", owned=True, open=True)), crm()


def iam() -> tuple[Observed, Desired]:
    """The owner logs in through IAM from now on; the editor is made so, the reader no longer is."""
    desired = crm()
    (database,) = desired.databases
    etl, ro = database.members
    database = replace(
        database,
        owner=replace(database.owner, auth=Auth.IAM),
        members=(replace(etl, auth=Auth.IAM), ro),
    )
    server = provisioned(desired, 15)
    server = replace(server, server=replace(server.server, iam=True))
    was = Marker("dev", "crm-ro", access_level=READER, auth=Auth.IAM).text()
    server = with_role(
        server, "crm_ro", member_of=("rds_iam",), revocable=("rds_iam",), rds_iam=True, comment=was
    )
    del server.roles["crm_etl"]  # type: ignore[attr-defined]  # simulated servers hold dicts
    return server, replace(desired, databases=(database,))


def own_databases() -> tuple[Observed, Desired]:
    """The maintenance database stands as `CREATE DATABASE` left it; template1 is not ours."""
    server = provisioned(crm())
    for name, owner in (("platform", ADMIN), ("template1", "rdsadmin")):
        acl = [DatabaseGrant(PUBLIC, word, owner) for word in ("CONNECT", "TEMPORARY")]
        server = with_database(server, name, owner=owner, acl=tuple(acl))
    return server, crm()


def alternating(major: int = 17) -> tuple[Observed, Desired]:
    """The owner and the reader get a second login each."""
    desired = crm()
    (database,) = desired.databases
    etl, ro = database.members
    database = replace(
        database,
        owner=replace(database.owner, alternates=True, connection_limit=40),
        members=(etl, replace(ro, alternates=True)),
    )
    return provisioned(desired, major), replace(desired, databases=(database,))


def alternate_mended() -> tuple[Observed, Desired]:
    """Its sessions started as themselves, and made something in two databases."""
    server, desired = alternating()
    server = simulate(server, make_plan(server, desired))
    there = server.roles["crm_user_b"].pairing
    assert there is not None
    mine = (
        Setting("", "search_path", 'app, "$user", "it\'s ""x"""'),
        Setting("crm", "statement_timeout", "5s"),
        Setting("", "log_statement", "none", settable=False),
    )
    server = with_role(server, "crm_user", pairing=Pairing(settings=mine))
    lost = Pairing(
        settings=(Setting("crm", "role", "none"),), owns=("crm", "crm_plugin"), holds=("", "crm")
    )
    server = with_role(server, "crm_user_b", pairing=lost, createdb=True)
    acl = (DatabaseGrant("crm_user", "CONNECT", "crm_user"),)
    return with_database(server, "crm_plugin", owner="crm_user", acl=acl), desired


def alternate_off() -> tuple[Observed, Desired]:
    """The same, and the catalog wants no second login any more."""
    server, _ = alternate_mended()
    return server, crm()


PLANS: dict[str, Callable[[], tuple[Observed, Desired]]] = {
    "fresh_15": lambda: fresh(15),
    "fresh_17": lambda: fresh(17),
    "half_made": half_made,
    "hostile": hostile,
    "level_down": level_down,
    "authoritative": authoritative,
    "undeclared": undeclared,
    "own_databases": own_databases,
    "initial_schema": initial_schema,
    "loan_restored": loan_restored,
    "iam": iam,
    "alternate_15": lambda: alternating(major=15),
    "alternate_17": alternating,
    "alternate_mended": alternate_mended,
    "alternate_off": alternate_off,
}


@pytest.mark.parametrize("name", PLANS)
def test_golden_sql(name: str) -> None:
    observed, desired = PLANS[name]()
    plan = make_plan(observed, desired)
    assert plan.blocked == ()
    text = psql_script(plan.groups, plan.lending, plan.maintenance_database)
    file = FILES / f"{name}.sql"
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in FILES.glob("*.sql")} == set(PLANS)
