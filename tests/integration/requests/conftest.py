"""Fixtures of the tests of requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support import github_api
from support.pull_requests import Console, Platform
from support.requests import Requests


@pytest.fixture
def requests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Requests:
    return Requests(tmp_path, capsys)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with github_api.serve() as api:
        yield Platform(tmp_path, api)


@pytest.fixture
def console(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Console:
    return Console(platform, monkeypatch, capsys)
