from __future__ import annotations

from pathlib import Path

import pytest

from support.cnpg import GitOps
from support.cnpg_cluster import SharedCluster
from support.instance import Instance


@pytest.fixture
def gitops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> GitOps:
    """A repository with a cluster, whose settings call dev a CloudNativePG environment."""
    return GitOps(tmp_path, capsys)


@pytest.fixture
def shared(gitops: GitOps, instance: Instance) -> SharedCluster:
    """The same, with a PostgreSQL and a stand-in for the operator."""
    return SharedCluster(gitops, instance)
