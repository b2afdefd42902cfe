"""Short words for Hypothesis' draws: a world takes hundreds of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


@cache
def _one_of(options: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.sampled_from(options)


_BYTE = st.integers(min_value=0, max_value=255)


class Dice:
    """Draws for one example; simple choices come first, so that examples shrink to them."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        self._draw = draw

    def pick(self, *options: T) -> T:
        chosen: T = self._draw(_one_of(options))
        return chosen

    def seldom(self, one_in: int = 6) -> bool:
        """True once in a while; False in the simplest example."""
        return bool(self._draw(_BYTE) >= 256 - 256 // one_in)

    def mostly(self) -> bool:
        """False once in a while; True in the simplest example."""
        return not self.seldom(5)

    def some(self, options: Sequence[T], one_in: int = 3) -> tuple[T, ...]:
        return tuple(option for option in options if self.seldom(one_in))

    def times(self, most: int) -> range:
        return range(self.pick(*range(most + 1)))

    def shuffled(self, items: Sequence[T]) -> list[T]:
        mixed: list[T] = self._draw(st.permutations(list(items)))
        return mixed
