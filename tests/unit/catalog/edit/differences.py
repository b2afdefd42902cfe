"""What an edit has done to a text, told without the editor's own ideas of it."""

from __future__ import annotations

from collections.abc import Iterator


def is_one_insertion(before: str, after: str) -> bool:
    """Whether a text was put in at one place, and perhaps a comma at an earlier one."""
    return any(_is_inserted(one, after) for one in _with_comma(before, after))


def only_lines_added(before: str, after: str) -> bool:
    """Whether all lines are there still, in their order, but for one that has got a comma."""
    return any(_has_all(_lines(after), _lines(one)) for one in _with_comma(before, after))


def is_within(before: str, after: str) -> bool:
    """Whether every character is there still, in their order."""
    left = iter(after)
    return all(character in left for character in before)


def lost_lines(before: str, after: str) -> Iterator[str]:
    """Yield the lines that are not there any more."""
    left = _lines(after)
    for line in _lines(before):
        if line in left:
            left.remove(line)
        else:
            yield line


def _with_comma(before: str, after: str) -> Iterator[str]:
    """Yield a text, and the same with a comma where it first differs from another."""
    yield before
    start = _first_difference(before, after)
    if after[start : start + 1] == ",":
        yield f"{before[:start]},{before[start:]}"


def _is_inserted(before: str, after: str) -> bool:
    start = _first_difference(before, after)
    return len(after) >= len(before) and after.endswith(before[start:])


def _first_difference(before: str, after: str) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    return next((n for n, (one, other) in pairs if one != other), min(len(before), len(after)))


def _has_all(long: list[str], short: list[str]) -> bool:
    left = iter(long)
    return all(line in left for line in short)


def _lines(text: str) -> list[str]:
    # A last line without an end gets one when others follow.
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" else lines
