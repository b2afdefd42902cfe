"""The workload W(N): N applications with a database and three roles each. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """What a role may do in its application's database."""

    OWNER = "owner"
    EDITOR = "editor"
    READER = "reader"


@dataclass(frozen=True, slots=True)
class Role:
    """A login of an application."""

    name: str
    level: Level

    @property
    def password(self) -> str:
        """The password: the same in every run, and worth nothing."""
        return "fake-" + hashlib.sha256(self.name.encode()).hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class App:
    """One application.

    Attributes:
        number: from 1.
    """

    number: int

    @property
    def database(self) -> str:
        """Its database."""
        return f"app_{self.number:05}"

    def role(self, level: Level) -> Role:
        """Its role of that level."""
        return Role(f"{self.database}_{level.value}", level)

    @property
    def owner(self) -> Role:
        """The role that owns its database."""
        return self.role(Level.OWNER)

    @property
    def editor(self) -> Role:
        """The role that reads and writes there."""
        return self.role(Level.EDITOR)

    @property
    def reader(self) -> Role:
        """The role that reads there."""
        return self.role(Level.READER)

    @property
    def roles(self) -> tuple[Role, ...]:
        """All three."""
        return tuple(self.role(level) for level in Level)


class Scenario(Enum):
    """What there is to do."""

    FIRST = "first apply"
    NO_CHANGE = "no change"
    ADDED = "one added"
    DRIFTED = "drifted"


DRIFT_EVERY = 10
"""One database in so many has lost a grant: `USAGE` on schema `public` for its reader."""


def apps(count: int) -> tuple[App, ...]:
    """W(count)."""
    return tuple(App(number) for number in range(1, count + 1))


def drifting(given: Sequence[App]) -> tuple[App, ...]:
    """The applications whose reader has lost a grant."""
    return tuple(app for app in given if app.number % DRIFT_EVERY == 0)


def shares(given: Sequence[App], sessions: int) -> tuple[tuple[App, ...], ...]:
    """Divide the work between that many sessions, as evenly as it can be; none is empty."""
    parts = (tuple(given[start::sessions]) for start in range(sessions))
    return tuple(part for part in parts if part)
