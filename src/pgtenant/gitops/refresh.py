"""How often a cluster reads a password anew, so that a rotation does not keep an application out.

Between two reads the cluster holds the former password. With `rotation = "alternate"` that one
works until the next rotation, which a read has to come before, even if the one before it failed:
hence at most half of the days between two. With a single login it works no more, and how long an
application is kept out is up to this interval.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from pgtenant.catalog.model import Rotation

USUAL: Final = {Rotation.SINGLE: "1m", Rotation.ALTERNATE: "1h"}
"""What is taken where nobody says: a read costs some millionths of a dollar."""

OVERLAP: Final = timedelta(hours=1)
"""How long an alternating login is certainly still in use after the secret has named the other."""

_DURATION: Final = re.compile(r"(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?")
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Refresh:
    """An interval that fits.

    Attributes:
        text: as the manifest has it.
        late: how long new logins can fail after a rotation, for people; empty where they do not.
    """

    text: str
    late: str = ""


def refresh_of(rotation: Rotation, days: int, asked: str | None) -> Refresh:
    """Return the interval of an entry.

    Args:
        rotation: how its password is changed.
        days: how many one is in use.
        asked: what somebody wants, or None.

    Raises:
        ValueError: what is asked for does not fit, or is no interval; the message says why.
    """
    text = asked or USUAL[rotation]
    seconds = _seconds(text)
    if seconds == 0:
        raise ValueError("reads the secret once and never again, so that a rotation is never seen")
    if rotation is Rotation.SINGLE:
        return Refresh(text, late=text if seconds > _seconds(USUAL[rotation]) else "")
    if seconds > days * _DAY / 2:
        raise ValueError(
            f"is more than half of the {days} days between two rotations: after a read that"
            " failed, the password could be the one before last, which works no more"
        )
    return Refresh(text)


def _seconds(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError("is no interval such as 30s, 15m or 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds
