"""The journal's records: canonical JSON, each with the hash of the one before; pure.

A record is one line of ASCII: JSON with sorted keys and no spaces. `seq` counts from 1,
`previous` is the `hash` of the record before (64 zeros for the first), and `hash` is the SHA-256
of the record's canonical JSON without `hash` itself. A line that is not canonical is no record,
so that no byte of the file is free.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

FORMAT: Final = 2
"""2 brought `planned` and `settled`; a journal may hold runs of either."""
GENESIS: Final = "0" * 64
"""What the first record says about the one before."""

Members = Mapping[str, object]


class Kind(StrEnum):
    """What a record is about.

    `PLANNED` is what a run is about to change; `RECORD` is a row of the CSV, with its entry and
    SQL; `SETTLED` says what is still unknown of earlier runs; `TORN` keeps what a crash cut off;
    `COLLECTED` stands before records that were read from a log.
    """

    RUN_STARTED = "run_started"
    PLANNED = "planned"
    SETTLED = "settled"
    RECORD = "record"
    RUN_FINISHED = "run_finished"
    TORN = "torn"
    COLLECTED = "collected"


@dataclass(frozen=True, slots=True)
class Link:
    """A record in the chain, whole in itself; whether it fits its neighbours is for `verify`.

    Attributes:
        members: everything in the record, the other three attributes included.
    """

    seq: int
    previous: str
    hash: str
    members: Mapping[str, Any]

    @property
    def line(self) -> bytes:
        """The record as it stands in the file, with its line end."""
        return canonical(self.members) + b"\n"

    def text(self, name: str) -> str:
        """Return a member as text; empty when there is none."""
        return str(self.members.get(name, ""))


def canonical(members: Members) -> bytes:
    """Return members as the JSON that is hashed.

    Raises:
        TypeError: a value is nothing that JSON has, such as a `Secret`.
    """
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def seal(members: Members, *, seq: int, previous: str) -> Link:
    """Return members as the record that follows the one with the hash `previous`.

    Raises:
        TypeError: see `canonical`.
        ValueError: the members have a name that belongs to the chain.
    """
    if taken := members.keys() & {"seq", "previous", "hash"}:
        raise ValueError(f"{', '.join(sorted(taken))} belong to the chain")
    unsealed = {**members, "seq": seq, "previous": previous}
    digest = hashlib.sha256(canonical(unsealed)).hexdigest()
    return Link(seq=seq, previous=previous, hash=digest, members={**unsealed, "hash": digest})


def seal_all(records: Iterable[Members], head: Link | None) -> Iterator[Link]:
    """Yield records that follow each other.

    Args:
        records: members of each.
        head: what the first one follows; None when it begins a chain.

    Raises:
        TypeError: see `canonical`.
        ValueError: see `seal`.
    """
    seq, previous = (head.seq, head.hash) if head else (0, GENESIS)
    for members in records:
        link = seal(members, seq=seq + 1, previous=previous)
        yield link
        seq, previous = link.seq, link.hash


def parse(line: bytes) -> Link | None:
    """Read a line without its line end; None when it is no record, or not the one that was sealed.

    Args:
        line: from a file that anybody may have written.
    """
    try:
        members = json.loads(line.decode("ascii"))
        if not isinstance(members, dict) or canonical(members) != line:
            return None
        seq, previous = members["seq"], members["previous"]
        unsealed = {name: value for name, value in members.items() if name != "hash"}
        digest = hashlib.sha256(canonical(unsealed)).hexdigest()
    except (ValueError, KeyError, RecursionError):
        return None
    if members.get("hash") != digest or type(seq) is not int or not isinstance(previous, str):
        return None
    return Link(seq=seq, previous=previous, hash=digest, members=members)
