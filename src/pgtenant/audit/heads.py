"""Heads that were published: given by hand, kept in files, or in objects of the S3 sink."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from pgtenant.audit.chain import parse
from pgtenant.audit.verify import Head
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.files import read_given

_HEAD: Final = re.compile(r"(?:([0-9]{1,18})[ :])?([0-9a-f]{64})")


def read_heads(given: Iterable[str], files: Iterable[Path]) -> tuple[Head, ...]:
    """Return every head.

    Args:
        given: `HASH`, `SEQ HASH` or `SEQ:HASH`.
        files: such lines, or records of the journal; empty lines are left out.

    Raises:
        UsageError: one is something else, a file can't be read, or has no head at all.
    """
    heads = [_head(text, "--head") for text in given]
    for file in files:
        try:
            found = [*_heads_of(file)]
        except OSError as error:
            raise UsageError(
                f"{file} can't be read: {error.strerror}", code=Code.UNREADABLE_FILE
            ) from None
        if not found:
            raise UsageError(f"{file} has no head in it", code=Code.WRONG_FILE)
        heads += found
    return tuple(heads)


def _heads_of(file: Path) -> Iterator[Head]:
    for number, line in enumerate(read_given(file).splitlines(), start=1):
        if link := parse(line):
            yield Head(link.seq, link.hash)
        elif line.strip():
            yield _head(line.decode(errors="replace"), f"{file}, line {number}")


def _head(text: str, where: str) -> Head:
    match = _HEAD.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"{where}: {text[:80]!r} is not a head",
            hint="`pgtenant audit head` prints one",
            code=Code.WRONG_FILE,
        )
    return Head(int(match[1]) if match[1] else None, match[2])
