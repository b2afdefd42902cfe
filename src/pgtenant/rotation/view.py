"""What a rotation did, or would do, for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pgtenant.rotation.due import Due


class State(StrEnum):
    """What became of one secret."""

    TO_DO = "to_do"
    ROTATED = "rotated"
    NOT_DUE = "not_due"
    NOTHING = "nothing"
    BLOCKED = "blocked"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rotated:
    """One secret.

    Attributes:
        entry: the key; empty for the admin.
        username: the login that gets the password; empty while it is not known.
        before: the login that the secret named so far.
        secret: its name.
        state: what became of it.
        reason: why nothing was done, or what failed.
        version: the id of its new version; empty where there is none.
        resumed: whether an earlier rotation was finished instead of a new one made.
        window: seconds from the moment the server was told of the password to the one the secret
            says it; None where nothing was set.
        due: when it is due; None where that was not asked.
        hasty: whether the login that gets the password may still be in use with the one before:
            it was replaced so lately that not everybody has read the secret since.
    """

    entry: str
    username: str
    before: str
    secret: str
    state: State
    reason: str = ""
    version: str = ""
    resumed: bool = False
    window: float | None = None
    due: Due | None = None
    hasty: bool = False

    @property
    def overlaps(self) -> bool:
        """Whether the password so far goes on working, because it is another login's."""
        return self.username != self.before
