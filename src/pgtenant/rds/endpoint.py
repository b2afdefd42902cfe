"""Which instance of which region a host name is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# <identifier>.<account's own part>.<region>.rds.amazonaws.com, in China with .cn at the end.
_ENDPOINT: Final = re.compile(
    r"([a-z](?:-?[a-z0-9])*)\.[a-z0-9]+\.([a-z]{2}(?:-[a-z]+)+-[0-9]+)\.rds\.amazonaws\.com(?:\.cn)?"
)


@dataclass(frozen=True, slots=True)
class Place:
    """An instance in AWS.

    Attributes:
        identifier: its name.
        region: None leaves it to boto3.
    """

    identifier: str
    region: str | None


def place_of(host: str) -> Place | None:
    """Return which instance a host name belongs to; None when that can't be told from it."""
    match = _ENDPOINT.fullmatch(host.lower().rstrip("."))
    return None if match is None else Place(match[1], match[2])
