"""Changes become transactions: what runs together, where, and as whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import assert_never

from pgtenant.catalog.model import Auth
from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    Change,
    ConfigureSecond,
    CreateDatabase,
    CreateExtension,
    CreateRole,
    CreateSecond,
    DatabaseChange,
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
    RunInitialSchema,
    SecureTables,
    TakeOverDatabase,
    UpdatePassword,
    UseIam,
    UsePassword,
)
from pgtenant.planning.desired import Desired


@dataclass(frozen=True, slots=True)
class AsAdmin:
    """On the admin's own connection, as the admin."""


@dataclass(frozen=True, slots=True)
class Borrowing:
    """On the admin's connection, with `role` borrowed for the length of the transaction."""

    role: str


@dataclass(frozen=True, slots=True)
class AsLogin:
    """On a login of `role` itself, because the SQL is not ours or can call what is not.

    `SET ROLE` is no boundary: a `DO` block, a trigger or a column default can `RESET ROLE`.
    """

    role: str
    secret: str


Session = AsAdmin | Borrowing | AsLogin


@dataclass(frozen=True, slots=True)
class Place:
    """Where and as whom a change runs.

    Attributes:
        database: the database to be connected to; None for the maintenance database.
        transactional: whether it may share a transaction with its neighbours.
        apart: changes of other values do not share a transaction: an entry's key for changes
            of roles that are there, so that one entry's failure leaves the others alone.
    """

    database: str | None
    session: Session
    transactional: bool = True
    apart: str = ""


@dataclass(frozen=True, slots=True)
class Transaction:
    """Changes that commit together."""

    place: Place
    changes: tuple[Change, ...]

    @property
    def entries(self) -> tuple[str, ...]:
        """The keys of the entries it works for, in order of first appearance."""
        return tuple(dict.fromkeys(change.entry for change in self.changes))


def parts_of(transaction: Transaction) -> tuple[Transaction, ...]:
    """Return what each entry has in a transaction, to be carried out one by one."""
    return tuple(
        Transaction(
            place=transaction.place,
            changes=tuple(c for c in transaction.changes if c.entry == entry),
        )
        for entry in transaction.entries
    )


@dataclass(frozen=True, slots=True)
class Group:
    """One database's transactions, in order. Groups do not depend on each other.

    Attributes:
        database: the database that the group is about.
    """

    database: str
    transactions: tuple[Transaction, ...]


def place_of(change: Change) -> Place:  # noqa: PLR0911 - one arm for each kind of place
    """Return where `change` runs."""
    match change:
        case (
            CreateRole()
            | AlterRole()
            | UpdatePassword()
            | UseIam()
            | UsePassword()
            | MarkRole()
            | RevokeMembership()
            | CreateSecond()
            | JoinFirst()
            | ConfigureSecond()
            | DropSecond()
            | JoinTenants()
        ):
            # New roles come together: they have few ways to fail, and one wait for the disk.
            together = isinstance(change, CreateRole) and change.auth is Auth.PASSWORD
            together = together or isinstance(change, CreateSecond)
            apart = "" if together else change.entry
            return Place(database=None, session=AsAdmin(), apart=apart)
        case CreateDatabase():
            return Place(database=None, session=AsAdmin(), transactional=False)
        case (
            HandOverDatabase()
            | TakeOverDatabase()
            | AlterDatabase()
            | MarkDatabase()
            | GrantDatabase()
            | RevokeDatabase()
        ):
            # The maintenance database: the database itself may be closed to us.
            return Place(database=None, session=Borrowing(change.owner), apart=change.database)
        case GrantObjects() | RevokeObjects() | RevokeColumns() | GrantDefault() | RevokeDefault():
            return Place(database=change.database, session=Borrowing(change.owner))
        case ReassignOwned():
            # As the second login: it is a member of the first, and so has the rights of both.
            return Place(database=change.database, session=Borrowing(change.role))
        case HoldApart():
            return Place(database=change.database, session=Borrowing(change.owner), apart="inherit")
        case CreateExtension():
            return Place(
                database=change.database,
                session=AsLogin(change.owner, change.secret),
                apart=change.extension,
            )
        case RunInitialSchema():
            return Place(database=change.database, session=AsLogin(change.owner, change.secret))
        case SecureTables() | GiveTables():
            # Each locks its tables against everybody until it commits.
            return Place(
                database=change.database,
                session=AsLogin(change.owner, change.secret),
                apart=".".join((change.kind, *change.tables[0])),
            )
        case _:
            assert_never(change)


def phase_of(change: Change) -> int:  # noqa: PLR0911 - one arm for each phase
    """Return the order of a change within its group.

    Roles, then the database from the outside, then what is inside: first whose it is, because
    only its owner can grant on it, then grants, and only then the tenant's own SQL: default
    privileges stand by then, so what it makes is covered. What the marker remembers comes last,
    because it says that all the rest is done.
    """
    match change:
        case MarkRole(late=True):
            return 7
        case (
            CreateRole()
            | AlterRole()
            | UpdatePassword()
            | UseIam()
            | UsePassword()
            | MarkRole()
            | RevokeMembership()
            | CreateSecond()
            | JoinFirst()
            | ConfigureSecond()
            | JoinTenants()
        ):
            return 0
        case CreateDatabase():
            return 1
        case (
            HandOverDatabase()
            | TakeOverDatabase()
            | AlterDatabase()
            | MarkDatabase()
            | GrantDatabase()
            | RevokeDatabase()
        ):
            return 2
        case ReassignOwned():
            return 3
        case GrantObjects() | RevokeObjects() | RevokeColumns() | GrantDefault() | RevokeDefault():
            return 4
        case CreateExtension() | RunInitialSchema() | SecureTables() | GiveTables():
            return 5
        case DropSecond() | HoldApart():
            return 6
        case _:
            assert_never(change)


def order(changes: Iterable[Change], desired: Desired) -> tuple[Group, ...]:
    """Put changes into groups of transactions, sorted by database."""
    seconds = {role.second: role.database for role in desired.roles}
    homes = seconds | {role.name: role.database for role in desired.roles}
    declared = {database.name for database in desired.databases}

    def home(change: Change) -> str:
        if not isinstance(change, DatabaseChange):
            return homes[change.role]
        # Two transactions that borrow the same role at once get in each other's way.
        elsewhere = change.database not in declared and change.owner in homes
        if elsewhere or isinstance(change, ReassignOwned) or _homeless(change):
            return homes[change.owner]
        return change.database

    changes = tuple(changes)
    for change in changes:
        if isinstance(change, RevokeDatabase) and _homeless(change):
            homes.setdefault(change.owner, change.database)
    grouped: dict[str, list[Change]] = {}
    for change in changes:
        grouped.setdefault(home(change), []).append(change)
    return tuple(
        Group(database=name, transactions=tuple(_transactions(sorted(members, key=phase_of))))
        for name, members in sorted(grouped.items())
    )


def _homeless(change: Change) -> bool:
    """Return whether a change closes a database that is no declared role's home."""
    return isinstance(change, RevokeDatabase) and (change.undeclared or not change.entry)


def _transactions(changes: list[Change]) -> Iterator[Transaction]:
    for place, run in groupby(changes, key=place_of):
        if place.transactional:
            yield Transaction(place=place, changes=tuple(run))
        else:
            yield from (Transaction(place=place, changes=(change,)) for change in run)
