"""A transaction as the exact statements that are sent, loan included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from psycopg import sql

from pgtenant.planning.observed import Observed, OwnGrant
from pgtenant.planning.order import AsLogin, Borrowing, Group, Transaction
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.render import Statement, Verbatim, Verifiers, psql_variables, render
from pgtenant.planning.sql.text import as_text


@dataclass(frozen=True, slots=True)
class Lending:
    """How the admin comes to act as a role for the length of a transaction.

    Attributes:
        admin: the admin.
        major: the server's major version.
        free: roles the admin may `SET ROLE` to without a loan.
        restore: rows of the admin's own to put back after a loan.
        superuser: a superuser borrows nothing.
    """

    admin: str
    major: int
    free: frozenset[str]
    restore: Mapping[str, OwnGrant]
    superuser: bool

    @classmethod
    def of(cls, observed: Observed) -> Lending:
        """Read the facts off an observed server."""
        server = observed.server
        return cls(
            admin=server.admin.name,
            major=server.major,
            free=frozenset(n for n, r in observed.roles.items() if r.admin_can_set),
            restore={n: r.own_grant for n, r in observed.roles.items() if r.own_grant},
            superuser=server.admin.superuser,
        )

    def needed(self, role: str) -> bool:
        """Return whether `role` has to be borrowed at all."""
        return not self.superuser and role not in self.free and role != self.admin

    def lend(self, role: str) -> tuple[Statement, ...]:
        """Return the statements that begin the loan."""
        if not self.needed(role):
            return ()
        return (Statement(statements.lend(role, self.admin, self.major)),)

    def give_back(self, role: str) -> tuple[Statement, ...]:
        """Return the statements that end it."""
        if not self.needed(role):
            return ()
        before = self.restore.get(role)
        return (Statement(statements.give_back(role, self.admin, self.major, before)),)


RESET_ROLE = Statement(sql.SQL("RESET ROLE"))


def script(
    transaction: Transaction, lending: Lending, verifiers: Verifiers = psql_variables
) -> tuple[Statement, ...]:
    """Return the statements of `transaction` in the order they are sent, without `BEGIN`."""
    body = tuple(s for change in transaction.changes for s in render(change, verifiers))
    session = transaction.place.session
    return framed(body, session.role, lending) if isinstance(session, Borrowing) else body


def framed(body: tuple[Statement, ...], role: str, lending: Lending) -> tuple[Statement, ...]:
    """Return `body` inside a loan of `role`, with the owner's statements run as that role."""
    return (*lending.lend(role), *_switched(body, role), *lending.give_back(role))


def _switched(body: tuple[Statement, ...], role: str) -> Iterator[Statement]:
    """Put `SET LOCAL ROLE` and `RESET ROLE` around each run of the owner's statements."""
    acting = False
    for statement in body:
        if statement.as_owner and not acting:
            yield Statement(statements.set_local_role(role))
        if acting and not statement.as_owner:
            yield RESET_ROLE
        acting = statement.as_owner
        yield statement
    if acting:
        yield RESET_ROLE


def psql_script(groups: tuple[Group, ...], lending: Lending, maintenance: str) -> str:
    """Return the whole plan as a script for psql, to be read or pasted.

    A verifier is a psql variable named after its role, `keycloak_user_verifier`.
    """
    lines: list[str] = ["\\set ON_ERROR_STOP on"]
    for group in groups:
        lines += ["", f"-- {_one_line(group.database)}"]
        for transaction in group.transactions:
            lines += _psql_transaction(transaction, lending, maintenance)
    return "\n".join(lines) + "\n"


def _psql_transaction(
    transaction: Transaction, lending: Lending, maintenance: str
) -> Iterator[str]:
    place = transaction.place
    login = place.session.role if isinstance(place.session, AsLogin) else lending.admin
    yield f"\\connect {_argument(place.database or maintenance)} {_argument(login)}"
    if place.transactional:
        yield "BEGIN;"
    for statement in script(transaction, lending):
        yield _terminated(statement.text)
    if place.transactional:
        yield "COMMIT;"


def _terminated(statement: sql.Composable) -> str:
    """End a statement; a schema file may end in its own semicolon or in a comment."""
    text = as_text(statement)
    if not isinstance(statement, Verbatim):
        return f"{text};"
    ended = text.endswith(";") and "--" not in text.rsplit("\n", 1)[-1]
    return text if ended else f"{text}\n;"


def _argument(name: str) -> str:
    """Quote a name for a psql meta-command."""
    return as_text(sql.Identifier(name))


def _one_line(text: str) -> str:
    """Keep a server's name from ending a comment early."""
    return " ".join(text.split())
