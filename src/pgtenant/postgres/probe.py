"""Login attempts: the one way to learn whether a password is current without setting it."""

from __future__ import annotations

from pgtenant.errors import ServerError
from pgtenant.planning.logins import LoginOutcome
from pgtenant.postgres.connect import Gate, Login


async def try_login(gate: Gate, login: Login, database: str) -> LoginOutcome:
    """Log in, armoured like every session, and leave at once."""
    try:
        await gate.knock(login, database)
    except ServerError as error:
        return LoginOutcome(connected=False, sqlstate=error.sqlstate, message=error.message)
    return LoginOutcome(connected=True)
