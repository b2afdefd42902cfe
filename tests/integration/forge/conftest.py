"""Fixtures of the tests of what is on GitHub."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import github_api
from support.github_api import GitHubApi


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHubApi]:
    """The repository of the workflow that this is in."""
    with github_api.serve() as api:
        monkeypatch.setenv("GITHUB_API_URL", api.url)
        monkeypatch.setenv("GITHUB_REPOSITORY", "example-org/platform")
        monkeypatch.setenv("GITHUB_RUN_ID", "1001")
        monkeypatch.setenv("GITHUB_TOKEN", "fake-token")
        yield api
