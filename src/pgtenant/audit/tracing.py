"""Which records of a log form chains that hold; pure.

A chain holds from its first record, or from one that is collected already, up to where a record is
missing or two claim one place. What is beyond that is nobody's word: it is kept apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from pgtenant.audit.chain import GENESIS, Link


@dataclass(frozen=True, slots=True)
class Chain:
    """Records of one journal, each followed by the next.

    Attributes:
        root: the hash of the record before the first one.
    """

    root: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Traced:
    """The records of a log, judged.

    Attributes:
        chains: those that hold, the oldest first.
        loose: the rest, in the log's order.
        why: what is wrong, one item for each place where a chain is broken.
    """

    chains: tuple[Chain, ...]
    loose: tuple[Link, ...]
    why: tuple[str, ...]


def trace(links: Sequence[Link], known: Mapping[str, Link]) -> Traced:
    """Follow the chains of a log.

    Args:
        links: the log's records, each once; in any order.
        known: by hash: what is collected already, as it was first written, or is of the journal
            itself.
    """
    following: dict[str, dict[str, Link]] = {}
    for link in (*links, *known.values()):
        following.setdefault(link.previous, {}).setdefault(link.hash, link)
    given = {link.hash: link for link in links}
    roots = [link for link in links if _is_root(link, given, known)]
    chains: list[Chain] = []
    held: set[str] = set()
    for root in roots:
        chain = _follow(root, following, known, held)
        if chain:
            chains.append(Chain(root.previous, tuple(one for one in chain if one.hash in given)))
            held |= {one.hash for one in chain}
    loose = tuple(link for link in links if link.hash not in held)
    why = tuple(
        _break(link, following, held)
        for link in loose
        if link.previous not in given or link.previous in held
    )
    chains.sort(key=lambda chain: chain.links[0].text("timestamp_utc"))
    return Traced(tuple(chains), loose, why)


def _is_root(link: Link, given: Mapping[str, Link], known: Mapping[str, Link]) -> bool:
    if link.previous == GENESIS:
        return link.seq == 1
    before = known.get(link.previous)
    return before is not None and link.previous not in given and link.seq == before.seq + 1


def _follow(
    root: Link,
    following: Mapping[str, Mapping[str, Link]],
    known: Mapping[str, Link],
    held: Set[str],
) -> list[Link]:
    """Return the records from a root on, up to where none or more than one comes next."""
    if root.previous != GENESIS and _next(root.previous, following, known) is not root:
        return []
    chain: list[Link] = []
    found: Link | None = root
    while found is not None and found.hash not in held:
        chain.append(found)
        found = _next(found.hash, following, known)
        if found is not None and found.seq != chain[-1].seq + 1:
            break
    return chain


def _next(
    previous: str, following: Mapping[str, Mapping[str, Link]], known: Mapping[str, Link]
) -> Link | None:
    """Return the one record that follows; of several, the one that is known already."""
    found = following.get(previous, {})
    if len(found) > 1:
        found = {name: link for name, link in found.items() if name in known}
    return next(iter(found.values())) if len(found) == 1 else None


def _break(link: Link, following: Mapping[str, Mapping[str, Link]], held: set[str]) -> str:
    run = f"run {link.text('run_id')}"
    if link.previous in held and (rivals := len(following[link.previous])) > 1:
        return f"seq {link.seq} of {run}: {rivals} records claim that place"
    if link.previous in held or link.previous == GENESIS:
        return f"seq {link.seq} of {run} does not follow the record that it names"
    return f"what comes before seq {link.seq} of {run} is missing"
