"""A message that a page quotes is one that the code has.

Quoted are the lines of `text` blocks, as pgtenant prints them (`error:`, `hint:`, or a reason
alone), and in the runbooks what the first column of a table says; `…` stands for anything.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import pgtenant

SOURCE = Path(pgtenant.__file__).parent
DOCS = Path(__file__).parents[2] / "docs"
FOLDERS = ("runbooks", "how-to", "explanation", "errors")
PAGES = sorted(page for folder in FOLDERS for page in (DOCS / folder).glob("*.md"))

_BLOCK = re.compile(r"^ *```text\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_TABLE = re.compile(r"^\| (?:message|reason|hint|finding) \|.*\n\|.*\n((?:\|.*\n)+)", re.MULTILINE)
_FIRST_WORDS = 3
_ENOUGH = 0.6
_LITERALS = 12
_ANYTHING = "\0"


def quoted(page: Path) -> Iterator[str]:
    text = page.read_text("utf-8")
    for block in _BLOCK.findall(text):
        for line in map(str.strip, block.splitlines()):
            said = re.sub(r"^(error|hint): ", "", line)
            if ";  -- as " not in said:  # a statement to run
                yield said
    for rows in _TABLE.findall(text):
        for row in rows.splitlines():
            first = row.split(" | ")[0]
            for piece in re.findall(r"`([^`]+)`", first):
                if len(piece.split()) >= _FIRST_WORDS:
                    yield piece


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.stem}")
def test_quoted_messages_are_the_codes(page: Path) -> None:
    unknown = [said for said in quoted(page) if not is_said(said)]
    assert unknown == []


def test_what_no_code_says_is_noticed() -> None:
    assert is_said("another run holds the instance (waited 30 s)")
    assert is_said("the role … exists and is not managed by pgtenant")
    assert not is_said("another run has the instance (waited 30 s)")
    assert not is_said("the role … is there and is not managed by pgtenant")


def is_said(quote: str) -> bool:
    """Tell whether a text of the code makes up a quote, or most of it."""
    # What stands around a message of AWS's is put together from small parts.
    core = re.sub(r"^secret \S+ \(region [^)]*\) ", "", quote)
    core = re.sub(r" \(\w+: .*\)$", "", core)
    if "…" in core:
        parts = [part.strip(" .,:;()") for part in core.split("…")]
        return all(any(part in text.whole for text in texts()) for part in parts)
    return any(core in text.whole or text.makes_up(core) for text in texts())


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the code, on one line, with NUL for what is put into it."""

    whole: str
    literals: tuple[str, ...]

    def makes_up(self, quote: str) -> bool:
        if not self.literals or not all(part in quote for part in self.literals):
            return False
        pattern = ".+?".join(map(re.escape, self.whole.split(_ANYTHING)))
        found = re.search(pattern + "$" * self.whole.endswith(_ANYTHING), quote)
        return found is not None and len(found[0]) >= _ENOUGH * len(quote)


@cache
def texts() -> tuple[Text, ...]:
    """Return every text of the code."""
    found: set[str] = set()
    for file in SOURCE.rglob("*.py"):
        if "templates" not in file.parts:
            found |= set(_texts(ast.parse(file.read_text("utf-8"))))
    return tuple(map(_text, sorted(found)))


def _text(whole: str) -> Text:
    literals = tuple(part for part in whole.split(_ANYTHING) if part.strip())
    return Text(whole, literals if sum(map(len, literals)) >= _LITERALS else ())


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = (
                part.value if isinstance(part, ast.Constant) else _ANYTHING for part in node.values
            )
            yield from map(_bare, "".join(map(str, parts)).split("\n"))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from map(_bare, node.value.split("\n"))


def _bare(line: str) -> str:
    """Return a line without what joins it to another one."""
    return line.strip(" .,;")
