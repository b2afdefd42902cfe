"""Levels, memory and drift, one example each."""

from __future__ import annotations

from dataclasses import replace

import pytest
from psycopg import sql

from pgtenant.planning.changes import MarkRole, RevokeDatabase, RevokeDefault, RevokeObjects, Risk
from pgtenant.planning.findings import DriftKind
from pgtenant.planning.marker import Marker, parse
from pgtenant.planning.observed import (
    Contents,
    Database,
    DatabaseGrant,
    DefaultGrant,
    ForeignObject,
    ObjectGrant,
    ObjectGroup,
    Observed,
    PasswordState,
    Role,
)
from pgtenant.planning.plan import make_plan
from pgtenant.planning.privileges import PUBLIC, ObjectKind
from pgtenant.planning.simulate import RefusedError, simulate
from pgtenant.planning.sql.script import psql_script
from pgtenant.planning.sql.text import as_text
from unit.planning.examples import (
    EDITOR,
    READER,
    SCHEMA,
    crm,
    empty_server,
    kinds,
    provisioned,
    with_contents,
    with_database,
    with_role,
)

WRITES = ("DELETE", "INSERT", "UPDATE")


def orders(*grants: ObjectGrant) -> tuple[ObjectGroup, ...]:
    reader = ObjectGrant("crm_ro", "SELECT", "crm_user")
    both = tuple(sorted({*grants, reader}))
    return (ObjectGroup(ObjectKind.TABLE, "public", ("orders",), both),)


def editors_orders() -> tuple[ObjectGroup, ...]:
    return orders(*(ObjectGrant("crm_etl", word, "crm_user") for word in ("SELECT", *WRITES)))


def contents_of(observed: Observed) -> Contents:
    contents = observed.databases["crm"].contents
    assert contents is not None
    return contents


def drift_of(observed: Observed, kind: DriftKind, **catalog: object) -> list[str]:
    plan = make_plan(observed, crm(**catalog))  # type: ignore[arg-type]
    return [d.message for d in plan.drift if d.kind is kind]


def test_a_level_that_falls_revokes_exactly_the_difference() -> None:
    server = with_contents(provisioned(crm(EDITOR)), groups=editors_orders())
    plan = make_plan(server, crm(READER))
    revokes = [c for c in plan.changes if not isinstance(c, MarkRole)]
    assert {c.risk for c in revokes} == {Risk.REVOKE}
    found = {(c.kind, c.object_kind, c.privileges) for c in revokes}  # type: ignore[union-attr]
    assert found == {
        ("revoke_objects", "table", WRITES),
        ("revoke_default", "table", WRITES),
        ("revoke_default", "sequence", ("USAGE",)),
    }
    assert kinds(plan)[-1] == "mark_role"
    assert plan.drift == ()


def test_a_hand_made_excess_is_drift_unless_authoritative() -> None:
    server = with_contents(
        provisioned(crm(READER)),
        groups=editors_orders(),
        defaults=(
            *contents_of(provisioned(crm(READER))).defaults,
            DefaultGrant("crm_etl", "", "table", "INSERT"),
        ),
    )
    plan = make_plan(server, crm(READER))
    assert plan.changes == ()
    assert {d.kind for d in plan.drift} == {DriftKind.PRIVILEGE, DriftKind.DEFAULT_PRIVILEGE}
    strict = make_plan(server, crm(READER, authoritative=True))
    assert {type(c) for c in strict.changes} == {RevokeObjects, RevokeDefault}


def test_a_secret_that_leads_elsewhere_is_drift_before_and_after_the_role_is_there() -> None:
    catalog = crm(READER)
    [secret] = {role.secret for role in catalog.roles if role.name == "crm_etl"}
    for server in (empty_server(), provisioned(catalog)):
        plan = make_plan(replace(server, elsewhere=frozenset({secret})), catalog)
        [note] = [d for d in plan.drift if d.kind is DriftKind.SECRET]
        assert (note.role, note.statement) == ("crm_etl", "")
        assert secret in note.message
        assert plan.changes == make_plan(server, catalog).changes


def level(observed: Observed, role: str = "crm_etl") -> object:
    marker = observed.roles[role].marker
    return marker and marker.access_level


def test_a_rising_level_is_noted_before_it_is_granted() -> None:
    """A run that dies after the grants must leave a marker that knows of them."""
    plan = make_plan(provisioned(crm(READER)), crm(EDITOR))
    first = plan.changes[0]
    assert isinstance(first, MarkRole)
    marker = parse(first.after)
    assert marker is not None
    assert marker.access_level is EDITOR


def test_a_level_is_not_noted_where_nobody_could_look() -> None:
    """The owner closed the database: nothing was revoked, so the old level stays noted."""
    server = with_contents(provisioned(crm(EDITOR)), groups=editors_orders())
    contents = server.databases["crm"].contents
    shut = with_database(server, "crm", allow_connections=False, contents=None)
    plan = make_plan(shut, crm(READER))
    assert plan.incomplete == ("crm",)
    opened = simulate(shut, plan)
    assert level(opened) is EDITOR
    again = make_plan(with_database(opened, "crm", contents=contents), crm(READER))
    assert "revoke_objects" in kinds(again)


