"""Each change as one line of words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import assert_never

from pgtenant.catalog.model import Auth
from pgtenant.planning import marker
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
    Risk,
    RoleAttributes,
    RunInitialSchema,
    SecureTables,
    TakeOverDatabase,
    UpdatePassword,
    UseIam,
    UsePassword,
)
from pgtenant.planning.privileges import PUBLIC, ObjectKind
from pgtenant.planning.tenants.found import Name
from pgtenant.planning.tenants.policy import NAME
from pgtenant.planning.tenants.statements import Lack, lacking
from pgtenant.report.safe import name, shown
from pgtenant.report.words import count, gains, some

_ATTRIBUTES = ("login", "createdb", "createrole", "superuser", "replication", "bypassrls")


class Mark(StrEnum):
    """What stands before a change."""

    ADD = "+"
    ALTER = "~"
    REMOVE = "-"


def mark_of(change: Change) -> Mark:
    """Return whether a change adds, alters or takes away."""
    match change.risk:
        case Risk.CREATE | Risk.GRANT:
            return Mark.ADD
        case Risk.ALTER:
            return Mark.ALTER
        case Risk.REVOKE | Risk.DESTROY:
            return Mark.REMOVE
        case _:
            assert_never(change.risk)


def describe(change: Change) -> str:  # noqa: C901, PLR0911, PLR0912 - one arm for each kind of change
    """Return what a change does, on one line, without its mark and free of control characters."""
    match change:
        case CreateRole():
            return f"role {name(change.role)}  ({_new_role(change)})"
        case AlterRole():
            return f"role {name(change.role)}  {_attributes(change.before, change.after)}"
        case UpdatePassword():
            return (
                f"role {name(change.role)}  password set from {shown(change.secret)}"
                " (a login with it was refused)"
            )
        case UseIam():
            return f"role {name(change.role)}  logs in through IAM (rds_iam), loses its password"
        case UsePassword():
            return (
                f"role {name(change.role)}  leaves rds_iam, password set from"
                f" {shown(change.secret)}"
            )
        case MarkRole():
            return f"role {name(change.role)}  {_marking(change.before, change.after)}"
        case RevokeMembership():
            return f"role {name(change.role)} is no longer a member of {name(change.group)}"
        case CreateSecond():
            return f"role {name(change.role)}  ({_second(change)})"
        case JoinFirst():
            return f"role {name(change.role)} is a member of {name(change.first)} again"
        case ConfigureSecond():
            return f"role {name(change.role)}  {_settings(change)}"
        case ReassignOwned():
            gone = ", and it loses what it was granted" if change.leaving else ""
            return (
                f"database {name(change.database)}  what {name(change.role)} owns goes to"
                f" {name(change.owner)}{gone}"
            )
        case DropSecond():
            return f"role {name(change.role)}  dropped, a second login that owns nothing"
        case CreateDatabase():
            return f"database {name(change.database)}  owned by {name(change.owner)}"
        case HandOverDatabase():
            return (
                f"database {name(change.database)}  closed to PUBLIC,"
                f" handed over to {name(change.owner)}, opened"
            )
        case TakeOverDatabase():
            return (
                f"database {name(change.database)}  owner {name(change.before)}"
                f" -> {name(change.owner)}"
            )
        case AlterDatabase():
            return f"database {name(change.database)}  {', '.join(_properties(change))}"
        case MarkDatabase():
            return f"database {name(change.database)}  {_marking(change.before, change.after)}"
        case GrantDatabase():
            preposition = "to" if change.privileges == ("CONNECT",) else "on"
            return (
                f"{_grantee(change.role)} {gains(change.privileges)}"
                f" {preposition} database {name(change.database)}"
            )
        case RevokeDatabase():
            made = f" (owned by {name(change.owner)}, not in the catalog)"
            return (
                f"{_loses(change)} on database {name(change.database)}"
                f"{made if change.undeclared else ''}{_cascade(change)}"
            )
        case CreateExtension():
            return f"extension {name(change.extension)} in database {name(change.database)}"
        case RunInitialSchema():
            return (
                f"initial schema {name(change.schema)} in database {name(change.database)}"
                f"  (run once, as {name(change.owner)})"
            )
        case JoinTenants():
            return f"role {name(change.role)}  enters {_tenants(change.tenants)} by SET ROLE alone"
        case HoldApart():
            public = ", and owns the schema public itself" if change.take_public else ""
            return f"role {name(change.owner)}  inherits no role{public}"
        case GiveTables():
            return f"{_tables(change.tables)}  to the role of its tenant"
        case SecureTables():
            return _secured(change)
        case GrantObjects():
            return f"{_grantee(change.role)} {gains(change.privileges)} on {_objects(change)}"
        case RevokeObjects():
            return f"{_loses(change)} on {_objects(change)}{_cascade(change)}"
        case RevokeColumns():
            return (
                f"{_grantee(change.role)} loses {change.privilege} on the columns"
                f" {some(change.columns)} of table {name(change.table)}"
                f" in schema {name(change.schema)}"
            )
        case GrantDefault():
            return (
                f"{_grantee(change.role)} {gains(change.privileges)} on every new"
                f" {change.object_kind} that {name(change.owner)} makes"
            )
        case RevokeDefault():
            kind = shown(change.object_kind).replace("_", " ")
            where = f" in schema {name(change.schema)}" if change.schema else ""
            return (
                f"{_grantee(change.role)} loses {', '.join(change.privileges)} on every new"
                f" {kind}{where} that {name(change.owner)} makes"
            )
        case _:
            assert_never(change)


def sentence(change: Change) -> str:
    """Return what a change does, for the middle of a text: without the columns of a list."""
    return " ".join(describe(change).split())


def _grantee(role: str) -> str:
    return "PUBLIC" if role == PUBLIC else name(role)


def _new_role(change: CreateRole) -> str:
    powers = "LOGIN CREATEDB" if change.createdb else "LOGIN"
    limit = _at_most(change.connection_limit)
    if change.passwordless:
        return f"{powers}, {limit}no password: its secret is for its second login"
    if change.auth is Auth.IAM:
        return f"{powers}, {limit}no password, IAM (rds_iam)"
    return f"{powers}, {limit}password from {shown(change.secret)}"


def _second(change: CreateSecond) -> str:
    password = (
        "no password until the first rotation"
        if change.secret is None
        else f"password from {shown(change.secret)}"
    )
    limit = _at_most(change.connection_limit)
    return f"second login of {name(change.first)}, whose role it acts as, {limit}{password}"


def _at_most(connections: int) -> str:
    return "" if connections == -1 else f"at most {count(connections, 'connection')}, "


def _settings(change: ConfigureSecond) -> str:
    def told(database: str, setting: str) -> str:
        return f"{name(setting)} in {name(database)}" if database else name(setting)

    put, reset = (told(*setting.key) for setting in change.put), (told(*k) for k in change.reset)
    parts = [f"gets {', '.join(put)}"] if change.put else []
    parts += [f"loses {', '.join(reset)}"] if change.reset else []
    return f"settings: {'; '.join(parts)}"


def _attributes(before: RoleAttributes, after: RoleAttributes) -> str:
    gained = [a for a in _ATTRIBUTES if getattr(after, a) and not getattr(before, a)]
    lost = [a for a in _ATTRIBUTES if getattr(before, a) and not getattr(after, a)]
    parts = [f"gets {', '.join(gained).upper()}"] if gained else []
    parts += [f"loses {', '.join(lost).upper()}"] if lost else []
    if before.connection_limit != after.connection_limit:
        parts.append(
            f"connection limit {_limit(before.connection_limit)}"
            f" -> {_limit(after.connection_limit)}"
        )
    return ", ".join(parts)


def _limit(connections: int) -> str:
    return "none" if connections == -1 else str(connections)


def _properties(change: AlterDatabase) -> Iterator[str]:
    if change.allow_connections is not None:
        yield "allows connections" if change.allow_connections else "refuses connections"
    if change.connection_limit is not None:
        yield f"connection limit {_limit(change.connection_limit)}"
    if change.is_template is not None:
        yield "a template" if change.is_template else "no template"


def _marking(before: str | None, after: str) -> str:
    """Say what a comment's marker tells now that it did not tell before."""
    old, new = marker.parse(before), marker.parse(after)
    if new is None:
        return "comment changed"
    if old is None:
        return f"marked as managed  (environment {shown(new.environment)}, entry {name(new.entry)})"
    pairs = (
        ("environment", old.environment, new.environment),
        ("entry", old.entry, new.entry),
        ("database being made", old.creating, new.creating),
        ("access level", old.access_level, new.access_level),
        ("initial schema", old.initial_schema, new.initial_schema),
        ("fingerprint", old.inside, new.inside),
        ("version of the secret", old.secret, new.secret),
        ("auth", old.auth, new.auth),
        ("second login of", old.second_of, new.second_of),
        ("out of service since", _since(old), _since(new)),
        ("tenant", old.tenant, new.tenant),
    )
    told = [f"{what} {_value(a)} -> {_value(b)}" for what, a, b in pairs if a != b]
    return f"marker records {', '.join(told)}" if told else "marker written again"


