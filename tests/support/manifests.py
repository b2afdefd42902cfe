"""The repository's Kubernetes manifests, as kustomize makes them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

Manifest = dict[str, Any]


def kustomized(directory: Path) -> list[Manifest]:
    """Build a directory; without kubectl the test is skipped."""
    if shutil.which("kubectl") is None:
        pytest.skip("there is no kubectl on this machine")
    done = subprocess.run(
        ["kubectl", "kustomize", str(directory)], capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def one(manifests: Sequence[Manifest], kind: str) -> Manifest:
    """Return the only manifest of a kind."""
    [found] = [manifest for manifest in manifests if manifest["kind"] == kind]
    return found


def job_of(cron_job: Manifest, name: str) -> Manifest:
    """Return the Job that a CronJob makes."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": cron_job["metadata"]["namespace"]},
        "spec": cron_job["spec"]["jobTemplate"]["spec"],
    }


def pod_of(manifest: Manifest) -> Manifest:
    """Return the pod spec of a Job or a CronJob."""
    spec = manifest["spec"]
    job: Manifest = spec["jobTemplate"]["spec"] if manifest["kind"] == "CronJob" else spec
    pod: Manifest = job["template"]["spec"]
    return pod
