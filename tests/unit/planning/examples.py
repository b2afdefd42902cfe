"""One small application to start examples from: `crm` with an owner, an editor and a reader."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole, InitialSchema
from pgtenant.planning.observed import Admin, Database, Observed, Role, Server
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.planning.simulate import simulate

ADMIN = "platform_admin"
OWNER, EDITOR, READER = AccessLevel.OWNER, AccessLevel.EDITOR, AccessLevel.READER


def role(name: str, entry: str, level: AccessLevel, database: str = "crm") -> DesiredRole:
    return DesiredRole(
        name=name,
        entry=entry,
        database=database,
        level=level,
        createdb=level is OWNER,
        connection_limit=-1,
        secret=f"goldenpath/dev/{entry}/postgres",
    )


def crm(second: AccessLevel = EDITOR, **changes: Any) -> Desired:
    """Return a catalog of one database; `changes` are attributes of that or of the catalog."""
    of_catalog = {k: v for k, v in changes.items() if k in {"authoritative", "environment"}}
    of_database = {k: v for k, v in changes.items() if k not in of_catalog}
    database = DesiredDatabase(
        name="crm",
        entry="crm",
        owner=role("crm_user", "crm", OWNER),
        members=(role("crm_etl", "crm-etl", second), role("crm_ro", "crm-ro", READER)),
    )
    catalog = Desired(environment="dev", databases=(replace(database, **of_database),))
    return replace(catalog, **of_catalog)


def empty_server(major: int = 17, **admin: Any) -> Observed:
    return Observed(
        server=Server(
            version=major * 10000 + 1,
            admin=Admin(name=ADMIN, **admin),
            maintenance_database="platform",
            extensions={"hstore": True, "postgis": False},
        ),
        roles={},
        databases={"platform": Database(name="platform", owner=ADMIN)},
    )


def provisioned(desired: Desired, major: int = 17) -> Observed:
    """Return a server after a first run."""
    empty = empty_server(major)
    return simulate(empty, make_plan(empty, desired))


def with_role(observed: Observed, name: str, **changes: Any) -> Observed:
    there = observed.roles.get(name, Role(name=name))
    return replace(observed, roles={**observed.roles, name: replace(there, **changes)})


def with_database(observed: Observed, name: str, **changes: Any) -> Observed:
    there = observed.databases.get(name, Database(name=name, owner=ADMIN))
    return replace(observed, databases={**observed.databases, name: replace(there, **changes)})


def with_contents(observed: Observed, **changes: Any) -> Observed:
    contents = observed.databases["crm"].contents
    assert contents is not None
    return with_database(observed, "crm", contents=replace(contents, **changes))


def kinds(plan: Plan) -> list[str]:
    return [change.kind for change in plan.changes]


SCHEMA = InitialSchema(name="basic-app", sql="CREATE TABLE public.users (id bigint);\n-- the end")
