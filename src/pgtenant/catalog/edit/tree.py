"""Where the values of a text stand, and how pieces are put in between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Plain: TypeAlias = (
    "str | int | bool | Sequence[str] | Sequence[Mapping[str, Plain]] | Mapping[str, Plain]"
)
"""What can be written; a sequence of mappings only in YAML."""


class EditError(Exception):
    """The text is written in a way that can't be edited in place.

    Args:
        message: what is in the way, as a sentence about the file.
        line: where, 1-based; 0 when it is the whole file.
    """

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Node:
    """A value's place, as offsets in characters.

    Attributes:
        end: behind its last character.
        members: of a mapping; None for everything else.
        items: of a YAML sequence; None for everything else.
        bracketed: a mapping in braces or a sequence in brackets, which the span includes.
        empty: YAML's null, mostly nothing at all.
    """

    start: int
    end: int
    members: tuple[Member, ...] | None = None
    items: tuple[Node, ...] | None = None
    bracketed: bool = False
    empty: bool = False

    def member(self, key: str) -> Member | None:
        """Return the member of this key."""
        return next((one for one in self.members or () if one.key == key), None)


@dataclass(frozen=True, slots=True)
class Member:
    """A key and its value.

    Attributes:
        start: of the key.
        key_end: behind the key.
        sign: of the `=` or `:`.
        value_start: with the parentheses around the value.
        end: behind the value, likewise.
    """

    key: str
    start: int
    key_end: int
    sign: int
    value_start: int
    end: int
    value: Node


@dataclass(frozen=True, slots=True)
class New:
    """A member to add.

    Attributes:
        after: the member that it follows; None to make it the first.
    """

    key: str
    value: Plain
    after: Member | None


@dataclass(frozen=True, slots=True)
class Splice:
    """A piece of text to put in, in place of what stands from `start` to before `end`."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Sequence[Splice]) -> str:
    """Return the text with the pieces in it; those at the same place in their order."""
    pieces: list[str] = []
    done = 0
    for splice in sorted(splices, key=lambda one: one.start):
        pieces += text[done : splice.start], splice.text
        done = splice.end
    return "".join([*pieces, text[done:]])


def line_start(text: str, position: int) -> int:
    """Return where the line of a position starts."""
    return text.rfind("\n", 0, position) + 1


def line_number(text: str, position: int) -> int:
    """Return the 1-based line of a position."""
    return text.count("\n", 0, position) + 1


def next_line(text: str, position: int) -> int:
    """Return where the line after that of a position starts; the end where there is none."""
    found = text.find("\n", position)
    return len(text) if found < 0 else found + 1


def indent_of(text: str, position: int) -> str:
    """Return the white space that the line of a position starts with."""
    start = line_start(text, position)
    line = text[start : next_line(text, position)]
    return line[: len(line) - len(line.lstrip(" \t"))]


def has_comment(text: str, node: Node) -> bool:
    """Whether a mapping or a sequence in brackets, without members or items, has a comment."""
    return node.bracketed and "#" in text[node.start : node.end]


def opens_item(text: str, position: int) -> bool:
    """Whether only white space and dashes of YAML's sequences stand before a position there."""
    before = text[line_start(text, position) : position]
    return before.endswith(" ") and set(before.split()) == {"-"}


def opens_line(text: str, position: int) -> bool:
    """Whether only white space stands before a position on its line."""
    return not text[line_start(text, position) : position].strip(" \t")


def newline_of(text: str) -> str:
    r"""Return how the lines of a text end: `\n` or `\r\n`, whichever is more frequent."""
    windows = text.count("\r\n")
    return "\r\n" if 2 * windows > text.count("\n") else "\n"
