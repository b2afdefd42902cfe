"""The journal's records as lines of a log, and back; pure.

A record is one line, `{"event":"journal","record":{…}}`. A long one is several, each with a piece
of its text, because container runtimes cut lines at 16 KiB and put others between the pieces.
What stands before and after it in a line (a pod's name, a moment, half of another line), in which
order an object's members are, and whether a log shipper has wrapped the line in JSON of its own,
does not matter: the record's hash tells whether it is as it was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from pgtenant.audit.chain import Link, canonical, parse

LONGEST: Final = 6_000
"""Characters of a record on one line; as JSON text they may become twice as many."""

_MARK: Final = '{"event":"journal",'
_MOST_PARTS: Final = 100_000
_DEEPEST: Final = 3
_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Odd:
    """What looks like a record, or a part of one, and can't be used.

    Attributes:
        line: 1-based.
        why: what is wrong with it.
        text: what there is of it.
        edited: it is whole, and not what its hash was made from.
    """

    line: int
    why: str
    text: str
    edited: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a log has.

    Attributes:
        links: each record once, in the order of their first lines.
        odd: what is left over.
    """

    links: tuple[Link, ...]
    odd: tuple[Odd, ...]


def to_lines(link: Link) -> Iterator[str]:
    """Yield the lines of a record, without line ends."""
    text = canonical(link.members).decode()
    if len(text) <= LONGEST:
        yield f'{_MARK}"record":{text}}}'
        return
    pieces = [text[start : start + LONGEST] for start in range(0, len(text), LONGEST)]
    for number, piece in enumerate(pieces, start=1):
        place = f'"hash":"{link.hash}","part":{number},"parts":{len(pieces)}'
        yield f'{_MARK}{place},"text":{json.dumps(piece)}}}'


def from_lines(lines: Iterable[str]) -> Found:
    """Find the records in a log, whatever else is in it.

    Args:
        lines: of one or several logs, one after the other.
    """
    reader = _Reader()
    for number, line in enumerate(lines, start=1):
        if "journal" in line:
            reader.read(number, line)
    return reader.end()


@dataclass(slots=True)
class _Reader:
    links: dict[str, Link] = field(default_factory=dict)
    odd: list[Odd] = field(default_factory=list)
    pieces: dict[tuple[str, int], dict[int, str]] = field(default_factory=dict)
    met: dict[tuple[str, int], int] = field(default_factory=dict)

    def read(self, number: int, line: str) -> None:
        for found in _objects(line, _DEEPEST):
            if isinstance(found, str):
                self.odd.append(Odd(number, "it is cut off", found))
            elif isinstance(record := found.get("record"), dict):
                self._whole(number, canonical(record))
            else:
                self._part(number, found)

    def _whole(self, number: int, text: bytes) -> None:
        if (link := parse(text)) is not None:
            self.links.setdefault(link.hash, link)
        else:
            why = "it is not what its hash was made from"
            self.odd.append(Odd(number, why, text.decode(), edited=True))

    def _part(self, number: int, found: dict[str, Any]) -> None:
        name, part, parts, text = (found.get(key) for key in ("hash", "part", "parts", "text"))
        if not (
            isinstance(name, str)
            and isinstance(text, str)
            and type(part) is int
            and type(parts) is int
            and 1 <= part <= parts <= _MOST_PARTS
        ):
            self.odd.append(Odd(number, "it is no record", json.dumps(found), edited=True))
            return
        key = name, parts
        self.met.setdefault(key, number)
        pieces = self.pieces.setdefault(key, {})
        pieces[part] = text
        if len(pieces) == parts:
            whole = "".join(pieces[place] for place in sorted(pieces))
            # Lines that follow may say the same again, as when two logs overlap.
            self.pieces[key] = {}
            self._whole(self.met[key], whole.encode("utf-8", "backslashreplace"))

    def end(self) -> Found:
        for (name, parts), pieces in self.pieces.items():
            if pieces and name not in self.links:
                why = f"{parts - len(pieces)} of its {parts} parts are missing"
                text = "".join(pieces[place] for place in sorted(pieces))
                self.odd.append(Odd(self.met[name, parts], why, text))
        return Found(tuple(self.links.values()), tuple(self.odd))


def _objects(line: str, depth: int) -> Iterator[dict[str, Any] | str]:
    """Yield each event of ours in a line, or the text of one that is cut off."""
    start = line.find(_MARK)
    if start < 0:
        yield from _wrapped(line, depth)
        return
    while start >= 0:
        found, end = _decoded(line, start)
        if found is None:
            following = line.find(_MARK, start + 1)
            yield line[start:following] if following > 0 else line[start:]
            start = following
        else:
            yield found
            start = line.find(_MARK, end)


def _wrapped(line: str, depth: int) -> Iterator[dict[str, Any] | str]:
    """Look into a line that another program has written as JSON."""
    found, _ = _decoded(line, max(line.find("{"), 0))
    if found is None:
        return
    if found.get("event") == "journal":
        yield found
        return
    for value in found.values():
        if isinstance(value, str) and "journal" in value and depth:
            yield from _objects(value, depth - 1)


def _decoded(line: str, start: int) -> tuple[dict[str, Any] | None, int]:
    try:
        found, end = _DECODER.raw_decode(line, start)
    except (ValueError, RecursionError):
        return None, start
    return (found, end) if isinstance(found, dict) else (None, start)
