"""A run in a real cluster: from the built image, on a real server, to its end.

The pods are as the repository has them, but for what a test's server on loopback needs: the node's
network, and the fake AWS's address.
"""

from __future__ import annotations

import base64
import gzip
import json
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.cluster import Cluster
from support.laid_out import LaidOut
from support.leaks import leaks
from support.manifests import Manifest, job_of, kustomized, one, pod_of
from support.processes import holding, until_waiting
from support.project import Result, password_of

NAMESPACE = "platform-system"
KUSTOMIZE = Path("gitops/kustomize")
# What a run writes first.
NO_COMMENTS = "LOCK TABLE pg_catalog.pg_shdescription IN SHARE ROW EXCLUSIVE MODE"
MY_APP = {"my_app": {"database_name": "my_app", "username": "my_app_user"}}
# Seconds; only to end a test of what never comes.
LONGEST = 600.0
# Whoever starts the Job, with the rights of that group only.
RUNNER = "kubectl --as=ci --as-group=rds-provisioners"


@dataclass(slots=True)
class Runs:
    """Starts runs, and takes their Jobs away again."""

    cluster: Cluster
    laid_out: LaidOut
    component: Path
    made: list[str] = field(default_factory=list)

    def number(self) -> str:
        number = uuid.uuid4().hex[:8]
        self.made.append(number)
        return number

    def start(self, number: str, *arguments: str, env: str = "dev", **extra: str) -> Result:
        return self.laid_out.run(
            *("python3", "scripts/rds_job.py", "run", "--env", env, "--run-number", number),
            *("--component", str(self.component), "--image", self.cluster.image()),
            *arguments,
            **(self.cluster.environ | {"KUBECTL": RUNNER} | extra),
        )

    def collect(self, log: str, env: str = "dev") -> Result:
        file = self.laid_out.root / "job.log"
        file.write_text(log)
        return self.laid_out.run("pgtenant", "audit", "collect", "-e", env, str(file))

    def until_begun(self, job: str) -> None:
        until = time.monotonic() + LONGEST
        while not any(pod["status"]["phase"] == "Running" for pod in self.pods(job)):
            assert time.monotonic() < until
            time.sleep(0.5)

    def pods(self, job: str) -> list[Manifest]:
        found = self.cluster.get("pods", f"--selector=job-name={job}", "--namespace", NAMESPACE)
        items: list[Manifest] = found["items"]
        return items


@pytest.fixture(scope="module", autouse=True)
def platform_system(cluster: Cluster, repository: Path) -> None:
    """What an overlay brings into a cluster, without what this one does not know."""
    wanted = known(kustomized(repository / KUSTOMIZE / "overlays" / "dev"))
    applied = cluster("apply", "--filename=-", given=yaml.safe_dump_all(wanted))
    assert applied.code == 0, applied.output


@pytest.fixture
def runs(cluster: Cluster, laid_out: LaidOut, tmp_path: Path) -> Iterator[Runs]:
    component = tmp_path / "component"
    component.mkdir()
    patches = [{"target": {"kind": "Job"}, "patch": json.dumps(on_this_machine(laid_out))}]
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "patches": patches,
    }
    (component / "kustomization.yaml").write_text(json.dumps(kustomization))
    runs = Runs(cluster, laid_out, component)
    yield runs
    jobs = cluster.get("jobs", "--namespace", NAMESPACE)["items"]
    names = [job["metadata"]["name"] for job in jobs]
    ours = [name for name in names if name.rpartition("-")[2] in runs.made]
    if ours:
        cluster("delete", "jobs", *ours, "--namespace", NAMESPACE, "--wait=false")


def known(manifests: list[Manifest]) -> list[Manifest]:
    """Leave out what this cluster is too old for, or has no definition of."""
    return [
        manifest
        for manifest in manifests
        if manifest["kind"] != "CronJob" and not manifest["apiVersion"].startswith("argoproj.io/")
    ]


def on_this_machine(laid_out: LaidOut) -> list[dict[str, Any]]:
    """Return the changes to a Job, as a JSON patch."""
    pod = "/spec/template/spec"
    variables = {name: text for name, text in laid_out.moto.env.items() if name != "AWS_REGION"}
    return [
        {"op": "add", "path": f"{pod}/hostNetwork", "value": True},
        *(
            {"op": "add", "path": f"{pod}/containers/0/env/-", "value": {"name": n, "value": text}}
            for n, text in variables.items()
        ),
    ]


