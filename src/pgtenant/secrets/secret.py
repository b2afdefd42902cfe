"""A password that can't be shown by accident."""

from __future__ import annotations

import hmac
from typing import ClassVar, NoReturn

_MASK = "********"


class Secret:
    """A password. Only `reveal` gives it away: no repr, format, hash, copy or pickle does."""

    __slots__ = ("_value",)
    __hash__: ClassVar[None]  # type: ignore[assignment]  # not even its hash is shown

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the password itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        # Whatever the width, so that not even the length can be asked for.
        return _MASK

    def __eq__(self, other: object) -> bool:
        """Compare in constant time with another `Secret`; a plain text is never equal."""
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (one.reveal().encode("utf-8", "surrogatepass") for one in (self, other))
        return hmac.compare_digest(mine, theirs)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        """Refuse pickling and copying: both would carry the password elsewhere."""
        raise TypeError("a Secret can't be pickled or copied")
