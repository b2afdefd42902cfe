"""What came of an attack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pgtenant.verify.tenants.tricks import SAYS, Trick

SHOWN: Final = frozenset(
    {
        Trick.BECOME,
        Trick.BECOME_INSIDE,
        Trick.DISABLE,
        Trick.TRUNCATE,
        Trick.KEY,
        Trick.FOREIGN_KEY,
        Trick.SESSION,
    }
)
"""What an application's login can do to its own row security: shown as it is, and no failure."""


SHOWN_OF_ROLES: Final = frozenset({Trick.SESSION, Trick.ANOTHERS_ROLE})
"""The same where each tenant has a role of its own."""


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """What one attempt gave.

    Attributes:
        by: the tenant whose session it was, by its schema; empty for one without a tenant.
        on: the tenant that was attacked, by its schema.
        expected: the number of rows, or the SQLSTATE, that it had to give.
        given: what it gave.
    """

    trick: Trick
    by: str
    on: str
    expected: str
    given: str


@dataclass(frozen=True, slots=True)
class Trial:
    """All attempts of one kind.

    Attributes:
        tried: how many there were.
        otherwise: those that did not give what they had to; sorted.
    """

    trick: Trick
    tried: int
    otherwise: tuple[Answer, ...]

    @property
    def says(self) -> str:
        """What they show where all gave what they had to."""
        return SAYS[self.trick]

    @property
    def preventable(self) -> bool:
        """Whether it is not merely shown."""
        return self.trick not in SHOWN | SHOWN_OF_ROLES

    @property
    def holds(self) -> bool:
        """Whether tenants are kept apart, as far as row security can see to it."""
        return not self.preventable or not self.otherwise


@dataclass(frozen=True, slots=True)
class Attack:
    """An attack on the tenants of one entry.

    Attributes:
        login: who attacked: the role of the application's login.
        owns: whether that is also the owner of the tenants' tables.
        tenants: how many were attacked, or had stand-ins.
        of: how many there are.
        type: of the stand-ins' tenant column.
        trials: in the order of `Trick`.
        left_out: how many of their tables were not read: those that are not the owner's, that have
            no index for it, and what of one tenant is beyond the first fifty.
        unproven: why it was not carried out, or empty.
        entered: whether each tenant has a role of its own, which the login enters.
    """

    login: str
    owns: bool
    tenants: int
    of: int
    type: str
    trials: tuple[Trial, ...] = ()
    left_out: int = 0
    unproven: str = ""
    entered: bool = False

    @property
    def held(self) -> bool:
        """Whether it was carried out, and no tenant reached another."""
        return not self.unproven and all(trial.holds for trial in self.trials)

    @property
    def pairs(self) -> int:
        """How many of them attacked another."""
        return self.tenants * (self.tenants - 1)


def trials(answers: Iterable[Answer]) -> tuple[Trial, ...]:
    """Return what answers come to."""
    found: dict[Trick, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.trick, []).append(answer)
    return tuple(
        Trial(
            trick=trick,
            tried=len(found[trick]),
            otherwise=tuple(sorted(a for a in found[trick] if a.given != a.expected)),
        )
        for trick in Trick
        if trick in found
    )
