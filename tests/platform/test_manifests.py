"""The Kubernetes manifests: they build, they are valid, and the pods are as locked as they say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from pgtenant import __version__
from pgtenant.platform.layout import ENVIRONMENTS
from support.manifests import Manifest, job_of, kustomized, one, pod_of
from support.platform_tools import tool

KUSTOMIZE = Path("gitops/kustomize")
PLATFORM = KUSTOMIZE / "platform-system"
JOB = KUSTOMIZE / "rds-provision"
OVERLAYS = [KUSTOMIZE / "overlays" / env for env in ENVIRONMENTS]
IN_KUBERNETES = ("v1", "batch/v1", "rbac.authorization.k8s.io/v1")


@pytest.mark.parametrize("directory", [PLATFORM, JOB, *OVERLAYS], ids=str)
def test_every_field_is_one_of_kubernetes(
    directory: Path, repository: Path, tmp_path: Path
) -> None:
    manifests = kustomized(repository / directory)
    ours = [manifest for manifest in manifests if manifest["apiVersion"] in IN_KUBERNETES]
    ours += [job_of(manifest, "drift") for manifest in manifests if manifest["kind"] == "CronJob"]
    assert ours
    file = tmp_path / "manifests.yaml"
    file.write_text(yaml.safe_dump_all(ours))
    done = subprocess.run(
        [tool("kubernetes-validate"), "--strict", str(file)],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.count(" passed for resource ") == len(ours)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_an_overlay_is_its_environments(env: str, repository: Path) -> None:
    manifests = kustomized(repository / KUSTOMIZE / "overlays" / env)
    account = one(manifests, "ServiceAccount")
    assert account["metadata"]["name"] == "platform-provisioner"
    assert account["metadata"]["annotations"] == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/"
        f"goldenpath-{env}-platform-provisioner"
    }
    others = [other for other in ENVIRONMENTS if other != env]
    pod = yaml.safe_dump(pod_of(one(manifests, "CronJob")))
    assert f"rds-catalog-{env}" in pod
    assert not [other for other in others if f"rds-catalog-{other}" in pod]


def test_the_provisioner_has_no_right_in_kubernetes(repository: Path) -> None:
    manifests = kustomized(repository / PLATFORM)
    assert one(manifests, "Namespace")["metadata"]["name"] == "platform-system"
    bindings = [manifest for manifest in manifests if manifest["kind"] == "RoleBinding"]
    runner = [one for one in bindings if one["metadata"]["name"] == "rds-provision-runner"]
    assert [subject["name"] for subject in runner[0]["subjects"]] == ["rds-provisioners"]
    assert not [manifest for manifest in manifests if manifest["kind"].startswith("ClusterRole")]
    for role in manifests:
        if role["kind"] == "Role":
            assert "*" not in yaml.safe_dump(role["rules"])
            assert "secrets" not in yaml.safe_dump(role["rules"])


def test_the_job_and_the_drift_report_have_the_same_pod(repository: Path) -> None:
    job = pod_of(one(kustomized(repository / JOB), "Job"))
    drift = pod_of(one(kustomized(repository / PLATFORM), "CronJob"))
    [ours], [theirs] = job["containers"], drift["containers"]
    assert ours.pop("args")[0] == "apply"
    assert theirs.pop("args")[0] == "plan"
    for pod, container in ((job, ours), (drift, theirs)):
        container.pop("env")
        container.pop("envFrom")
        pod["volumes"][0].pop("configMap")
        pod.pop("terminationGracePeriodSeconds", None)
    assert job == drift


@pytest.mark.parametrize("directory", [PLATFORM, JOB], ids=str)
def test_a_pod_is_locked(directory: Path, repository: Path) -> None:
    manifests = kustomized(repository / directory)
    [workload] = [one for one in manifests if one["kind"] in {"Job", "CronJob"}]
    pod = pod_of(workload)
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == "platform-provisioner"
    assert pod["restartPolicy"] == "Never"
    security = pod["securityContext"]
    assert security["runAsNonRoot"]
    assert security["runAsUser"] >= 10000
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in pod["initContainers"] + pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys()
        assert container["image"].endswith(f"/goldenpath/pgtenant:{__version__}")
    assert not [volume for volume in pod["volumes"] if "hostPath" in volume or "secret" in volume]
    assert pod["volumes"][-1]["emptyDir"]


def test_the_job_ends_and_goes(repository: Path) -> None:
    job: Manifest = one(kustomized(repository / JOB), "Job")["spec"]
    assert job["backoffLimit"] == 1
    assert job["activeDeadlineSeconds"] == 1800
    assert job["ttlSecondsAfterFinished"] == 86400
    assert "--audit=/tmp/audit.csv" in job["template"]["spec"]["containers"][0]["args"]


def test_the_drift_report_is_daily(repository: Path) -> None:
    cron_job = one(kustomized(repository / PLATFORM), "CronJob")
    assert cron_job["apiVersion"] == "batch/v1"
    spec = cron_job["spec"]
    minute, hour, *rest = spec["schedule"].split()
    assert minute.isdigit()
    assert hour.isdigit()
    assert rest == ["*", "*", "*"]
    assert spec["timeZone"] == "Etc/UTC"
    assert spec["concurrencyPolicy"] == "Forbid"
