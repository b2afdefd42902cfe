"""A bench for the few faults of the fast tests, and for what has to be covered by faults."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from support.faults.lab import Lab
from support.fleet import Fleet


@pytest.fixture(scope="module")
def lab(fleet: Fleet) -> Iterator[Lab]:
    """A server with a proxy before it; shared, because each trial cleans it first."""
    with contextlib.closing(Lab(fleet)) as lab:
        yield lab
