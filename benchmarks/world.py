"""What a tool is told: where the server is, as whom, for which applications."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.workload import App, Scenario

ADMIN = "platform_admin"
MAINTENANCE = "platform"
PROGRAMS = Path(__file__).parent / "programs"
"""What runs in processes of its own."""


@dataclass(frozen=True, slots=True)
class Account:
    """A login."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class World:
    """One server as the tools reach it.

    Attributes:
        port: on 127.0.0.1: the server's own, or that of a proxy before it.
        major: the server's major version.
        admin: `LOGIN CREATEROLE CREATEDB`, never a superuser.
        superuser: for the tools that need one.
        psql: the program.
        sessions: how many connections a tool may have at once, where it can be told.
        directory: for a tool's files; empty at first.
    """

    port: int
    major: int
    admin: Account
    superuser: Account
    psql: Path
    sessions: int
    directory: Path
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Job:
    """What a tool is to bring about.

    Attributes:
        scenario: the difference to what is there.
        apps: every application that shall be there afterwards; what is added comes last.
    """

    scenario: Scenario
    apps: tuple[App, ...]

    @property
    def new(self) -> tuple[App, ...]:
        """The applications that are not there yet."""
        match self.scenario:
            case Scenario.FIRST:
                return self.apps
            case Scenario.ADDED:
                return self.apps[-1:]
            case _:
                return ()


@dataclass(frozen=True, slots=True)
class Command:
    """A process to start.

    Attributes:
        argv: program and arguments.
        env: added to the environment, from which everything of libpq and pgtenant was taken.
    """

    argv: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
