"""What a run of the benchmark is asked for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

SUITES = ("startup", "catalog", "provision", "latency", "tables", "tenants")
PEERS = ("ansible", "ldap2pg", "pg-sync-roles", "pgbedrock")
FAST = ("ldap2pg", "pg-sync-roles")
_TOOLS = ("floor", "pgtenant", *PEERS)
_QUICK = (20, 100)
_LARGE = (20, 100, 1000, 5000)
_FEW_TENANTS = (50,)
_MANY_TENANTS = (500, 2000, 10000)


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure.

    Attributes:
        name: of the result file.
        suites: which parts.
        tools: which groups of tools.
        scenarios: by their first word: `first`, `no`, `one`, `drifted`.
        sizes: how many applications.
        tables: how many tables in one database.
        tenants: how many tenants in one database.
        delays: of the latency proxy, in milliseconds each way.
        sessions: connections at once.
        rounds: timed rounds; of large sizes there are fewer.
        thorough: every scenario for every tool and delay; otherwise the run fits in ten minutes.
        patience: seconds; where a peer's smaller size says that it takes longer, it is left out.
        minutes: after which nothing more is begun; None for no limit.
        major: of the server; None for the newest that brings psql along.
        python: the interpreter whose pgtenant is measured.
        page: whether docs/performance.md is made anew.
    """

    name: str
    suites: tuple[str, ...]
    tools: tuple[str, ...]
    scenarios: tuple[str, ...]
    sizes: tuple[int, ...]
    tables: int
    tenants: tuple[int, ...]
    delays: tuple[float, ...]
    sessions: int
    rounds: int
    thorough: bool
    patience: float
    minutes: float | None
    major: int | None
    python: str
    page: bool


def parse(argv: Sequence[str]) -> Options:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--name", help="of the result file [default: quick, or large]")
    parser.add_argument("--suite", type=_among(SUITES), default=SUITES, help="some of the parts")
    parser.add_argument("--only", type=_among(_TOOLS), default=_TOOLS, help="some of the tools")
    parser.add_argument(
        "--scenario",
        type=_among(("first", "no", "one", "drifted")),
        default=("first", "no", "one", "drifted"),
        help="by first word; a first apply is always made",
    )
    parser.add_argument("--large", action="store_true", help="up to 5,000 applications, all peers")
    parser.add_argument("--sizes", type=_numbers(int), help="such as 20,100,1000")
    parser.add_argument("--tables", type=int, default=100_000, help="in one database")
    parser.add_argument(
        "--tenants", type=_numbers(int), help="in one database, such as 500,2000,10000"
    )
    parser.add_argument(
        "--delays", type=_numbers(float), default=(1.0, 5.0, 20.0), help="ms each way"
    )
    parser.add_argument("--sessions", type=int, default=8, help="connections at once")
    parser.add_argument("--rounds", type=int, default=3, help="timed ones, of small sizes")
    parser.add_argument("--patience", type=float, help="seconds for one run of a peer")
    parser.add_argument("--minutes", type=float, help="after which nothing more is begun")
    parser.add_argument("--major", type=int, help="of PostgreSQL")
    parser.add_argument("--python", default=sys.executable, help="whose pgtenant is measured")
    parser.add_argument("--no-page", action="store_true", help="leave docs/performance.md alone")
    given = parser.parse_args(argv)
    return Options(
        name=given.name or ("large" if given.large else "quick"),
        suites=given.suite,
        tools=given.only,
        scenarios=given.scenario,
        sizes=tuple(sorted(given.sizes or (_LARGE if given.large else _QUICK))),
        tables=given.tables,
        tenants=tuple(sorted(given.tenants or (_MANY_TENANTS if given.large else _FEW_TENANTS))),
        delays=given.delays,
        sessions=given.sessions,
        rounds=given.rounds,
        thorough=given.large,
        patience=given.patience or (600 if given.large else 30),
        minutes=given.minutes or (None if given.large else 8.5),
        major=given.major,
        python=given.python,
        page=not given.no_page,
    )


class _among:  # noqa: N801 - argparse shows the name
    def __init__(self, known: Sequence[str]) -> None:
        self._known = known

    def __call__(self, text: str) -> tuple[str, ...]:
        words = tuple(word for word in text.split(",") if word)
        if not words or set(words) - set(self._known):
            raise argparse.ArgumentTypeError(f"choose from {','.join(self._known)}")
        return words


class _numbers:  # noqa: N801 - argparse shows the name
    def __init__(self, kind: type[int] | type[float]) -> None:
        self._kind = kind

    def __call__(self, text: str) -> tuple[float, ...]:
        try:
            return tuple(self._kind(word) for word in text.split(","))
        except ValueError:
            raise argparse.ArgumentTypeError("numbers, separated by commas") from None
