"""How often a secret is read fits how long the former password works."""

from __future__ import annotations

import pytest

from pgtenant.catalog.model import Rotation
from pgtenant.gitops.refresh import Refresh, refresh_of


def test_what_is_usual() -> None:
    assert refresh_of(Rotation.SINGLE, 90, None) == Refresh("1m")
    assert refresh_of(Rotation.ALTERNATE, 90, None) == Refresh("1h")
    assert refresh_of(Rotation.ALTERNATE, 1, None) == Refresh("1h")


@pytest.mark.parametrize(
    ("asked", "late"), [("30s", ""), ("1m0s", ""), ("61s", "61s"), ("1h30m", "1h30m")]
)
def test_a_single_login_is_late_by_its_interval(asked: str, late: str) -> None:
    assert refresh_of(Rotation.SINGLE, 90, asked) == Refresh(asked, late)


def test_two_logins_overlap_until_the_next_rotation() -> None:
    assert refresh_of(Rotation.ALTERNATE, 14, "168h") == Refresh("168h")
    with pytest.raises(ValueError, match="more than half of the 14 days"):
        refresh_of(Rotation.ALTERNATE, 14, "168h1s")


@pytest.mark.parametrize("rotation", Rotation)
@pytest.mark.parametrize("asked", ["0s", "0h0m0s"])
def test_never_is_refused(rotation: Rotation, asked: str) -> None:
    with pytest.raises(ValueError, match="never again"):
        refresh_of(rotation, 90, asked)


@pytest.mark.parametrize("asked", ["0", "1", "15min", "1d", "-1h", "1h ", "30m1h", "1.5h", "h"])
def test_no_intervals(asked: str) -> None:
    with pytest.raises(ValueError, match="no interval"):
        refresh_of(Rotation.SINGLE, 90, asked)