def test_the_level_of_an_adopted_member_is_noted() -> None:
    server = with_role(provisioned(crm()), "crm_etl", comment=Marker("dev", "crm-etl").text())
    assert level(simulate(server, make_plan(server, crm()))) is EDITOR


def test_an_initial_schema_runs_again_in_a_database_made_again() -> None:
    desired = crm(initial_schema=SCHEMA)
    server = provisioned(desired)
    gone = replace(server, databases={"platform": server.databases["platform"]})
    plan = make_plan(gone, desired)
    assert kinds(plan).count("apply_schema") == 1
    assert drift_of(gone, DriftKind.MISSING_DATABASE)
    # The run dies after the database was handed over.
    died = simulate(gone, [replace(plan.groups[0], transactions=plan.groups[0].transactions[:3])])
    assert died.databases["crm"].owner == "crm_user"
    assert "apply_schema" in kinds(make_plan(died, desired))


@pytest.mark.parametrize("comment", [None, "mine", '{"managed_by":"pgtenant"}'])
def test_an_initial_schema_does_not_run_twice_when_the_owner_rewrites_the_comment(
    comment: str | None,
) -> None:
    desired = crm(initial_schema=SCHEMA)
    server = with_database(provisioned(desired), "crm", comment=comment)
    assert kinds(make_plan(server, desired)) == ["mark_database"]


def test_the_creating_note_is_gone_when_the_database_stands() -> None:
    server = provisioned(crm())
    assert server.roles["crm_user"].comment == Marker("dev", "crm").text()


def test_an_owner_keeps_what_stands_in_its_own_acls() -> None:
    own = tuple(ObjectGrant("crm_user", word, "crm_user") for word in ("SELECT", "TRUNCATE"))
    server = with_contents(provisioned(crm()), groups=(*orders(*own),))
    for change in make_plan(server, crm(authoritative=True)).changes:
        assert not isinstance(change, RevokeObjects)


def test_what_a_cascade_takes_is_granted_again() -> None:
    grants = [ObjectGrant("crm_etl", word, "crm_user") for word in WRITES]
    grants.append(ObjectGrant("crm_etl", "SELECT", "crm_user", grantable=True, regranted=True))
    server = with_contents(
        provisioned(crm()),
        groups=(
            ObjectGroup(
                ObjectKind.TABLE,
                "public",
                ("orders",),
                tuple(sorted([*grants, ObjectGrant("crm_ro", "SELECT", "crm_etl")])),
            ),
        ),
    )
    plan = make_plan(server, crm(authoritative=True))
    assert kinds(plan) == ["grant_objects", "revoke_objects"]
    contents = simulate(server, plan).databases["crm"].contents
    assert contents is not None
    assert ObjectGrant("crm_ro", "SELECT", "crm_user") in contents.groups[0].grants


def test_every_head_of_a_chain_loses_its_option() -> None:
    acl = [
        *provisioned(crm()).databases["crm"].acl,
        DatabaseGrant("alice", "TEMPORARY", "crm_user", grantable=True),
        DatabaseGrant("bob", "TEMPORARY", "crm_user", grantable=True),
        DatabaseGrant("carol", "TEMPORARY", "crm_user", grantable=True),
        DatabaseGrant("crm_etl", "TEMPORARY", "alice", grantable=True),
        DatabaseGrant("crm_etl", "TEMPORARY", "bob", grantable=True),
        DatabaseGrant(PUBLIC, "TEMPORARY", "crm_etl"),
    ]
    server = with_database(provisioned(crm()), "crm", acl=tuple(sorted(acl)))
    plan = make_plan(server, crm())
    heads = {c.role for c in plan.changes if isinstance(c, RevokeDatabase)}
    assert heads == {"alice", "bob"}
    assert not simulate(server, plan).databases["crm"].holds(PUBLIC, "TEMPORARY")


def test_the_simulation_refuses_what_postgresql_refuses() -> None:
    server = provisioned(crm())
    with pytest.raises(RefusedError, match="already exists"):
        simulate(server, make_plan(empty_server(), crm()))


