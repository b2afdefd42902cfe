"""Durations as people write them in the settings: `10s`, `5min`, `250ms`, `1h`."""

from __future__ import annotations

import re
from typing import Final

# PostgreSQL's own units, so that a value can be copied between the two.
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(ms|s|min|h)")

# PostgreSQL keeps timeouts as a signed 32-bit number of milliseconds, where 0 means "no limit".
SHORTEST: Final = 0.001
LONGEST: Final = 2_147_483.0


def parse_duration(text: str) -> float:
    """Read a duration.

    Args:
        text: a number and a unit (`ms`, `s`, `min`, `h`), such as `1.5s`.

    Returns:
        Seconds, from one millisecond to 2147483 (24 days: PostgreSQL's own limit).

    Raises:
        ValueError: it is no duration, or outside these limits; the message says which.
    """
    match = _DURATION.fullmatch(text)
    if match is None:
        if text.isascii() and text.isdigit():
            raise ValueError(f"has no unit: {text}s, {text}min or {text}ms?")
        raise ValueError("")
    # Whole milliseconds: 0.1 h must not become 359.99999999999994 s.
    seconds = round(float(match[1]) * _SECONDS[match[2]], 3)
    if not SHORTEST <= seconds <= LONGEST:
        raise ValueError("is outside the limits of PostgreSQL (1ms to 596h)")
    return seconds