def test_the_api_takes_every_manifest(cluster: Cluster, laid_out: LaidOut) -> None:
    platform = kustomized(laid_out.root / KUSTOMIZE / "platform-system")
    job = laid_out.run("python3", "scripts/rds_job.py", "render", "--env", "dev")
    assert job.code == 0, job.output
    manifests = [
        *known(platform),
        job_of(one(platform, "CronJob"), "drift"),
        *yaml.safe_load_all(job.out),
    ]
    tried = cluster(
        "apply", "--dry-run=server", "--filename=-", given=yaml.safe_dump_all(manifests)
    )
    assert tried.code == 0, tried.output
    assert tried.out.count("(server dry run)") == len(manifests)


def test_a_run_makes_the_database_and_the_next_one_changes_nothing(runs: Runs) -> None:
    laid_out = runs.laid_out
    laid_out.write(MY_APP)
    number = runs.number()
    job = f"rds-provision-dev-{number}"
    done = runs.start(number, "--build-id", "77", "--git-ref", "c0ffee")
    assert done.code == 0, done.output
    with laid_out.tenant("my_app_user", "my_app") as app:
        app.execute("CREATE TABLE orders ()")

    collected = runs.collect(done.out)
    assert collected.code == 0, collected.output
    rows = laid_out.audit_rows()
    [pod] = runs.pods(job)
    assert {row["run_id"] for row in rows} == {pod["metadata"]["name"]}
    assert {row["build_id"] for row in rows} == {"77"}
    assert {"create_role", "create_database"} <= {row["action"] for row in rows}
    assert "c0ffee" in done.out
    nothing_secret_is_told(runs, job, done)
    the_pod_has_no_token(pod)
    the_config_map_goes_with_the_job(runs, job)

    again = runs.start(runs.number(), "--build-id", "78")
    assert again.code == 0, again.output
    assert runs.collect(again.out).code == 0
    later = [row for row in laid_out.audit_rows() if row["build_id"] == "78"]
    assert {row["status"] for row in later} == {"no_change"}
    verified = laid_out.run("pgtenant", "audit", "verify", "-e", "dev")
    assert verified.code == 0, verified.output


def nothing_secret_is_told(runs: Runs, job: str, done: Result) -> None:
    passwords = [password_of("my_app_user"), runs.laid_out.instance.admin.password]
    in_namespace = ("--namespace", NAMESPACE)
    config_map = runs.cluster.get("configmap", job, *in_namespace)
    packed = config_map["binaryData"]["project.tar.gz"]
    told: dict[str, str | bytes] = {
        "log": done.output,
        "job": json.dumps(runs.cluster.get("job", job, *in_namespace)),
        "pods": json.dumps(runs.pods(job)),
        "config map": json.dumps(config_map),
        "project": gzip.decompress(base64.b64decode(packed)),
        "events": json.dumps(runs.cluster.get("events", *in_namespace)),
    }
    assert "my_app_user" in done.output  # the search would find it
    assert b"my_app_user" in gzip.decompress(base64.b64decode(packed))
    assert {where: leaks(text, passwords) for where, text in told.items()} == {
        where: [] for where in told
    }


def the_pod_has_no_token(pod: Manifest) -> None:
    volumes = pod["spec"]["volumes"]
    assert {volume["name"] for volume in volumes} == {"bundle", "project", "tmp"}
    [mounts] = [container["volumeMounts"] for container in pod["spec"]["containers"]]
    assert {mount["mountPath"] for mount in mounts} == {"/project", "/tmp"}


