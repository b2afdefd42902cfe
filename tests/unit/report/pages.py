"""Reports made by hand, to be rendered as pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pgtenant.access import analyse
from pgtenant.access.model import (
    AccessModel,
    Database,
    DefaultGrant,
    Grant,
    Group,
    Inside,
    Kind,
    Role,
)
from pgtenant.access.rows import listing
from pgtenant.access.view import Filters
from pgtenant.catalog.model import AccessLevel
from pgtenant.codes import Code
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole
from pgtenant.planning.findings import Blocked, Drift, DriftKind
from pgtenant.planning.plan import Plan
from pgtenant.planning.privileges import PUBLIC
from pgtenant.report.html import About, Report, Trail
from pgtenant.report.verify_json import About as AboutRecord
from pgtenant.report.verify_json import verification_json
from pgtenant.verify.findings import Finding, FindingKind, Severity

from .samples import busy_plan
from .verifications import isolated, leaking

ADMIN: Final = "platform_admin"
HOSTILE: Final = "</script><script>alert(1)</script><img src=x onerror=alert(1)> \"'&\u202e\x1b"
CATALOG: Final = "3f" * 32

_WORDS = (
    *("orders", "billing", "keycloak", "backstage", "analytics", "payments", "catalogue"),
    *("inventory", "loyalty", "search", "shipping", "pricing", "returns", "ledger"),
    *("identity", "consent", "mailer", "reports", "scheduler", "vouchers"),
)


def about(generated: str = "2026-03-14T09:26:53Z") -> About:
    return About(
        generated=generated,
        server="goldenpath-dev.example.internal:5432",
        catalog_path="envs/dev-rds/terraform.tfvars",
        catalog=CATALOG,
        commit="0123456789abcdef0123456789abcdef01234567",
        version="0.1.0",
    )


def of(number: int, *, wounded: bool = False) -> Report:
    """Return an instance of so many databases: all well, or with some of everything."""
    names = [f"{_WORDS[n % len(_WORDS)]}_{n // len(_WORDS):02}" for n in range(number)]
    desired = Desired(environment="dev", databases=tuple(map(_desired, sorted(names))))
    model = _model(desired)
    if wounded:
        model = _wounded(model, sorted(names))
    plan = replace(Plan.empty("dev"), entries=tuple(sorted(desired.by_entry)))
    report = Report(
        about=about(),
        desired=desired,
        plan=plan,
        listing=listing(model, Filters()),
        holes=analyse(model, desired),
        record=record(isolated=True),
        trail=Trail(audit_rows(names), "From the journal: 61 records; they fit."),
    )
    return _with_trouble(report, sorted(names)) if wounded else report


def record(*, isolated: bool) -> Mapping[str, Any]:
    """Return a verification's record, as it is after it was read from a file."""
    asked = AboutRecord(
        version="0.1.0",
        server="goldenpath-dev.example.internal:5432",
        admin=ADMIN,
        catalog=CATALOG,
        commit="",
        actor="ci",
        started="2026-03-14T09:00:00Z",
        seconds=12.5,
    )
    found: Mapping[str, Any] = json.loads(json.dumps(verification_json(_made(isolated), asked)))
    return found


def audit_rows(names: list[str]) -> tuple[dict[str, Any], ...]:
    """Return the rows of a few runs."""
    rows: list[dict[str, Any]] = []
    for day in range(1, 5):
        for number, name in enumerate(names[:15]):
            changed = (number + day) % 7 == 0
            status = "success" if changed else "no_change"
            if day == 3 and number == 4:
                status = "blocked"
            rows.append(
                {
                    "timestamp_utc": f"2026-03-{10 + day // 2}T10:{day:02}:{number:02}Z",
                    "environment": "dev",
                    "build_id": f"{500 + day}",
                    "run_id": f"run-{day}",
                    "database": name,
                    "username": f"{name}_user",
                    "action": "apply_grants" if changed else "configure_database",
                    "status": status,
                    "duration_ms": 17,
                    "message": "may SELECT on every new table" if changed else "as declared",
                }
            )
    return tuple(rows)


def _made(isolated_: bool) -> Any:
    return isolated() if isolated_ else leaking()


def _desired(name: str) -> DesiredDatabase:
    def role(suffix: str, level: AccessLevel) -> DesiredRole:
        return DesiredRole(
            name=f"{name}_{suffix}",
            entry=f"{name}_{suffix}" if level is not AccessLevel.OWNER else name,
            database=name,
            level=level,
            createdb=True,
            connection_limit=-1,
            secret=f"goldenpath/dev/{name}/postgres",
        )

    members = [role("reader", AccessLevel.READER)] if len(name) % 2 else []
    members += [role("editor", AccessLevel.EDITOR)] if len(name) % 3 == 0 else []
    return DesiredDatabase(
        name=name,
        entry=name,
        owner=role("user", AccessLevel.OWNER),
        members=tuple(sorted(members, key=lambda member: member.name)),
    )


