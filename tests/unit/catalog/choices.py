"""Where a layout's choices come from: from Hypothesis, or from a seed where there are too many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

_Item = TypeVar("_Item")


class Choices(Protocol):
    """Chooses."""

    def one(self, options: Sequence[_Item]) -> _Item:
        """Return one of some."""

    def order(self, items: Sequence[_Item]) -> Sequence[_Item]:
        """Return all of them in any order."""


class Drawn:
    """Hypothesis chooses: what fails is made smaller."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def one(self, options: Sequence[_Item]) -> _Item:
        chosen: _Item = self._draw(st.sampled_from(options))
        return chosen

    def order(self, items: Sequence[_Item]) -> Sequence[_Item]:
        ordered: Sequence[_Item] = self._draw(st.permutations(items))
        return ordered


class Seeded:
    """A seed chooses: as much as anybody likes."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def one(self, options: Sequence[_Item]) -> _Item:
        return self._random.choice(options)

    def order(self, items: Sequence[_Item]) -> Sequence[_Item]:
        return self._random.sample(items, len(items))

    def below(self, end: int) -> int:
        """Return a number from 0 up to, and without, another."""
        return self._random.randrange(end)