def _since(mark: marker.Marker) -> str | None:
    return mark.retired.at if mark.retired is not None else None


def _value(text: str | None) -> str:
    return "none" if text is None else name(str(text))


def _loses(change: RevokeDatabase | RevokeObjects) -> str:
    what = "the right to grant " if change.grant_option_only else ""
    return f"{_grantee(change.role)} loses {what}{', '.join(change.privileges)}"


def _cascade(change: RevokeDatabase | RevokeObjects) -> str:
    if not change.cascade:
        return ""
    return f", and so does everyone who got it from {_grantee(change.role)}"


def _secured(change: SecureTables) -> str:
    words = {
        Lack.ENABLED: "enabled",
        Lack.FORCED: "forced",
        Lack.POLICY: f"with the policy {NAME}",
    }
    lacks = ", ".join(words[lack] for lack in lacking(change.before, change.isolation))
    return f"row security on {_tables(change.tables)}: {lacks}"


def _tables(tables: Sequence[Name]) -> str:
    return _all("table", [".".join(table) for table in tables])


def _tenants(roles: Sequence[str]) -> str:
    return _all("tenant's role", roles, "tenants' roles")


def _all(what: str, names: Sequence[str], plural: str = "") -> str:
    if len(names) == 1:
        return f"{what} {name(names[0])}"
    return f"{count(len(names), what, plural)} ({some(tuple(names))})"


def _objects(change: GrantObjects | RevokeObjects) -> str:
    kind = str(change.object_kind)
    names = change.names
    if change.object_kind is ObjectKind.SCHEMA:
        if len(names) == 1:
            return f"schema {name(names[0])}"
        return f"{count(len(names), kind)} ({some(names)})"
    where = f"in schema {name(change.schema)}"
    if len(names) == 1:
        return f"{kind} {name(names[0])} {where}"
    return f"{count(len(names), kind)} {where} ({some(names)})"
