"""One trial of each fault; `make test-full` makes them all."""

from __future__ import annotations

import pytest

from support.faults import injections
from support.faults.lab import FIRST, Lab


@pytest.mark.parametrize("fault", injections.ALL)
def test_one_of_each(lab: Lab, pg_major: int, fault: str) -> None:
    # The one that makes the most permanent at once.
    number, _ = list(lab.places(pg_major, FIRST, fault))[-1]
    commits = [n for n, name in lab.places(pg_major, FIRST, fault) if name.startswith("COMMIT")]
    place = commits[len(commits) // 2] if commits else number
    assert lab.hit(pg_major, FIRST, place, fault) == []