def test_every_kind_of_drift() -> None:
    server = provisioned(crm())
    extra = Role("old", comment=Marker("dev", "old").text())
    prod = Role("prod", comment=Marker("prod", "crm").text())
    roles = {**server.roles, "old": extra, "prod": prod}
    plugin = Database("plugin", owner="old", is_template=True)
    server = replace(server, roles=roles, databases={**server.databases, "plugin": plugin})
    server = with_role(
        server,
        "crm_ro",
        member_of=("pg_monitor",),
        revocable=("pg_monitor",),
        members=("alice",),
        settings=("role=none",),
        expired=True,
        password=PasswordState.UNPROVEN,
        password_note="the server was full",
    )
    table = ForeignObject("table", "app", "theirs", "alice")
    server = with_contents(server, foreign=(table,), foreign_count=3)
    plan = make_plan(server, crm(extensions=("hstore", "nope", "postgis")))
    said = [(str(d.kind), d.message, d.statement) for d in plan.drift]
    text = "\n".join(f"{kind}: {message} {statement}" for kind, message, statement in said)
    for words in (
        "retired: retired?",
        "other_environment: belongs to the environment prod",
        "undeclared_database: belongs to a role without an entry",
        "every role with CREATEDB can copy it",
        'membership: is a member of pg_monitor REVOKE "pg_monitor" FROM "crm_ro"',
        'alice is a member of it and can act as it REVOKE "crm_ro" FROM "alice"',
        "setting: has the setting role=none",
        "expired:",
        "password: its password is not proven: the server was full",
        "app.theirs belongs to alice; editors and readers can't be granted access ALTER TABLE",
        'ALTER TABLE "app"."theirs" OWNER TO "crm_user"',
        "and 2 more objects",
        "extension: the server does not offer the extension nope",
        'CREATE EXTENSION "postgis"',
    ):
        assert words in text
    assert kinds(plan) == ["create_extension"]


def test_an_unread_database_is_said_so() -> None:
    server = with_database(provisioned(crm()), "crm", contents=None, unread="timeout")
    assert drift_of(server, DriftKind.UNREAD_DATABASE)
    assert make_plan(server, crm(), only={"other"}).incomplete == ()


def test_a_changed_initial_schema_is_not_run() -> None:
    server = provisioned(crm(initial_schema=SCHEMA))
    other = replace(SCHEMA, name="event-sourcing")
    assert drift_of(server, DriftKind.INITIAL_SCHEMA, initial_schema=other)
    assert make_plan(server, crm(initial_schema=other)).changes == ()


def test_undeclared_databases_of_one_retired_role_share_a_group() -> None:
    """Two loans of one role at a time would get in each other's way."""
    acl = (DatabaseGrant(PUBLIC, "CONNECT", "old"),)
    server = with_role(provisioned(crm()), "old", comment=Marker("dev", "old").text())
    for name in ("plugin_b", "plugin_a"):
        server = with_database(server, name, owner="old", acl=acl)
    plan = make_plan(server, crm())
    assert [g.database for g in plan.groups] == ["plugin_a"]
    said = {d.message for d in plan.drift if d.kind is DriftKind.UNDECLARED_DATABASE}
    assert said == {"belongs to a role without an entry, and is not in the catalog either"}


def test_what_a_leaving_second_login_made_is_closed_as_it_is_given_away() -> None:
    """Whatever its marker calls the entry: with --only as well, nobody waits for another run."""
    acl = (DatabaseGrant(PUBLIC, "CONNECT", "crm_user_b"),)
    marker = Marker("dev", "renamed", second_of="crm_user")
    server = with_role(provisioned(crm()), "crm_user_b", comment=marker.text())
    server = with_database(server, "plugin", owner="crm_user_b", acl=acl)
    plan = make_plan(server, crm(), only=frozenset({"crm"}))
    assert PUBLIC not in {g.grantee for g in simulate(server, plan).databases["plugin"].acl}


HOSTILE = [
    'x"; drop role y; --',
    "it's",
    "a\nb",
    "\\' \\\\",
    "%s %(x)s",
    "ünïcødé",
    "中文",
    "$$",
    "{}",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_names(name: str) -> None:
    """Take the identifiers and literals out of a script: the rest is the same for every name."""
    assert bones(name) == bones("plain")


def bones(name: str) -> str:
    own = tuple(ObjectGrant("crm_etl", word, "crm_user") for word in ("SELECT", *WRITES))
    server = with_contents(
        provisioned(crm()), groups=(ObjectGroup(ObjectKind.TABLE, name, (name,), own),)
    )
    server = with_database(
        server, name, owner="crm_user", acl=(DatabaseGrant(PUBLIC, "CONNECT", "crm_user"),)
    )
    server = with_database(server, "crm", comment=name, is_template=True)
    plan = make_plan(server, crm())
    text = psql_script(plan.groups, plan.lending, plan.maintenance_database)
    assert as_text(sql.Identifier(name, name)) in text
    human = as_text(sql.Literal(f"{name}\n" + Marker("dev", "crm").text()))
    assert human in text
    # A literal with a backslash is set off by a space, for its E.
    text = text.replace(human, "LITERAL").replace("IS  LITERAL", "IS LITERAL")
    return text.replace(as_text(sql.Identifier(name)), "NAME")


def test_a_database_that_nothing_opens_is_neither_declared_nor_repaired() -> None:
    server = provisioned(crm())
    unread = replace(server.databases["crm"], contents=None, unread="it is full")
    server = replace(server, databases={**server.databases, "crm": unread})
    plan = make_plan(server, crm())
    assert plan.changes == ()
    assert plan.unrepaired == ("crm",)
    assert "crm" not in plan.as_declared
    assert plan.summary()["unchanged"] == len(plan.entries) - 1

    closed = replace(unread, allow_connections=False)
    plan = make_plan(replace(server, databases={**server.databases, "crm": closed}), crm())
    assert plan.incomplete == ("crm",)
    assert plan.unrepaired == ()
