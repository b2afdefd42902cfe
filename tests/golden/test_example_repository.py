"""`examples/goldenpath` is what `pgtenant init` writes, byte for byte."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from pgtenant.cli import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "goldenpath"


def test_example_is_current(tmp_path: Path) -> None:
    made = tmp_path / "goldenpath"
    assert main(["init", str(made)]) == 0
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        shutil.rmtree(EXAMPLE, ignore_errors=True)
        shutil.copytree(made, EXAMPLE)
    assert _files(EXAMPLE) == _files(made), (
        "run PGTENANT_UPDATE_GOLDEN=1 .venv/bin/pytest tests/golden/test_example_repository.py"
    )


def _files(root: Path) -> dict[str, tuple[bytes, bool]]:
    return {
        str(path.relative_to(root)): (path.read_bytes(), os.access(path, os.X_OK))
        for path in root.rglob("*")
        if path.is_file()
    }
