"""The platform repository, for the programs that it was written for."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pgtenant.cli import main
from support import cluster as clusters
from support import fake_aws
from support.cluster import Cluster
from support.instance import Instance
from support.laid_out import LaidOut, lay_out
from support.moto import Moto
from support.terraform import Terraform, find_mirror, missing, write_config

# What takes long begins first: nothing is to wait for it at the end. A worker takes files until it
# has three tests before it, so that after the single ones come short files.
FIRST = (
    "test_merge_to_ready.py",
    "test_apply.py",
    "test_workflows.py",
    "test_job_log.py",
    "test_record.py",
    "test_kubernetes.py",
    "test_request_workflow.py",
    "test_terraform.py",
    "test_workflow_scripts.py",
    "test_workflows_in_cluster.py",
    "test_makefile.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: number for number, name in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how long it took, for those figures that the documents ask for."""
    for report in terminalreporter.getreports("passed"):
        for what, figure in report.user_properties:
            terminalreporter.write_line(f"{what}: {figure}")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pgtenant init` writes."""
    root = tmp_path_factory.mktemp("platform") / "goldenpath"
    assert main(["init", str(root)]) == 0
    return root


@pytest.fixture(scope="module")
def aws() -> Iterator[Moto]:
    """A fake AWS of this module's own."""
    with fake_aws.serve() as service:
        yield service


@pytest.fixture(scope="module")
def terraform(aws: Moto, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """Terraform on the fake AWS; without the provider the test is skipped."""
    if reason := missing():
        pytest.skip(reason)
    mirror = find_mirror(os.environ)
    assert mirror is not None
    config = write_config(tmp_path_factory.mktemp("terraform") / "cli.tfrc", mirror)
    return Terraform(aws.env | config)


@pytest.fixture
def laid_out(repository: Path, instance: Instance, moto_server: Moto, tmp_path: Path) -> LaidOut:
    """A repository of the test's own, for an instance and a fake AWS."""
    return lay_out(repository, tmp_path / "goldenpath", instance, moto_server)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A real Kubernetes with one node, this machine.

    Without a kit the test is skipped; one that is named and makes no cluster fails it.
    """
    if reason := clusters.missing(os.environ):
        pytest.skip(reason)
    with contextlib.ExitStack() as stack:
        try:
            started = stack.enter_context(clusters.shared(clusters.kit(os.environ)))
        except clusters.UnavailableError as error:
            pytest.fail(f"no cluster: {error}", pytrace=False)
        yield started
