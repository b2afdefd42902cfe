"""Secrets are read under the run lock in one place, so no command takes the lock anywhere else."""

from __future__ import annotations

from pathlib import Path

import pgtenant

SOURCE = Path(pgtenant.__file__).parent
ITSELF = "postgres/lock.py"
WITH_SECRETS = "usecases/locked.py"
READS_AFTERWARDS = "usecases/rotate/one_step.py"
"""The function in AWS reads the versions itself, after it has the lock."""


def test_only_with_the_secrets() -> None:
    takers = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if "take_run_lock(" in path.read_text()
    }
    assert takers == {ITSELF, WITH_SECRETS, READS_AFTERWARDS}
