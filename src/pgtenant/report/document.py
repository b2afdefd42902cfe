"""Text for people: lines of styled pieces, plain everywhere but on a terminal."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from rich.text import Text

NARROWEST: Final = 40
"""Columns; below this nothing is gained by wrapping."""


class Style(Enum):
    """What a piece of text means; the value is how rich shows it."""

    NORMAL = ""
    TITLE = "bold"
    FAINT = "dim"
    ADD = "green"
    ALTER = "yellow"
    REMOVE = "red"
    BAD = "bold red"
    WARN = "bold yellow"
    GOOD = "bold green"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of one line."""

    text: str
    style: Style = Style.NORMAL


Line = tuple[Span, ...]
EMPTY: Final[Line] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """What is printed: `str()` gives it plain, rich gives it coloured.

    Lines are already wrapped. A rich console is to print it with `soft_wrap=True`, which
    `show` does, or it crops what is longer than the terminal is wide.
    """

    lines: tuple[Line, ...]

    def __str__(self) -> str:
        return "".join(f"{''.join(span.text for span in line)}\n" for line in self.lines)

    def __rich__(self) -> Text:
        """Return the document for a rich console; nothing in it is read as markup."""
        from rich.text import Text

        text = Text(no_wrap=True, overflow="ignore", end="")
        for line in self.lines:
            for span in line:
                text.append(span.text, span.style.value or None)
            text.append("\n")
        return text


def line(text: str, style: Style = Style.NORMAL) -> Line:
    """Return a line of one style."""
    return (Span(text, style),)


def paragraph(
    text: str,
    *,
    width: int,
    indent: int = 0,
    mark: str = "",
    mark_style: Style = Style.NORMAL,
    style: Style = Style.NORMAL,
) -> Iterator[Line]:
    """Yield `text` wrapped at `width` columns, the following lines indented below the first.

    Args:
        text: one paragraph, already safe.
        width: columns in all.
        indent: columns before the mark.
        mark: what stands before the first line, such as `+`.
        mark_style: its style.
        style: the style of the text.
    """
    first = f"{' ' * indent}{mark} " if mark else " " * indent
    rest = " " * (len(first) + 2) if mark else " " * indent
    for number, piece in enumerate(_wrap(text, max(width, NARROWEST) - len(rest))):
        if number == 0:
            lead: Line = (Span(first, mark_style),) if first else ()
        else:
            lead = (Span(rest),) if rest else ()
        yield (*lead, Span(piece, style))


def _wrap(text: str, width: int) -> list[str]:
    if len(text) <= width:
        return [text]
    return textwrap.wrap(text, max(width, 20), break_long_words=False, break_on_hyphens=False) or [
        ""
    ]


def document(lines: Iterable[Line]) -> Document:
    """Return a document without empty lines at its ends, and never two of them together."""
    kept: list[Line] = []
    for item in lines:
        if item != EMPTY or (kept and kept[-1] != EMPTY):
            kept.append(item)
    while kept and kept[-1] == EMPTY:
        kept.pop()
    return Document(tuple(kept))


def show(shown: Document, stream: TextIO) -> None:
    """Write a document: coloured on a terminal, plain elsewhere.

    `NO_COLOR` and `FORCE_COLOR` are honoured. What the stream's encoding lacks is escaped.
    """
    if no_escapes() or not (stream.isatty() or os.environ.get("FORCE_COLOR")):
        stream.write(fitting(str(shown), stream.encoding))
        return
    from rich.console import Console

    console = Console(file=stream, soft_wrap=True, markup=False, highlight=False, emoji=False)
    with console.capture() as captured:
        console.print(shown, end="")
    stream.write(fitting(captured.get(), stream.encoding))


def no_escapes() -> bool:
    """Tell whether a terminal wants no escape sequence at all, bold ones included."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def fitting(text: str, encoding: str | None) -> str:
    """Return `text` so that a stream of this encoding can take it."""
    encoding = encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        simple = text.replace(" · ", "; ")
        return simple.encode(encoding, "backslashreplace").decode(encoding)
    return text
