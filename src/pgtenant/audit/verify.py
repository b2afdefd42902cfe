"""Does a journal still say what was written? Names the first record that does not fit; pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pgtenant.audit.chain import GENESIS, Link, parse
from pgtenant.audit.origin import proven
from pgtenant.audit.runs import notes_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Why(StrEnum):
    """What must have happened to a record."""

    EDITED = "edited"
    REMOVED = "removed"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    INSERTED = "inserted"


@dataclass(frozen=True, slots=True)
class Head:
    """The last record of a journal, to be published where its writers can't reach.

    Attributes:
        seq: 0 in an empty journal; None when only the hash was published.
    """

    seq: int | None
    hash: str

    def __str__(self) -> str:
        return f"{self.seq} {self.hash}" if self.seq is not None else self.hash


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first record that does not fit.

    Attributes:
        line: 1-based; one more than there are when what is missing stood behind the last.
        seq: of the record that is, or should be, there.
    """

    line: int
    seq: int
    why: Why
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, seq {self.seq}: {self.why}: {self.message}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a journal holds.

    Attributes:
        links: the records before the first misfit, in their order.
        misfit: None when everything fits.
        notes: what is in order and yet worth to know.
    """

    links: tuple[Link, ...]
    misfit: Misfit | None
    notes: tuple[str, ...]

    @property
    def head(self) -> Head:
        """The last record that fits."""
        return Head(self.links[-1].seq, self.links[-1].hash) if self.links else Head(0, GENESIS)


def verify(data: bytes, heads: Iterable[Head] = ()) -> Verdict:
    """Check a journal.

    Args:
        data: the file.
        heads: those that were published: each of them has to be in it.
    """
    *lines, tail = data.split(b"\n")
    parsed = [parse(line) for line in lines]
    heads = tuple(heads)
    chain = _follow(parsed, {head.hash for head in heads})
    # Up to the first line that is not the chain's next record.
    good = next((i for i, place in enumerate(chain) if place != i), len(chain))
    links = tuple(link for link in parsed[:good] if link is not None)
    misfit: Misfit | None = None
    if good < len(lines):
        misfit = _explain(parsed, chain, good)
    elif tail:
        misfit = Misfit(
            good + 1,
            good + 1,
            Why.TRUNCATED,
            f"the last line is cut off after {len(tail)} bytes, by a crash or by somebody; the"
            " next run keeps the rest of it as a record",
        )
    misfit = misfit or _missing_head(links, heads)
    return Verdict(links, misfit, notes_on(links))


def _follow(parsed: Sequence[Link | None], published: set[str]) -> list[int]:
    """Return the places of the records that form the chain, wherever they stand."""
    following: dict[tuple[int, str], list[int]] = {}
    for place, link in enumerate(parsed):
        if link is not None:
            following.setdefault((link.seq, link.previous), []).append(place)
    chain: list[int] = []
    seq, previous = 1, GENESIS
    while places := following.get((seq, previous)):
        # Of several that claim one place, the chain's is the one that was published, or that
        # others were built on; else the first.
        hashes = {place: link.hash for place in places if (link := parsed[place]) is not None}
        trust = {p: (h in published, (seq + 1, h) in following) for p, h in hashes.items()}
        chosen = max(places, key=trust.__getitem__)
        chain.append(chosen)
        seq, previous = seq + 1, hashes[chosen]
    return chain


def _explain(parsed: Sequence[Link | None], chain: Sequence[int], place: int) -> Misfit:
    """Say what happened at the first line that is not the chain's next record."""
    line, seq, link = place + 1, place + 1, parsed[place]
    whole = place < len(chain)  # the record that belongs here is somewhere else in the file
    if link is None:
        edited = (Why.EDITED, "the line is not what its hash was made from")
        inserted = (Why.INSERTED, "the line is no record, and the chain goes on without it")
        return Misfit(line, seq, *(inserted if whole else edited))
    if place in chain:
        return Misfit(
            line, link.seq, Why.REORDERED, f"it stands in the place of the record with seq {seq}"
        )
    if whole or link.seq <= place:
        return Misfit(line, link.seq, Why.INSERTED, "the chain goes on without it")
    if link.seq > seq:
        last = link.seq - 1
        gone = f"the record with seq {seq} is" if last == seq else f"seq {seq} to {last} are"
        return Misfit(line, seq, Why.REMOVED, f"{gone} missing before this line")
    if place == 0:
        return Misfit(line, seq, Why.EDITED, "the first record claims that one came before it")
    return Misfit(
        line - 1, seq - 1, Why.EDITED, f"the record with seq {seq} was written after another one"
    )


def _missing_head(links: Sequence[Link], heads: Iterable[Head]) -> Misfit | None:
    places = proven(links)
    for head in heads:
        place, seq = places.get(head.hash, (None, None))
        if place is not None and head.seq in {None, seq}:
            continue
        if place:
            return Misfit(
                place,
                place,
                Why.EDITED,
                f"its hash was published as that of seq {head.seq}: the published head is not what"
                " `pgtenant audit head` has printed",
            )
        if head.seq is not None and head.seq <= len(links):
            return Misfit(
                head.seq,
                head.seq,
                Why.EDITED,
                f"it is not the record that was published ({head.hash}): from here or before, the"
                " journal was written anew",
            )
        was = f"seq {head.seq}" if head.seq is not None else head.hash
        or_else = "" if head.seq is not None else ", or the journal was written anew"
        return Misfit(
            len(links) + 1,
            len(links) + 1,
            Why.TRUNCATED,
            f"the journal ends at seq {len(links)}, and the published head {was} is not in it:"
            f" what came after was cut off{or_else}",
        )
    return None
