"""Ends a rotation at the edge of one of its steps, in this process or by the kernel.

`python -m support.boundaries after:promote rotate -e dev shop` is pgtenant, killed there.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from pgtenant.secrets import aws_versions, file_versions
from pgtenant.usecases.rotate import switch

_STORES: Final = (aws_versions.AwsVersions, file_versions.FileVersions)
_STEPS: Final[dict[str, tuple[object, ...]]] = {
    "propose": _STORES,
    "set_password": (switch,),
    "prove": (switch,),
    "promote": _STORES,
    "withdraw": _STORES,
}
BOUNDARIES: Final = tuple(f"{when}:{step}" for step in _STEPS for when in ("before", "after"))


class Stop(BaseException):
    """Nothing that pgtenant handles."""


@contextlib.contextmanager
def ending(boundary: str, how: Callable[[], None]) -> Iterator[None]:
    """Call `how` at a boundary of whatever rotates in the block."""
    when, step = boundary.split(":")

    def ends(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def ended(*arguments: Any, **options: Any) -> Any:
            if when == "before":
                how()
            result = await original(*arguments, **options)
            how()
            return result

        return ended

    with pytest.MonkeyPatch.context() as patch:
        for place in _STEPS[step]:
            patch.setattr(place, step, ends(getattr(place, step)))
        yield


def stop() -> None:
    """End in a way that lets every block of the program do its last things."""
    raise Stop


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    from pgtenant.cli import main

    with ending(sys.argv[1], _die):
        sys.exit(main(sys.argv[2:]))
