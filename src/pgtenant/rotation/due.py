"""When a password is due for a new one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pgtenant.settings.model import RotationSettings


_CLOCKS: Final = timedelta(days=1)
"""How far two clocks may be apart."""


@dataclass(frozen=True, slots=True)
class Due:
    """When a password has to be replaced.

    Attributes:
        days: how many it may be in use.
        since: from when on it has been; None where the store does not say.
        now: when that was asked, like all with a timezone.
    """

    days: int
    since: datetime | None
    now: datetime

    @property
    def at(self) -> datetime | None:
        """The moment; None where nobody knows since when it is in use."""
        return None if self.age is None else self.now - self.age + timedelta(days=self.days)

    @property
    def age(self) -> timedelta | None:
        """How long it has been in use; None where nobody knows, or the store names a future day."""
        if self.since is None or self.since > self.now + _CLOCKS:
            return None
        return self.now - self.since

    @property
    def is_due(self) -> bool:
        """Whether it has passed; a password of unknown age is due."""
        return self.at is None or self.at <= self.now


def days_of(settings: RotationSettings, risk: str | None) -> int:
    """Return how many days a password may be in use, by the risk of its entry."""
    by_risk = {
        "none": settings.none,
        "low": settings.low,
        "medium": settings.medium,
        "high": settings.high,
        "access": settings.access,
    }
    return settings.days if risk is None else by_risk[risk]
