"""How a secret stands: how old it is, when it is due, and whether its password works."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgtenant.catalog.model import Rotation
    from pgtenant.rotation.due import Due
    from pgtenant.rotation.stages import Versions


class Works(StrEnum):
    """What a login with the stored password showed."""

    YES = "yes"
    NO = "no"
    UNPROVEN = "unproven"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True)
class Health:
    """One secret.

    Attributes:
        entry: the key; empty for the admin.
        secret: its name.
        login: who logs in with it; empty where that could not be read.
        rotation: how its password is changed; None where it has none.
        versions: what the store tells of it; None where it could not be asked.
        due: when the password has to be replaced; None where it has none, or nobody could say.
        works: whether the password does; `unused` where nobody logs in with one.
        note: why it does not, or is not used; and why there are no versions.
    """

    entry: str
    secret: str
    login: str
    rotation: Rotation | None
    versions: Versions | None
    due: Due | None
    works: Works
    note: str = ""

    @property
    def is_due(self) -> bool:
        """Whether it is time for a new password."""
        return self.due is not None and self.due.is_due


def all_proven(healths: tuple[Health, ...]) -> bool:
    """Return whether every password that is used has logged in."""
    return all(one.works in {Works.YES, Works.UNUSED} for one in healths)
