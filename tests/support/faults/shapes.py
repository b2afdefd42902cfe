"""Boundaries by name: the statement's shape, without what differs from run to run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from support.faults.proxy import Boundary

_LONGEST: Final = 96
_REPLACED: Final = (
    (re.compile(r"--[^\n]*"), " "),
    (re.compile(r"E?'(?:[^'])*'(?:'[^']*')*"), "'…'"),
    (re.compile(r'"(?:[^"]|"")*"'), "x"),
    (re.compile(r"\$\d+|%\(\w+\)s"), "$"),
    (re.compile(r"\bn?-?\d+\b"), "n"),
    (re.compile(r"x(?:\.x)+"), "x"),
    (re.compile(r"x(?:, x)+"), "x"),
    (re.compile(r"\s+"), " "),
    (
        re.compile(r"\b(GRANT|REVOKE) (?!x )((?:GRANT OPTION FOR )?)[A-Z, ]+ (\(x\) )?ON"),
        r"\1 \2… \3ON",
    ),
)


RUN_LOCK: Final = "SELECT EXISTS ( SELECT FROM pg_catalog.pg_locks"
"""What the question whether the run still has its lock begins with."""

SCHEMA: Final = "/* the initial schema */"
"""What the SQL of a scenario's initial schema begins with."""


def name(boundary: Boundary, admins: Iterable[str]) -> str:
    """Name one boundary, without regard to the transaction that it is in.

    Args:
        boundary: which.
        admins: the roles that are no application's.
    """
    if not boundary.sql:
        return f"login of {'an admin' if boundary.user in set(admins) else 'a role'}"
    if boundary.sql.startswith(SCHEMA):
        return "the initial schema"
    shape = shape_of(boundary.sql)
    return _queries().get(shape) or _cut(shape)


def plain_names(boundaries: Iterable[Boundary], admins: Iterable[str]) -> tuple[str, ...]:
    """Name boundaries without regard to transactions: known when they are reached."""
    admins = tuple(admins)
    return tuple(name(boundary, admins) for boundary in boundaries)


def names(boundaries: Sequence[Boundary], admins: Iterable[str]) -> tuple[str, ...]:
    """Name all the boundaries of a run; BEGIN and COMMIT by the first statement between them.

    The frame of a loan counts only where there is nothing else.
    """
    plain = plain_names(boundaries, admins)
    found = list(plain)
    for begin, text in enumerate(plain):
        if text != "BEGIN":
            continue
        session = boundaries[begin].session
        inside = [
            place for place in range(begin + 1, len(plain)) if boundaries[place].session == session
        ]
        end = next((p for p in inside if plain[p] in {"COMMIT", "ROLLBACK"}), len(plain))
        between = [plain[p] for p in inside if p < end]
        first = next((n for n in between if not _is_frame(n)), next(iter(between), "nothing"))
        found[begin] = f"BEGIN before {first}"
        if end < len(plain):
            found[end] = f"{plain[end]} after {first}"
    return tuple(found)


def is_commit(name: str) -> bool:
    """Whether a lost answer leaves open what the statement did."""
    return name.startswith(("COMMIT", "CREATE DATABASE", "DROP DATABASE"))


def can_fail(name: str) -> bool:
    """Whether PostgreSQL has a way to answer it with an error: ending a savepoint has none."""
    return not name.startswith(("ROLLBACK", "RELEASE", "login"))


def _is_frame(name: str) -> bool:
    return name.startswith(("GRANT x TO x WITH", "SET LOCAL ROLE", "SAVEPOINT", RUN_LOCK))


def shape_of(text: str) -> str:
    """Take the names, literals, numbers and privileges out of a statement."""
    for pattern, replacement in _REPLACED:
        text = pattern.sub(replacement, text)
    return text.strip()


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


@cache
def _queries() -> dict[str, str]:
    directory = files("pgtenant.postgres.queries")
    return {
        shape_of(file.read_text("utf-8").replace("%%", "%")): f"queries/{file.name}"
        for file in directory.iterdir()
        if file.name.endswith(".sql")
    }
