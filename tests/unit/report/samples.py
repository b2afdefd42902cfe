"""Plans made by hand, as a run would make them."""

from __future__ import annotations

from dataclasses import replace

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole, InitialSchema
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import (
    FRESH_CONTENTS,
    Admin,
    Contents,
    Database,
    DatabaseGrant,
    DefaultGrant,
    ForeignObject,
    ObjectGrant,
    ObjectGroup,
    Observed,
    PasswordState,
    PublicSchema,
    Role,
    Server,
)
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.planning.privileges import LEVELS, PUBLIC, ObjectKind

ADMIN = "platform_admin"
SERVER = "PostgreSQL 17.10 at shared.example.com:5432, as platform_admin"
HOSTILE = 'x\x1b[31m"; drop\nrole y; --\u202e`|<b>@org/team [bold]\u200b'
SCRIPT = """-- A basic application
CREATE TABLE users (
\tid bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
\tname text NOT NULL
);
"""


def server(version: int = 170010) -> Server:
    return Server(
        version=version,
        admin=Admin(name=ADMIN),
        maintenance_database="platform",
        extensions={"pgcrypto": True, "postgis": False},
    )


def role(entry: str, name: str, level: AccessLevel, database: str, **more: object) -> DesiredRole:
    made = DesiredRole(
        name=name,
        entry=entry,
        database=database,
        level=level,
        createdb=level is AccessLevel.OWNER,
        connection_limit=-1,
        secret=f"goldenpath/dev/{entry}/postgres",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def owner(entry: str, **more: object) -> DesiredRole:
    name = entry.replace("-", "_")
    return role(entry, f"{name}_user", AccessLevel.OWNER, name, **more)


def simple(entry: str) -> DesiredDatabase:
    return DesiredDatabase(name=entry.replace("-", "_"), entry=entry, owner=owner(entry))


KEYCLOAK = DesiredDatabase(
    name="keycloak",
    entry="keycloak",
    owner=owner("keycloak"),
    initial_schema=InitialSchema(name="basic-app", sql=SCRIPT),
    extensions=("pgcrypto", "postgis"),
)
ANALYTICS = DesiredDatabase(
    name="analytics",
    entry="analytics",
    owner=owner("analytics"),
    members=(
        role("analytics-reader", "analytics_reader", AccessLevel.READER, "analytics"),
        role(
            "analytics-writer",
            "analytics_writer",
            AccessLevel.EDITOR,
            "analytics",
            connection_limit=5,
        ),
    ),
)


def as_declared(database: DesiredDatabase) -> tuple[dict[str, Role], Database]:
    """Return what is there once a database without an initial schema is provisioned."""
    roles: dict[str, Role] = {}
    acl = [
        DatabaseGrant(database.owner.name, word, database.owner.name)
        for word in ("CONNECT", "CREATE", "TEMPORARY")
    ]
    acl += [
        DatabaseGrant(name, "CONNECT", database.owner.name)
        for name in (ADMIN, *(member.name for member in database.members))
    ]
    for wanted in database.roles:
        level = None if wanted.level is AccessLevel.OWNER else wanted.level
        roles[wanted.name] = Role(
            name=wanted.name,
            createdb=wanted.createdb,
            connection_limit=wanted.connection_limit,
            comment=Marker("dev", wanted.entry, access_level=level).text(),
            password=PasswordState.CURRENT,
        )
    contents = replace(
        FRESH_CONTENTS,
        groups=(),
        defaults=tuple(
            sorted(
                DefaultGrant(member.name, "", kind, word)
                for member in database.members
                for kind, words in LEVELS[member.level].items()
                for word in words
            )
        ),
    )
    there = Database(
        name=database.name,
        owner=database.owner.name,
        acl=tuple(sorted(acl)),
        comment=Marker("dev", database.entry).text(),
        contents=contents,
    )
    return roles, there


def plan_of(
    databases: tuple[DesiredDatabase, ...],
    there: tuple[DesiredDatabase, ...] = (),
    *,
    roles: tuple[Role, ...] = (),
    others: tuple[Database, ...] = (),
    authoritative: bool = False,
) -> Plan:
    """Plan for `databases` where `there` are as declared, and more stands beside or over them."""
    all_roles: dict[str, Role] = {}
    all_databases: dict[str, Database] = {}
    for database in there:
        its_roles, existing = as_declared(database)
        all_roles |= its_roles
        all_databases[existing.name] = existing
    all_roles |= {extra.name: extra for extra in roles}
    all_databases |= {extra.name: extra for extra in others}
    return make_plan(
        Observed(server=server(), roles=all_roles, databases=all_databases),
        Desired(
            environment="dev",
            databases=tuple(sorted(databases, key=lambda d: d.name)),
            authoritative=authoritative,
        ),
    )


def fresh_plan() -> Plan:
    """Return a first run: an owner with a schema, and an owner with a reader and an editor."""
    return plan_of((KEYCLOAK, ANALYTICS, simple("backstage")), (simple("backstage"),))


def unchanged_plan() -> Plan:
    return plan_of((ANALYTICS,), (ANALYTICS,))


def busy_plan(*, authoritative: bool = False) -> Plan:
    """Return a plan with some of everything: new, changed, revoked, blocked, drifted."""
    roles, analytics = as_declared(ANALYTICS)
    assert analytics.contents is not None
    tables = tuple(f"fact_{number:02}" for number in range(12))
    contents = replace(
        analytics.contents,
        public=PublicSchema(owner="pg_database_owner", owned=True, open=True),
        groups=(
            ObjectGroup(ObjectKind.TABLE, "public", tables, ()),
            ObjectGroup(
                ObjectKind.TABLE,
                "reports",
                ("monthly",),
                (
                    ObjectGrant("analytics_reader", "DELETE", "analytics_user"),
                    ObjectGrant("analytics_reader", "SELECT", "analytics_user"),
                    ObjectGrant("analytics_reader", "UPDATE", "analytics_user"),
                    *(
                        ObjectGrant("analytics_writer", word, "analytics_user")
                        for word in ("DELETE", "INSERT", "SELECT", "UPDATE")
                    ),
                ),
            ),
        ),
        foreign=(ForeignObject("table", "public", "imported", "etl_loader"),),
        foreign_count=1,
    )
    analytics = replace(
        analytics,
        acl=tuple(
            sorted(
                (
                    *analytics.acl,
                    DatabaseGrant(PUBLIC, "CONNECT", "analytics_user"),
                    DatabaseGrant(PUBLIC, "TEMPORARY", "analytics_user"),
                )
            )
        ),
        settings=("work_mem=1GB",),
        contents=contents,
    )
    reader = replace(
        roles["analytics_reader"],
        createdb=True,
        connection_limit=2,
        password=PasswordState.WRONG,
        member_of=("reporting",),
    )
    billing = simple("billing")
    billing_roles, closed = as_declared(billing)
    closed = replace(
        closed, allow_connections=False, is_template=True, contents=None, unread="closed"
    )
    plugin = Database(
        name="backstage_plugin_app",
        owner="backstage_user",
        acl=(
            DatabaseGrant("backstage_user", "CONNECT", "backstage_user"),
            DatabaseGrant(PUBLIC, "CONNECT", "backstage_user"),
            DatabaseGrant(PUBLIC, "TEMPORARY", "backstage_user"),
        ),
    )
    return plan_of(
        (
            KEYCLOAK,
            ANALYTICS,
            billing,
            *(simple(key) for key in ("backstage", "gitea", "legacy", "orders", "strong", "wiki")),
        ),
        (ANALYTICS, *(simple(key) for key in ("backstage", "gitea", "strong", "wiki"))),
        roles=(
            reader,
            *billing_roles.values(),
            Role(name="legacy_user", createdb=True),
            Role(
                name="strong_user",
                createdb=True,
                bypassrls=True,
                comment=Marker("dev", "strong").text(),
                password=PasswordState.CURRENT,
            ),
            Role(name="old_user", comment=Marker("dev", "old").text()),
            *(
                Role(name=f"app{number}_test", comment=Marker("test", f"app{number}").text())
                for number in range(7)
            ),
        ),
        others=(
            analytics,
            closed,
            plugin,
            Database(name="orders", owner="dba", contents=Contents(public=None)),
        ),
        authoritative=authoritative,
    )


def many_plan(number: int = 200, changed: int = 3) -> Plan:
    """Return a plan of many entries, of which all but the first few are as declared."""
    databases = tuple(simple(f"app-{index:03}") for index in range(number))
    return plan_of(databases, databases[changed:])


def hostile_plan() -> Plan:
    """Return a plan in which every name that a server can send is an attack."""
    roles, analytics = as_declared(ANALYTICS)
    assert analytics.contents is not None
    contents = replace(
        analytics.contents,
        groups=(ObjectGroup(ObjectKind.TABLE, HOSTILE, (HOSTILE, f"{HOSTILE}2"), ()),),
        foreign=(ForeignObject("table", HOSTILE, HOSTILE, HOSTILE),),
        foreign_count=1,
    )
    comment = f"Plan: 0 to create\n\x1b[2J\n{Marker('dev', 'analytics-reader').text()}"
    return plan_of(
        (ANALYTICS, simple("orders")),
        (ANALYTICS,),
        roles=(
            replace(roles["analytics_reader"], comment=comment, member_of=(HOSTILE,)),
            Role(name=HOSTILE, comment=Marker("dev", "old").text()),
        ),
        others=(
            replace(analytics, contents=contents, settings=(f"x={HOSTILE}",)),
            Database(name="orders", owner=HOSTILE),
            Database(
                name=f"{HOSTILE}db",
                owner=HOSTILE,
                acl=(DatabaseGrant(PUBLIC, "CONNECT", HOSTILE),),
            ),
        ),
    )
