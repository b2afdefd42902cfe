"""Passwords that a run sets: what the server gets in their place, the login that proves them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from pgtenant.catalog.model import Auth
from pgtenant.codes import Code
from pgtenant.errors import SecretError, ServerError
from pgtenant.planning.changes import (
    Change,
    CreateRole,
    CreateSecond,
    UpdatePassword,
    UsePassword,
    role_of,
)
from pgtenant.planning.logins import judge
from pgtenant.planning.observed import PasswordState
from pgtenant.planning.order import Transaction
from pgtenant.postgres import scram
from pgtenant.postgres.connect import Keys, Login
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.probe import try_login
from pgtenant.secrets.credentials import parse
from pgtenant.secrets.secret import Secret
from pgtenant.usecases.look import Instance


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that a change sets.

    Attributes:
        role: the login.
        secret: the name of the secret that holds it.
    """

    change: Change
    role: str
    secret: str


def set_by(transaction: Transaction) -> list[NewPassword]:
    """Return the passwords that a transaction sets, which logins then have to prove."""
    return [
        NewPassword(change, role_of(change), secret)
        for change in transaction.changes
        if (secret := _secret(change)) is not None
    ]


def _secret(change: Change) -> str | None:
    match change:
        case UpdatePassword() | UsePassword() | CreateSecond():
            return change.secret
        case CreateRole(auth=Auth.PASSWORD, passwordless=False):
            return change.secret
        case _:
            return None


async def still_stored(instance: Instance, transaction: Transaction) -> None:
    """Refuse to set a password that its secret does not hold any more.

    A rotation that comes between looking and setting, such as another tool's, has set the new one
    already.

    Raises:
        SecretError: a secret has changed, or can't be read.
    """
    resets = [change for change in transaction.changes if isinstance(change, UpdatePassword)]
    source = instance.inputs.source
    if not resets or source is None:
        return
    texts = await source.store.fetch([change.secret for change in resets])
    for change in resets:
        text = texts[change.secret]
        if isinstance(text, SecretError):
            raise text
        found = parse(change.secret, text, expected_username=None)
        known = instance.inputs.passwords[change.secret]
        if (found.username, found.password) != (change.role, known):
            raise SecretError(
                f"secret {change.secret} has changed since this run read it: the password of"
                f" {change.role} was not set",
                hint="run again",
                code=Code.SECRET_CHANGED,
            )


async def verifiers(
    connection: Connection, transaction: Transaction, passwords: Mapping[str, Secret]
) -> dict[str, scram.Verifier]:
    """Compute what a transaction needs to set passwords, without keeping others waiting.

    Args:
        connection: nothing is sent on it.
        transaction: what sets them.
        passwords: by secret.

    Returns:
        By role.
    """
    changes = set_by(transaction)
    if not changes:
        return {}

    def compute() -> dict[str, scram.Verifier]:
        return {
            one.role: scram.verifier(connection, one.role, passwords[one.secret].reveal())
            for one in changes
        }

    return await asyncio.to_thread(compute)


async def prove(instance: Instance, new: NewPassword, keys: Keys | None) -> str:
    """Log in with a password that was just set: a malformed verifier would have become it.

    Args:
        instance: where.
        new: the password.
        keys: what its verifier was computed from.

    Returns:
        Why the login proved nothing; empty when it did.

    Raises:
        ServerError: the server refuses the password.
    """
    login = Login(new.role, instance.inputs.passwords[new.secret].reveal(), keys)
    outcome = await try_login(instance.gate, login, instance.inputs.maintenance_database)
    state, note = judge(outcome, expired=False)
    if state is PasswordState.WRONG:
        raise ServerError(
            f"the server refuses the password of {new.role} that was just set",
            hint="does something else set it too? Run again",
            sqlstate="28P01",
            code=Code.UNPROVEN_PASSWORD,
        )
    return note if state is PasswordState.UNPROVEN else ""
