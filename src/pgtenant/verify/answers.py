"""What the server's answers mean, judged by SQLSTATE and never by text."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pgtenant.planning.logins import LoginOutcome
from pgtenant.verify.model import How, Observation, Outcome

_NO_PRIVILEGE: Final = "42501"
NO_ENTRY: Final = "28000"
WRONG_PASSWORD: Final = "28P01"  # noqa: S105 - a SQLSTATE
_PROVES_PASSWORD: Final = frozenset({"3D000", "42501", "55000"})
_REASONS: Final = {
    WRONG_PASSWORD: "the server does not take the password of its secret",
    NO_ENTRY: "pg_hba.conf or the role itself refuses the login",
    "3D000": "the database is gone",
    "53300": "no connection slot is free: server, database or role is at its limit",
    "55000": "the database accepts no connections (ALLOW_CONNECTIONS false)",
    "55P03": "another session holds a lock on it",
    "57014": "it took too long",
    "25006": "the server is read-only (a replica?)",
}


def of_login(answer: LoginOutcome, *, proven: bool) -> Observation:
    """Return what a login attempt proves about the privilege to connect.

    Args:
        answer: how it ended.
        proven: whether the role's password was seen to be right. Only then is a refusal before
            authentication (`pg_hba.conf`) one of this database and not of the login.
    """
    if answer.connected:
        return Observation(Outcome.ALLOWED)
    state = answer.sqlstate or ""
    refused = state == _NO_PRIVILEGE or (state == NO_ENTRY and proven)
    if refused:
        return Observation(Outcome.REFUSED, sqlstate=state, said=answer.message)
    return unknown(state, answer.message)


def of_statement(sqlstate: str | None, said: str) -> Observation:
    """Return what a refused statement proves; only a lack of privilege is a refusal."""
    if sqlstate == _NO_PRIVILEGE:
        return Observation(Outcome.REFUSED, sqlstate=sqlstate, said=said)
    return unknown(sqlstate or "", said)


def witnessed(seen: Observation, expected: Outcome, *, held: bool) -> Observation:
    """Return what an `EXPLAIN` proves, beside what the catalogs say.

    Args:
        seen: what came of it.
        expected: what should.
        held: whether the role holds the privilege.
    """
    if seen.outcome is Outcome.ALLOWED and not held:
        said = "nothing was checked: a rule replaces it, and the role lacks the privilege"
        return Observation(Outcome.REFUSED, How.CATALOG, said=said)
    if seen.outcome is Outcome.REFUSED and held:
        said = f"refused, though the role holds the privilege ({seen.said or 'no reason given'})"
        if expected is Outcome.REFUSED:
            return replace(seen, outcome=Outcome.UNKNOWN, said=said)
        # Of something else, such as a function that a default calls: with values it works.
        return replace(seen, outcome=Outcome.ALLOWED, how=How.CATALOG, said=said)
    return seen


def unknown(sqlstate: str, said: str) -> Observation:
    """Return that nothing is proven, and why."""
    reason = _REASONS.get(sqlstate) or said or "the server gave no reason"
    return Observation(Outcome.UNKNOWN, sqlstate=sqlstate, said=reason)


def wrong_password(answer: LoginOutcome) -> bool:
    """Return whether the role can't log in anywhere, so that further attempts are idle."""
    return answer.sqlstate == WRONG_PASSWORD


def proves_password(answer: LoginOutcome) -> bool:
    """Return whether the server took the password, whatever it then refused."""
    return answer.connected or answer.sqlstate in _PROVES_PASSWORD