def the_config_map_goes_with_the_job(runs: Runs, job: str) -> None:
    config_map = runs.cluster.get("configmap", job, "--namespace", NAMESPACE)
    [owner] = config_map["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("Job", job)


def test_production_is_refused_by_pgtenant_itself(runs: Runs) -> None:
    """Also when whoever starts the Job has not asked anybody."""
    laid_out = runs.laid_out
    laid_out.write(MY_APP, env="prod")
    refused = runs.start(runs.number(), env="prod")
    assert refused.code == 3, refused.output
    assert "ALLOW_DB_PROVISION=true" in refused.out
    assert not laid_out.instance.su("SELECT FROM pg_roles WHERE rolname = 'my_app_user'")
    approval = {"ALLOW_DB_PROVISION": "true", "PGTENANT_APPROVED_BY": "jane-doe"}
    approved = runs.start(runs.number(), env="prod", **approval)
    assert approved.code == 0, approved.output
    assert "jane-doe" in approved.out
    with laid_out.tenant("my_app_user", "my_app"):
        pass


def test_a_run_that_fails_is_told_with_its_code(runs: Runs) -> None:
    laid_out = runs.laid_out
    laid_out.write(MY_APP)
    with laid_out.moto.secrets() as client:
        client.delete_secret(
            SecretId="goldenpath/dev/my_app/postgres", ForceDeleteWithoutRecovery=True
        )
    number = runs.number()
    failed = runs.start(number)
    assert failed.code == 1, failed.output
    assert "goldenpath/dev/my_app/postgres" in failed.out
    assert len(runs.pods(f"rds-provision-dev-{number}")) == 2


def test_a_run_that_takes_too_long_is_ended_and_says_so(runs: Runs) -> None:
    laid_out = runs.laid_out
    laid_out.write(MY_APP)
    settings = laid_out.root / "pgtenant.toml"
    text = settings.read_text()
    assert "[server]\n" in text
    settings.write_text(text.replace("[server]\n", '[server]\nlock_timeout = "1h"\n'))
    number = runs.number()
    job = f"rds-provision-dev-{number}"
    runs.cluster.image()  # made before anybody waits for the run
    with holding(laid_out.instance, NO_COMMENTS), ThreadPoolExecutor() as pool:
        starting = pool.submit(runs.start, number)
        runs.until_begun(job)
        until_waiting(laid_out.instance, "COMMENT ON ROLE %")
        shorter = '{"spec": {"activeDeadlineSeconds": 1}}'
        patched = runs.cluster("patch", "job", job, "--namespace", NAMESPACE, f"--patch={shorter}")
        assert patched.code == 0, patched.output
        ended = starting.result()
    assert ended.code == 1, ended.output
    assert "DeadlineExceeded" in ended.err
    assert "the next run continues from there" in ended.err
    # It was told to end, had the time to write how, and was listened to.
    assert "run_finished" in ended.out
    assert runs.collect(ended.out).code == 0
    again = runs.start(runs.number())
    assert again.code == 0, again.output
    with laid_out.tenant("my_app_user", "my_app"):
        pass


def test_a_number_is_used_once(runs: Runs) -> None:
    runs.laid_out.write({})
    number = runs.number()
    assert runs.start(number).code == 0
    again = runs.start(number)
    assert again.code == 1
    assert "already exists" in again.err


def test_the_drift_report_fails_when_something_differs(runs: Runs) -> None:
    laid_out = runs.laid_out
    laid_out.write(MY_APP)
    converged = runs.start(runs.number())
    assert converged.code == 0, converged.output
    assert "rds-catalog-dev" in converged.err
    quiet = drift(runs)
    assert quiet.code == 0, quiet.output
    laid_out.instance.su("GRANT CONNECT ON DATABASE my_app TO PUBLIC")
    report = drift(runs)
    assert report.code == 2, report.output
    assert "my_app" in report.out
    assert "PUBLIC" in report.out


def drift(runs: Runs) -> Result:
    """Run the CronJob's jobTemplate as a Job."""
    name = f"rds-drift-{runs.number()}"
    cron_job = one(kustomized(runs.laid_out.root / KUSTOMIZE / "overlays" / "dev"), "CronJob")
    job = job_of(cron_job, name)
    pod = pod_of(job)
    pod["hostNetwork"] = True
    for container in pod["initContainers"] + pod["containers"]:
        container["image"] = runs.cluster.image()
    environ = runs.laid_out.moto.env.items()
    pod["containers"][0]["env"] = [{"name": name, "value": text} for name, text in environ]
    created = runs.cluster("create", "--filename=-", given=json.dumps(job))
    assert created.code == 0, created.output
    runs.cluster.finished("job", name, NAMESPACE)
    [ended] = runs.pods(name)
    [status] = ended["status"]["containerStatuses"]
    log = runs.cluster("logs", f"job/{name}", "--namespace", NAMESPACE)
    return Result(status["state"]["terminated"]["exitCode"], log.out, log.err)
