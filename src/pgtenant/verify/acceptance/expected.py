"""What is expected of an instance, and how much memory it has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

GIB: Final = 1 << 30

_CLASS: Final = re.compile(
    r"db\.([tmr])[0-9]+[a-z]*\.(?:(micro|small|medium|large)|([0-9]*)xlarge)"
)
_SMALL: Final = {"micro": 1, "small": 2, "medium": 4, "large": 8}
_PER_LARGE: Final = {"m": 8, "r": 16}


@dataclass(frozen=True, slots=True)
class Expected:
    """The criteria's values.

    Attributes:
        instance_class: of the environment.
        production: whether it has to be Multi-AZ and protected from deletion.
        work_mem: kB, as `maintenance_work_mem`.
    """

    instance_class: str
    production: bool
    major: int = 15
    backup_days: int = 7
    backup_start: str = "03:00"
    max_connections: int = 200
    work_mem: int = 64 * 1024
    maintenance_work_mem: int = 512 * 1024
    insights_days: int = 7
    monitoring_seconds: int = 60


def memory_of(instance_class: str) -> int | None:
    """Return the nominal memory of an instance class in bytes; None for one that is not known."""
    match = _CLASS.fullmatch(instance_class)
    if match is None:
        return None
    family, small, times = match.groups()
    if family == "t":
        large = 8
    elif small in {"micro", "small", "medium"}:
        return None
    else:
        large = _PER_LARGE[family]
    if small is not None:
        return (_SMALL[small] if family == "t" else large) * GIB
    return large * 2 * int(times or 1) * GIB
