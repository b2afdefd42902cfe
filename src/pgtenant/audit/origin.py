"""Records that were collected from another journal, such as that of a Job; pure.

Where they are collected they continue another chain, so they get a number and a hash of that one.
What they had before stands in `collected`, and what could not stay true elsewhere (numbers of
records; what that journal knew to be open) in its `was`: so the record that was written first can
be made again, and its own chain and published heads be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pgtenant.audit.chain import GENESIS, Kind, Link, seal

MEMBER: Final = "collected"
_CHAIN: Final = frozenset({"seq", "previous", "hash"})
# A checkpoint says of all runs before it that nothing else is open. Of a Job's journal, which
# begins with the Job, that is true; in the journal here there are other runs.
_OWN: Final = frozenset({"server", "unsettled", "looked_at"})


def transplanted(link: Link, places: Mapping[int, int]) -> dict[str, Any]:
    """Return a record's members for another journal, without those of the chain.

    Args:
        link: as its own journal has it.
        places: the number in the other journal, by that in its own.
    """
    members = {name: value for name, value in link.members.items() if name not in _CHAIN}
    was: dict[str, Any] = {}

    def change(name: str, value: object) -> None:
        if members[name] != value:
            was[name], members[name] = members[name], value

    if link.text("kind") in {Kind.SETTLED, Kind.RUN_FINISHED}:
        was |= {name: members.pop(name) for name in _OWN & members.keys()}
    if link.text("kind") == Kind.RUN_FINISHED:
        if "started" in members:
            change("started", _place(members["started"], places))
        if "csv_missing" in members:
            change("csv_missing", 0)  # the CSV here has those rows
    if isinstance(settles := members.get("settles"), dict) and "seq" in settles:
        change("settles", {**settles, "seq": _place(settles["seq"], places)})
    origin: dict[str, Any] = {"seq": link.seq, "previous": link.previous, "hash": link.hash}
    return {**members, MEMBER: origin | ({"was": was} if was else {})}


def original(link: Link) -> Link | None:
    """Return a collected record as it was first written; None when it was not, or is forged."""
    origin = link.members.get(MEMBER)
    if not isinstance(origin, dict):
        return None
    seq, previous, was = origin.get("seq"), origin.get("previous"), origin.get("was", {})
    if type(seq) is not int or not isinstance(previous, str) or not isinstance(was, dict):
        return None
    kept = {name: value for name, value in link.members.items() if name not in _CHAIN | {MEMBER}}
    members = {**kept, **was}
    if members.keys() & _CHAIN:
        return None
    first = seal(members, seq=seq, previous=previous)
    return first if first.hash == origin.get("hash") else None


def originals(links: Iterable[Link]) -> Iterator[tuple[Link, Link]]:
    """Yield each collected record of a journal: as it was first written, and as it is here."""
    for link in links:
        if MEMBER in link.members and (first := original(link)) is not None:
            yield first, link


def proven(links: Iterable[Link]) -> dict[str, tuple[int, int]]:
    """Return the hashes that a journal holds all of the chain before.

    Returns:
        By hash: the record's number here, and in the journal that it was first written to.
    """
    held = {GENESIS: (0, 0)}
    for link in links:
        held[link.hash] = link.seq, link.seq
        first = original(link) if MEMBER in link.members else None
        if first is not None and first.previous in held:
            held[first.hash] = link.seq, first.seq
    return held


def _place(seq: object, places: Mapping[int, int]) -> int:
    """Return the number here; 0, which no record has, when that one is not here."""
    return places.get(seq, 0) if isinstance(seq, int) else 0
