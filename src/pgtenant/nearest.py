"""What somebody may have meant by a word that is not known."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 60
"""Characters that are compared: a mistake may be as long as a file."""


def closest(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return what is nearest to a word, or an empty string when nothing is near.

    Args:
        word: what was given.
        known: what there is.
        cutoff: how near it has to be, from 0 to 1.
    """
    return _closest(word[:_LONGEST], tuple(known), cutoff)


def did_you_mean(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return `; did you mean x?`, or an empty string when nothing is near."""
    found = closest(word, known, cutoff=cutoff)
    return f"; did you mean {found}?" if found else ""


@lru_cache(maxsize=256)
def _closest(word: str, known: tuple[str, ...], cutoff: float) -> str:
    # Costs milliseconds, and only mistakes need it.
    from difflib import get_close_matches

    found = get_close_matches(word, known, n=1, cutoff=cutoff)
    return found[0] if found else ""
