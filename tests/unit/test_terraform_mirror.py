"""Where the tests find Terraform's provider, and what they say when they don't."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.terraform import MIRRORED, find_mirror, missing


def test_the_variable_decides(tmp_path: Path) -> None:
    (tmp_path / MIRRORED).mkdir(parents=True)
    assert find_mirror({"TF_PLUGIN_MIRROR": str(tmp_path)}) == tmp_path


def test_a_folder_without_the_provider_is_no_mirror(tmp_path: Path) -> None:
    assert find_mirror({"TF_PLUGIN_MIRROR": str(tmp_path)}) is None


@pytest.mark.parametrize(("installed", "said"), [(None, "no terraform"), ("/bin/x", "fell back")])
def test_what_is_missing_is_said(
    installed: str | None, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_PLUGIN_MIRROR", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda _name: installed)
    assert said in (missing() or "")
