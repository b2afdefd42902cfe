"""The value tree that every reader yields: plain values, each with its line.

Keys stay pairs rather than a dict, so that a key written twice is still seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

# Anything deeper cannot be a catalog, and a reader that recurses must stop somewhere.
MAX_DEPTH = 32
TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"

# Above this, turning 1e999999999 into an int would fill the memory.
_MAX_EXPONENT = 100


@dataclass(frozen=True, slots=True)
class Invalid:
    """A value that the format allows and a catalog does not.

    It travels inside the tree, so that whoever knows the entry and the field reports it.

    Attributes:
        reason: what is wrong with it, as the end of a sentence about the field.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Object:
    """A mapping, in the order of the file, with duplicates."""

    pairs: tuple[Pair, ...]


Value: TypeAlias = "str | bool | int | Decimal | tuple[Located, ...] | Object | Invalid | None"


@dataclass(frozen=True, slots=True)
class Located:
    """A value and the place where it starts.

    Attributes:
        value: numbers without a fraction are `int`, all others `Decimal`.
        line: 1-based.
        written: how the file spells a value that YAML did not read as a string, else empty.
    """

    value: Value
    line: int
    written: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """One `key = value`; `line` is the key's, 1-based."""

    key: str
    line: int
    value: Located


class SyntaxProblem(Exception):  # noqa: N818 - never leaves the package, and is no error class of it
    """The text is not valid HCL, JSON or YAML.

    Args:
        line: 1-based line where it starts to go wrong; 0 when it is the whole file.
        message: what is wrong, and what would be right.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def number(text: str) -> int | Decimal:
    """Read a decimal number; `10.0` and `1e1` are whole, as Terraform sees them.

    Raises:
        decimal.InvalidOperation: the text is not a number.
    """
    value = Decimal(text)
    if (
        value.is_finite()
        and value.adjusted() <= _MAX_EXPONENT
        and value == value.to_integral_value()
    ):
        return int(value)
    return value
