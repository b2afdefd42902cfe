"""The image, as a pod: a read-only root, and whatever uid."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from pgtenant import __version__
from support.cluster import Cluster
from support.project import Result

NAMESPACE = "default"
LOCKED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


@pytest.fixture
def name(cluster: Cluster) -> Iterator[str]:
    """A pod's name; what has it is deleted afterwards."""
    name = f"image-{uuid.uuid4().hex[:8]}"
    yield name
    cluster("delete", "pod", name, "--namespace", NAMESPACE, "--ignore-not-found", "--wait=false")


def run(cluster: Cluster, name: str, security: dict[str, Any], **container: Any) -> Result:
    """Run the image to its end, with nothing writable but /tmp."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "securityContext": {"runAsNonRoot": True} | security,
            "volumes": [{"name": "tmp", "emptyDir": {}}],
            "containers": [
                {
                    "name": "pgtenant",
                    "image": cluster.image(),
                    "securityContext": LOCKED,
                    "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
                }
                | container
            ],
        },
    }
    created = cluster("create", "--filename=-", given=json.dumps(pod))
    assert created.code == 0, created.output
    [status] = cluster.finished("pod", name, NAMESPACE)["status"]["containerStatuses"]
    log = cluster("logs", name, "--namespace", NAMESPACE)
    return Result(status["state"]["terminated"]["exitCode"], log.out, log.err)


def test_its_own_user_is_not_root(cluster: Cluster, name: str) -> None:
    # Not `runAsUser`: the kubelet checks the image's own user.
    script = "import os; print(os.getuid())"
    done = run(cluster, name, {}, command=["python", "-c", script])
    assert (done.code, done.out) == (0, "10001\n")


def test_the_program_runs_as_any_uid(cluster: Cluster, name: str) -> None:
    done = run(cluster, name, {"runAsUser": 54321, "runAsGroup": 0}, args=["--version"])
    assert done.code == 0, done.output
    assert __version__ in done.out


def test_what_it_needs_of_files_is_in_it(cluster: Cluster, name: str) -> None:
    """Queries, schemas, templates: of the installed package, compiled as pip leaves it."""
    done = run(cluster, name, {"runAsUser": 54321}, args=["init", "/tmp/repository"])
    assert done.code == 0, done.output
    assert "files laid out" in done.out


def test_a_catalog_is_checked_before_anything_else(cluster: Cluster, name: str) -> None:
    done = run(cluster, name, {"runAsUser": 54321}, args=["plan", "-e", "dev"])
    assert done.code == 64
    assert "Traceback" not in done.output


def test_the_root_is_read_only(cluster: Cluster, name: str) -> None:
    script = "import pathlib, pgtenant; pathlib.Path(pgtenant.__file__).with_name('x').touch()"
    done = run(cluster, name, {}, command=["python", "-c", script])
    assert done.code == 1
    assert "Read-only file system" in done.output
