"""What the faults are tried on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from support.faults.lab import Lab, chosen
from support.fleet import Fleet


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the trials that are not chosen."""
    given = {
        item: params
        for item in items
        if {"fault", "scenario"} <= (params := _parameters(item)).keys()
    }
    majors = sorted({int(params["pg_major"]) for params in given.values()})
    out = [
        item
        for item, params in given.items()
        if not chosen(params["scenario"], params["fault"], params["pg_major"], majors)
    ]
    config.hook.pytest_deselected(items=out)
    items[:] = [item for item in items if item not in out]


def _parameters(item: pytest.Item) -> dict[str, Any]:
    call = getattr(item, "callspec", None)
    return call.params if call is not None else {}


@pytest.fixture(scope="session")
def lab(fleet: Fleet) -> Iterator[Lab]:
    """A server of each major with a proxy before it; shared, because each trial cleans it first."""
    with contextlib.closing(Lab(fleet)) as lab:
        yield lab
