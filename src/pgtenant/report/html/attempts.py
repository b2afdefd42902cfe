"""The attempts of a verification's record, put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pgtenant.report.verify_text import DOES
from pgtenant.report.words import count
from pgtenant.verify.model import Kind

Attempt = Mapping[str, Any]

VERDICTS: Final = ("failed", "not_proven", "warning", "passed")
"""In the order of what hurts."""

KINDS: Final[Mapping[str, str]] = {
    "connect": "connect to a database",
    "select": "read a table",
    "insert": "insert into a table",
    "update": "update a table",
    "delete": "delete from a table",
    "create_schema": "create a schema",
    "create_table": "create a table",
    "create_temporary": "create a temporary table",
    "default_privilege": "be given what an owner makes",
    "execute": "call another tenant's function",
    "become": "become another role",
    "read_passwords": "read password hashes",
    "attribute": "have an attribute",
}

_MOST_ROLES: Final = 8


@dataclass(frozen=True, slots=True)
class Together:
    """Attempts that ended alike, for the same reason.

    Attributes:
        what: what came of them, in words.
        roles: who made them, sorted.
        said: what the server said, or why nothing is proven.
        database: where.
    """

    verdict: str
    database: str
    what: str
    roles: tuple[str, ...]
    said: str
    path: str
    statement: str
    executor: str

    @property
    def who(self) -> str:
        """The roles in words."""
        more = len(self.roles) - _MOST_ROLES
        listed = ", ".join(self.roles[:_MOST_ROLES])
        return f"{listed} and {count(more, 'more role', 'more roles')}" if more > 0 else listed


def counted(record: Mapping[str, Any]) -> dict[str, Counter[str]]:
    """Return how many attempts of each kind have each verdict, in the order of `KINDS`."""
    found: dict[str, Counter[str]] = {}
    for attempt in record["attempts"]:
        found.setdefault(attempt["kind"], Counter())[attempt["verdict"]] += 1
    return {kind: found[kind] for kind in (*KINDS, *sorted(found.keys() - KINDS)) if kind in found}


def together(record: Mapping[str, Any]) -> tuple[Together, ...]:
    """Return everything that did not pass, each cause once, failures first."""
    groups: dict[tuple[str, ...], list[Attempt]] = {}
    for attempt in record["attempts"]:
        if attempt["verdict"] != "passed":
            groups.setdefault(_cause(attempt), []).append(attempt)
    ranked = sorted(groups.items(), key=lambda item: (VERDICTS.index(item[0][0]), item[0]))
    return tuple(_of(attempts) for _, attempts in ranked)


def _cause(attempt: Attempt) -> tuple[str, ...]:
    if attempt["verdict"] == "not_proven":
        return ("not_proven", attempt["role"], attempt["said"])
    names = ("verdict", "kind", "database", "target", "expected", "statement", "executor", "path")
    return tuple(str(attempt[name]) for name in names)


def _of(attempts: list[Attempt]) -> Together:
    first = attempts[0]
    kind: str = first["kind"]
    does = DOES[Kind(kind)] if kind in DOES else kind
    what = does.format(database=first["database"], target=first["target"])
    if first["verdict"] == "not_proven":
        what = f"could not be tried: {count(len(attempts), 'attempt')}"
    elif first["expected"] == "allowed":
        what = f"should be able to {what}, and can't"
    else:
        what = f"can {what}"
    return Together(
        verdict=first["verdict"],
        database=first["database"],
        what=what,
        roles=tuple(sorted({attempt["role"] for attempt in attempts})),
        said=first["said"],
        path=first["path"],
        statement=first["statement"],
        executor=first["executor"],
    )
