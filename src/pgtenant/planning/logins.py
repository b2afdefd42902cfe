"""What a login attempt proves about a password, judged by SQLSTATE and never by text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pgtenant.planning.observed import PasswordState


@dataclass(frozen=True, slots=True)
class LoginOutcome:
    """How one attempt ended.

    Attributes:
        connected: whether a session was opened.
        sqlstate: the server's SQLSTATE when it was refused, or None.
        message: what was said, for people.
    """

    connected: bool
    sqlstate: str | None = None
    message: str = ""


_WRONG: Final = "28P01"
_AFTER_AUTHENTICATION: Final = frozenset({"3D000", "42501", "55000"})
"""No such database, no CONNECT, connections not allowed: the server checks the password first."""


def judge(
    outcome: LoginOutcome, *, expired: bool, rds_iam: bool = False
) -> tuple[PasswordState, str]:
    """Return the state of the password, and why it is unproven where it is.

    A role whose `VALID UNTIL` has passed is refused with the SQLSTATE of a wrong password,
    and on RDS a member of `rds_iam` whatever its password is, so nothing follows from that.
    Nor does anything from other refusals: resetting a password because the server was full
    would be an outage of our own making.
    """
    if outcome.connected or outcome.sqlstate in _AFTER_AUTHENTICATION:
        return PasswordState.CURRENT, ""
    if outcome.sqlstate == _WRONG:
        if expired:
            return PasswordState.UNPROVEN, "the role has expired"
        if rds_iam:
            return PasswordState.UNPROVEN, "the role is in rds_iam, where RDS refuses passwords"
        return PasswordState.WRONG, ""
    return PasswordState.UNPROVEN, outcome.message or "the server gave no reason"
