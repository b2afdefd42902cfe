"""The criteria of each entry with tenants: its database, its role, its secret, its row security."""

from __future__ import annotations

from collections.abc import Iterator

from pgtenant.verify.acceptance.found import Entry, Unknown
from pgtenant.verify.acceptance.model import Check, Status, outcome

_SHARED = "pg_database and pg_roles"


def of_entry(entry: Entry) -> Iterator[Check]:
    """Yield AC7 to AC10 of one entry."""
    yield _database(entry)
    yield _role(entry)
    yield _secret(entry)
    yield _row_security(entry)


def none_declared() -> Iterator[Check]:
    """Yield AC7 to AC10 where no entry has tenants."""
    why = "no entry of the catalog has `tenancy`"
    for criterion, subject, expected in (
        ("AC7", "database", "there, and its role's own"),
        ("AC8", "role", "may create schemas, and has no power beyond"),
        ("AC9", "secret", "a connection_uri that works"),
        ("AC10", "row security", "holds two tenants apart"),
    ):
        yield Check(criterion, subject, expected, "", why, Status.UNPROVEN)


def _database(entry: Entry) -> Check:
    found = "missing" if entry.owner is None else f"owned by {entry.owner}"
    return Check(
        "AC7",
        f"database {entry.database}",
        f"there, and owned by {entry.role}",
        found,
        _SHARED,
        outcome(right=entry.owner == entry.role),
    )


def _role(entry: Entry) -> Check:
    declared = ("CREATEDB",) if entry.createdb else ()
    wanted = "creates schemas; no SUPERUSER, BYPASSRLS, CREATEROLE, REPLICATION"
    wanted += "; CREATEDB" if declared else ", CREATEDB"
    role = entry.found
    subject = f"role {entry.role}"
    if role is None:
        return Check("AC8", subject, wanted, "missing", "pg_roles", Status.FAILED)
    powers = ", ".join(role.powers) or "no attribute beyond LOGIN"
    through = f", member of {', '.join(role.through)}" if role.through else ""
    creates = "creates schemas" if role.creates else "creates no schemas"
    right = bool(role.creates) and role.powers == declared and not role.through
    evidence = "pg_roles, pg_has_role, has_database_privilege"
    return Check(
        "AC8", subject, wanted, f"{powers}{through}; {creates}", evidence, outcome(right=right)
    )


def _secret(entry: Entry) -> Check:
    subject, wanted = f"secret {entry.secret}", "a connection_uri that says the same, and logs in"
    uri = entry.uri
    if isinstance(uri, Unknown):
        return Check("AC9", subject, wanted, "", uri.why, Status.UNPROVEN)
    if uri is None:
        return Check("AC9", subject, wanted, "no connection_uri", "the secret", Status.FAILED)
    if uri.differs:
        found = f"connection_uri has another {', '.join(uri.differs)}"
        return Check("AC9", subject, wanted, found, "the fields beside it", Status.FAILED)
    mode = f"sslmode={uri.sslmode}" if uri.sslmode else "no sslmode"
    match entry.login:
        case None:
            evidence = f"a login as {entry.role}"
            return Check("AC9", subject, wanted, f"works, {mode}", evidence, Status.PASSED)
        case Unknown(why):
            return Check("AC9", subject, wanted, mode, why, Status.UNPROVEN)
        case refused:
            return Check("AC9", subject, wanted, refused, "a login", Status.FAILED)


def _row_security(entry: Entry) -> Check:
    subject = f"row security in {entry.database}"
    wanted = "a policy holds two tenants apart, and lets nobody in without one"
    match entry.capability:
        case None:
            found = "own row seen, foreign row refused, none without a tenant"
            evidence = f"a table of two tenants, made by {entry.role} and rolled back"
            return Check("AC10", subject, wanted, found, evidence, Status.PASSED)
        case Unknown(why):
            return Check("AC10", subject, wanted, "", why, Status.UNPROVEN)
        case seen:
            evidence = f"a transaction of {entry.role}, rolled back"
            return Check("AC10", subject, wanted, seen, evidence, Status.FAILED)
