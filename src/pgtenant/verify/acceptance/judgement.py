"""Everything that was found out, as one line for each criterion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgtenant.verify.acceptance.entries import none_declared, of_entry
from pgtenant.verify.acceptance.expected import Expected
from pgtenant.verify.acceptance.found import Entry, Outside, RdsInstance, Server, Unknown
from pgtenant.verify.acceptance.instance import besides, described
from pgtenant.verify.acceptance.model import Check, Status, outcome
from pgtenant.verify.acceptance.settings import parameters, statistics, version


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked, and what came back.

    Attributes:
        rds: what AWS says; where nobody wanted to ask it, its criteria are left out.
        entries: those with tenants, sorted by key.
        outside: addresses that must not answer.
    """

    expected: Expected
    rds: RdsInstance | Unknown
    server: Server
    entries: tuple[Entry, ...]
    outside: tuple[Outside, ...] = ()


def judged(asked: Asked) -> tuple[Check, ...]:
    """Return every check, the ten criteria in their order first."""
    return tuple(_criteria(asked))


def _criteria(asked: Asked) -> Iterator[Check]:
    rds, server, expected = asked.rds, asked.server, asked.expected
    with_aws = isinstance(rds, RdsInstance) or not rds.left_out
    yield version(rds, server, expected)
    if with_aws:
        yield from described(rds, expected)
    yield parameters(rds, server, expected)
    yield from _by_criterion(asked.entries)
    if with_aws:
        yield from besides(rds, expected)
        yield statistics(rds)
    yield Check(
        "",
        "from inside",
        "a connection with TLS",
        "connected, with TLS" if server.encrypted else "connected, without TLS",
        f"this session of {server.admin} at {server.address}",
        outcome(right=server.encrypted),
    )
    yield from map(_outside, asked.outside)


def _by_criterion(entries: tuple[Entry, ...]) -> Iterator[Check]:
    if not entries:
        yield from none_declared()
        return
    # All of AC7, then all of AC8: the order in which people tick them off.
    for together in zip(*(of_entry(entry) for entry in entries), strict=True):
        yield from together


def _outside(one: Outside) -> Check:
    status = Status.UNPROVEN if one.unknown else outcome(right=not one.answers)
    return Check(
        "",
        f"from outside, {one.address}",
        "no answer",
        "" if one.unknown else "a connection" if one.answers else "no connection",
        one.said,
        status,
    )
