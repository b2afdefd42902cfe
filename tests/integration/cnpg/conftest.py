from __future__ import annotations

from pathlib import Path

import pytest

from support.cnpg import GitOps


@pytest.fixture
def gitops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> GitOps:
    """A repository with a cluster, whose settings call dev a CloudNativePG environment."""
    return GitOps(tmp_path, capsys)
