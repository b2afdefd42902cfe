"""A kit that is named makes a cluster, or the tests fail; only without one they are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support import cluster


def test_without_a_kit_none_is_wanted() -> None:
    assert "PGTENANT_TEST_KIT" in (cluster.missing({}) or "")


@pytest.mark.parametrize("build", ["exit 1", None], ids=["broken", "not there"])
def test_a_kit_that_is_named_is_wanted(
    build: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"PGTENANT_TEST_KIT": str(tmp_path)}
    assert cluster.missing(environ) is None
    scripts = cluster.kit(environ)
    if build is not None:
        scripts.mkdir()
        (scripts / "build").write_text(f"#!/bin/sh\necho 'no such package'\n{build}\n")
        (scripts / "build").chmod(0o755)
    monkeypatch.setattr(cluster, "_HOME", tmp_path / "home")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    why = "no such package" if build else "No such file"
    with pytest.raises(cluster.UnavailableError, match=why), cluster.shared(scripts):
        pass


def test_a_node_is_roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_HOME", tmp_path / "home")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(cluster.UnavailableError, match="root"), cluster.shared(tmp_path):
        pass