def _role(role: DesiredRole) -> Role:
    marker = {"managed_by": "pgtenant", "environment": "dev", "entry": role.entry}
    return Role(role.name, createdb=True, comment=json.dumps(marker))


def _model(desired: Desired) -> AccessModel:
    roles = [_role(role) for role in desired.roles]
    roles += [
        Role(ADMIN, createrole=True, createdb=True),
        Role("rdsadmin", superuser=True, bootstrap=True),
    ]
    databases = [_database(database) for database in desired.databases]
    databases += [
        Database("platform", ADMIN, (Grant(ADMIN, "CONNECT", ADMIN),), inside=Inside()),
        Database("postgres", "rdsadmin", inside=Inside()),
        Database("template1", "rdsadmin", is_template=True, unread="a template"),
    ]
    return AccessModel(
        version=170010,
        admin=ADMIN,
        maintenance_database="platform",
        roles={role.name: role for role in roles},
        memberships=(),
        databases={database.name: database for database in databases},
    )


def _database(wanted: DesiredDatabase) -> Database:
    owner = wanted.owner.name
    own = [Grant(owner, p, owner) for p in ("CONNECT", "CREATE", "TEMPORARY")]
    connect = [Grant(role.name, "CONNECT", owner) for role in wanted.members]
    defaults = tuple(
        DefaultGrant(owner, "", "table", role.name, privilege)
        for role in wanted.members
        for privilege in (
            ("SELECT",)
            if role.level is AccessLevel.READER
            else ("DELETE", "INSERT", "SELECT", "UPDATE")
        )
    )
    return Database(
        wanted.name,
        owner,
        tuple(sorted([*own, *connect, Grant(ADMIN, "CONNECT", owner)])),
        inside=Inside(groups=(_public_schema(wanted),), defaults=tuple(sorted(defaults))),
    )


def _public_schema(wanted: DesiredDatabase) -> Group:
    owner = "pg_database_owner"
    own = [Grant(owner, p, owner, shipped=True) for p in ("CREATE", "USAGE")]
    usage = [Grant(role.name, "USAGE", owner) for role in wanted.members]
    everyone = Grant(PUBLIC, "USAGE", owner, shipped=True)
    grants = tuple(sorted([*own, everyone, *usage]))
    return Group(Kind.SCHEMA, "", owner, ("public",), grants)


def _wounded(model: AccessModel, names: list[str]) -> AccessModel:
    """Open a few databases, and let an application make one with a hostile name."""
    databases = dict(model.databases)
    roles = {**model.roles, "dba": Role("dba", superuser=True)}
    first, second = databases[names[1]], databases[names[2]]
    opened = Grant(PUBLIC, "CONNECT", first.owner)
    stolen = Grant(first.owner, "CONNECT", second.owner)
    databases[first.name] = replace(first, grants=tuple(sorted([*first.grants, opened])))
    databases[second.name] = replace(second, grants=tuple(sorted([*second.grants, stolen])))
    del databases[names[5]], roles[f"{names[5]}_user"]
    for name, grants in (
        ("backstage_plugin_app", ()),
        (HOSTILE, (Grant(PUBLIC, "CONNECT", first.owner),)),
    ):
        own = tuple(Grant(first.owner, p, first.owner) for p in ("CONNECT", "CREATE", "TEMPORARY"))
        databases[name] = Database(
            name, first.owner, tuple(sorted([*own, *grants])), inside=Inside()
        )
    return replace(model, databases=databases, roles=roles)


def _with_trouble(report: Report, names: list[str]) -> Report:
    plan = busy_plan()
    blocked = (
        Blocked(
            names[3],
            f"the database {names[3]} belongs to legacy_app; have it handed over",
            f'ALTER DATABASE "{names[3]}" OWNER TO "{names[3]}_user"',
            "legacy_app, or a superuser",
            code=Code.FOREIGN_DATABASE,
        ),
        Blocked(names[4], HOSTILE, code=Code.FOREIGN_DATABASE),
    )
    drift = tuple(
        sorted(
            (
                *plan.drift,
                Drift(
                    DriftKind.PRIVILEGE,
                    names[6],
                    names[6],
                    f"{names[6]}_user",
                    f"holds TEMPORARY: see https://wiki.example.com/{HOSTILE}",
                ),
            )
        )
    )
    finding = Finding(
        Severity.NOTE,
        FindingKind.UNDECLARED_DATABASE,
        "backstage_plugin_app",
        f"{names[1]}_user",
        "was made by an application and is not in the catalog; it is closed",
    )
    return replace(
        report,
        plan=replace(plan, blocked=blocked, drift=drift),
        findings=(finding,),
        record=record(isolated=False),
        bad_secrets=((names[7], f"the secret goldenpath/dev/{names[7]}/postgres is missing"),),
    )
