"""The instance itself: what is open, unknown, left over or close to a limit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from psycopg import sql

from pgtenant.access.statements import rename_database
from pgtenant.planning.observed import Database
from pgtenant.planning.privileges import PUBLIC
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import advice, can_be_sent
from pgtenant.verify.facts import Ground, StaleSession
from pgtenant.verify.findings import Finding, FindingKind, Severity, rank
from pgtenant.verify.model import Closable, Cure
from pgtenant.verify.strangers import memberships, powers, retired

ACL_LIMIT: Final = 8160
"""Bytes of a row: `pg_class` and `pg_attribute` have no TOAST table, and an ACL has to fit in."""

ACL_BYTES: Final = ACL_LIMIT // 2
"""Bytes from which an ACL is worth a warning."""

ACL_ENTRIES: Final = 1000
"""Entries of a database's ACL (it has a TOAST table): every `GRANT` rewrites all of them."""


def findings(ground: Ground) -> tuple[Finding, ...]:
    """Return everything that the shared catalogs show, sorted."""
    return tuple(
        sorted(
            [
                *_system_databases(ground),
                *_undeclared(ground),
                *_squatted(ground),
                *(_session(ground, session) for session in ground.facts.stale),
                *powers(ground),
                *memberships(ground),
                *_large_database_acls(ground),
                *retired(ground),
            ],
            key=rank,
        )
    )


def large_acls(database: str, found: Iterable[tuple[str, str, str, int]]) -> Iterator[Finding]:
    """Yield a warning for each ACL inside a database that comes close to what a row can hold.

    Args:
        database: where.
        found: schema, table, column (or empty) and size in bytes.
    """
    for schema, table, column, size in found:
        of = f"column {column} of " if column else ""
        yield Finding(
            Severity.WARNING,
            FindingKind.LARGE_ACL,
            database,
            "",
            f"the ACL of {of}table {schema}.{table} takes {size} of the {ACL_LIMIT} bytes of a"
            " row: soon every GRANT on it fails (54000); grant to a group role instead",
        )


def no_password(database: str, role: str) -> Finding:
    """Return that the server let a role in without asking for its password."""
    return Finding(
        Severity.FAILURE,
        FindingKind.NO_PASSWORD,
        database,
        role,
        f"{role} was let in without being asked for its password (pg_hba.conf: trust, peer or"
        " cert): whoever comes from there can be that role",
    )


def open_to_public(database: Database) -> tuple[str, ...]:
    """Return what everyone may do on a database, sorted."""
    return tuple(sorted({g.privilege for g in database.acl if g.grantee == PUBLIC}))


def _system_databases(ground: Ground) -> Iterator[Finding]:
    for name, database in sorted(ground.observed.databases.items()):
        held = open_to_public(database)
        if not ground.system(name) or not held:
            continue
        cure = ground.close_to_public(database)
        mine = cure.closable is Closable.ADMIN
        yield Finding(
            Severity.WARNING if cure.closable is Closable.PROVIDER else Severity.FAILURE,
            FindingKind.OPEN_DATABASE,
            name,
            "",
            f"PUBLIC holds {', '.join(held)} on it: every tenant can get in"
            + ("; `pgtenant apply` closes it" if mine else f"; only {database.owner} can close it"),
            cure,
        )


def _undeclared(ground: Ground) -> Iterator[Finding]:
    declared = {d.name for d in ground.desired.databases}
    for name, database in sorted(ground.observed.databases.items()):
        owner = ground.facts.roles.get(database.owner)
        managed = owner is not None and owner.managed == ground.desired.environment
        if name in declared or not managed or ground.system(name):
            continue
        held = open_to_public(database)
        if not held:
            said = "was made by an application and is not in the catalog; it is closed"
            yield Finding(
                Severity.NOTE, FindingKind.UNDECLARED_DATABASE, name, database.owner, said
            )
            continue
        closes = ground.desired.close_app_databases and can_be_sent(name)
        yield Finding(
            Severity.FAILURE,
            FindingKind.UNDECLARED_DATABASE,
            name,
            database.owner,
            "was made by an application, is not in the catalog and open to PUBLIC"
            f" ({', '.join(held)})" + ("; `pgtenant apply` closes it" if closes else ""),
            ground.close_to_public(database),
        )


def _squatted(ground: Ground) -> Iterator[Finding]:
    for declared in ground.desired.databases:
        database = ground.observed.databases.get(declared.name)
        if database is None or database.owner in {
            declared.owner.name,
            ground.observed.server.admin.name,
        }:
            continue
        yield Finding(
            Severity.FAILURE,
            FindingKind.SQUATTED_DATABASE,
            declared.name,
            database.owner,
            f"the catalog wants it for {declared.owner.name} and {database.owner} owns it: the"
            f" entry {declared.entry} is blocked",
            _out_of_the_way(ground, database, declared.owner.name),
        )


def _out_of_the_way(ground: Ground, database: Database, wanted: str) -> Cure:
    """Return what clears the name: what a tenant has in there is not another's to be given."""
    owner = ground.facts.roles.get(database.owner)
    if owner is not None and (owner.managed or database.owner in ground.desired.by_name):
        rename = rename_database(database.name, database.owner)
        return Cure(rename, database.owner, ground.closable(database.owner))
    give = advice(statements.database_owner(database.name, wanted))
    return Cure(give, "a superuser", ground.closable(database.owner))


def _session(ground: Ground, session: StaleSession) -> Finding:
    terminate = sql.SQL("SELECT pg_catalog.pg_terminate_backend({})").format(
        sql.Literal(session.pid)
    )
    closable = ground.closable(session.user)
    able = "a member of pg_signal_backend"
    if session.user in ground.facts.roles:
        able = f"{session.user}, or {able}"
    return Finding(
        Severity.FAILURE,
        FindingKind.STALE_SESSION,
        session.database,
        session.user,
        f"session {session.pid} of {session.user} is older than a revoke: it could not be opened"
        " now, and keeps its access until it ends (`--terminate`)",
        Cure(advice(terminate), able, closable),
        session.pid,
    )


def _large_database_acls(ground: Ground) -> Iterator[Finding]:
    for name, entries in sorted(ground.facts.acl_entries.items()):
        if entries >= ACL_ENTRIES:
            yield Finding(
                Severity.WARNING,
                FindingKind.LARGE_ACL,
                name,
                "",
                f"its ACL has {entries} entries: every GRANT rewrites it, every login reads it;"
                " grant CONNECT to a group role instead",
            )
