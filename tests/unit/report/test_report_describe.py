from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import pytest

from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    Change,
    ConfigureSecond,
    CreateDatabase,
    CreateExtension,
    CreateRole,
    CreateSecond,
    DropSecond,
    GiveTables,
    GrantDatabase,
    GrantDefault,
    GrantObjects,
    HandOverDatabase,
    HoldApart,
    JoinFirst,
    JoinTenants,
    MarkDatabase,
    MarkRole,
    ReassignOwned,
    RevokeColumns,
    RevokeDatabase,
    RevokeDefault,
    RevokeMembership,
    RevokeObjects,
    RoleAttributes,
    RunInitialSchema,
    SecureTables,
    TakeOverDatabase,
    UpdatePassword,
    UseIam,
    UsePassword,
)
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Setting
from pgtenant.planning.privileges import PUBLIC, ObjectKind
from pgtenant.report.describe import describe, mark_of
from unit.planning.tenants.test_judgement import GOOD, ISOLATION

from .samples import HOSTILE

MARKER = Marker("dev", "keycloak")
ATTRIBUTES = RoleAttributes(login=True, createdb=True, connection_limit=-1)


def examples(text: str) -> list[tuple[Change, str]]:
    """Return each kind of change, with `text` as every name in it, and its line."""
    on_role: dict[str, Any] = {"entry": "keycloak", "role": text}
    on_database: dict[str, Any] = {"entry": "keycloak", "database": text, "owner": text}
    return [
        (
            CreateRole(
                **on_role, createdb=True, connection_limit=5, secret=f"dev/{text}", marker=MARKER
            ),
            "+ role N  (LOGIN CREATEDB, at most 5 connections, password from dev/N)",
        ),
        (
            AlterRole(
                **on_role,
                before=replace(ATTRIBUTES, login=False, createrole=True, connection_limit=3),
                after=ATTRIBUTES,
            ),
            "~ role N  gets LOGIN, loses CREATEROLE, connection limit 3 -> none",
        ),
        (
            UpdatePassword(**on_role, secret=f"dev/{text}"),
            "~ role N  password set from dev/N (a login with it was refused)",
        ),
        (
            UseIam(**on_role),
            "~ role N  logs in through IAM (rds_iam), loses its password",
        ),
        (
            UsePassword(**on_role, secret=f"dev/{text}"),
            "~ role N  leaves rds_iam, password set from dev/N",
        ),
        (
            MarkRole(**on_role, before="a human's", after=f"a human's\n{MARKER.text()}"),
            "~ role N  marked as managed  (environment dev, entry keycloak)",
        ),
        (
            MarkRole(
                **on_role,
                before=MARKER.text(),
                after=replace(MARKER, initial_schema="basic-app").text(),
            ),
            "~ role N  marker records initial schema none -> basic-app",
        ),
        (
            RevokeMembership(**on_role, group=text),
            "- role N is no longer a member of N",
        ),
        (
            CreateSecond(
                **on_role,
                first=text,
                connection_limit=5,
                secret=None,
                settings=(Setting("", "role", text),),
                marker=MARKER,
            ),
            (
                "+ role N  (second login of N, whose role it acts as, at most 5 connections,"
                " no password until the first rotation)"
            ),
        ),
        (JoinFirst(**on_role, first=text, major=17), "+ role N is a member of N again"),
        (
            ConfigureSecond(
                **on_role, put=(Setting("", "role", text),), reset=((text, "work_mem"),)
            ),
            "~ role N  settings: gets role; loses work_mem in N",
        ),
        (
            ReassignOwned(**on_database, role=text, leaving=True),
            "~ database N  what N owns goes to N, and it loses what it was granted",
        ),
        (DropSecond(**on_role), "- role N  dropped, a second login that owns nothing"),
        (CreateDatabase(**on_database), "+ database N  owned by N"),
        (
            HandOverDatabase(**on_database, admin="a", marker=MARKER, role_comment=MARKER.text()),
            "~ database N  closed to PUBLIC, handed over to N, opened",
        ),
        (TakeOverDatabase(**on_database, before="o"), "~ database N  owner o -> N"),
        (
            AlterDatabase(
                **on_database, allow_connections=True, connection_limit=-1, is_template=False
            ),
            "~ database N  allows connections, connection limit none, no template",
        ),
        (
            MarkDatabase(**on_database, before=None, after="lost"),
            "~ database N  comment changed",
        ),
        (
            GrantDatabase(**on_database, role=text, privileges=("CONNECT",)),
            "+ N may CONNECT to database N",
        ),
        (
            RevokeDatabase(**on_database, role=PUBLIC, privileges=("CONNECT", "TEMPORARY")),
            "- PUBLIC loses CONNECT, TEMPORARY on database N",
        ),
        (
            RevokeDatabase(
                **on_database,
                role=text,
                privileges=("CONNECT",),
                grant_option_only=True,
                cascade=True,
                undeclared=True,
            ),
            (
                "- N loses the right to grant CONNECT on database N (owned by N, not in the"
                " catalog), and so does everyone who got it from N"
            ),
        ),
        (
            CreateExtension(**on_database, extension="pgcrypto", secret="s"),
            "+ extension pgcrypto in database N",
        ),
        (
            RunInitialSchema(
                **on_database, schema="basic-app", script="SELECT 1", secret="s", comment=""
            ),
            "+ initial schema basic-app in database N  (run once, as N)",
        ),
        (
            SecureTables(
                **on_database,
                tables=(("tenant_a", text), ("tenant_b", text)),
                before=replace(GOOD, forced=False, policies=()),
                isolation=ISOLATION,
                comment="",
                secret="s",
            ),
            (
                "~ row security on 2 tables (tenant_a.N, tenant_b.N): forced, with the policy"
                " tenant_isolation"
            ),
        ),
        (
            GiveTables(
                **on_database, tables=(("tenant_a", text),), isolation=ISOLATION, secret="s"
            ),
            "~ table tenant_a.N  to the role of its tenant",
        ),
        (
            HoldApart(**on_database, inherits=True, take_public=True),
            "~ role N  inherits no role, and owns the schema public itself",
        ),
        (
            JoinTenants(entry=text, role=text, tenants=("a@n", "b@n"), major=17),
            '+ role N  enters 2 tenants\' roles ("a@n", "b@n") by SET ROLE alone',
        ),
        (
            GrantObjects(
                **on_database,
                role=text,
                object_kind=ObjectKind.TABLE,
                schema=text,
                names=("a", "b", "c", "d", text),
                privileges=("SELECT",),
            ),
            "+ N may SELECT on 5 tables in schema N (a, b, c and 2 more)",
        ),
        (
            GrantObjects(
                **on_database,
                role=text,
                object_kind=ObjectKind.SCHEMA,
                schema="",
                names=(text,),
                privileges=("USAGE",),
            ),
            "+ N gets USAGE on schema N",
        ),
        (
            RevokeObjects(
                **on_database,
                role=text,
                object_kind=ObjectKind.SEQUENCE,
                schema=text,
                names=(text,),
                privileges=("USAGE",),
                cascade=True,
            ),
            "- N loses USAGE on sequence N in schema N, and so does everyone who got it from N",
        ),
        (
            GrantDefault(
                **on_database, role=text, object_kind=ObjectKind.TABLE, privileges=("SELECT",)
            ),
            "+ N may SELECT on every new table that N makes",
        ),
        (
            RevokeColumns(
                **on_database,
                role=text,
                schema=text,
                table=text,
                privilege="UPDATE",
                columns=(text,),
            ),
            "- N loses UPDATE on the columns N of table N in schema N",
        ),
        (
            RevokeDefault(
                **on_database,
                role=text,
                object_kind="large_object",
                schema=text,
                privileges=("SELECT",),
            ),
            "- N loses SELECT on every new large object in schema N that N makes",
        ),
    ]


@pytest.mark.parametrize(("change", "expected"), examples("N"))
def test_a_change_is_one_line_of_words(change: Change, expected: str) -> None:
    assert f"{mark_of(change)} {describe(change)}" == expected


def test_every_kind_of_change_has_an_example() -> None:
    assert {type(change) for change, _ in examples("N")} == set(get_args(Change))


@pytest.mark.parametrize("change", [change for change, _ in examples(HOSTILE)])
def test_no_name_leaves_its_line_or_moves_the_cursor(change: Change) -> None:
    assert describe(change).isprintable()


def test_a_name_that_could_be_read_as_more_is_quoted() -> None:
    change = CreateDatabase(entry="e", database="x  owned by y", owner='r"')
    assert describe(change) == 'database "x  owned by y"  owned by "r"""'
