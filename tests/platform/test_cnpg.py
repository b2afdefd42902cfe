"""The manifests for a shared cluster, before a real API server and to somebody else's crypto."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import psycopg
import pytest
import yaml

from pgtenant.cli import main
from pgtenant.report.schema import schema
from support import node
from support.cluster import Cluster
from support.cnpg import DIRECTORY, SHOP, GitOps
from support.cnpg_cluster import SharedCluster
from support.cnpg_operator import StandInOperator
from support.instance import Instance
from support.sealing import controller

KUBESEAL = Path(node.__file__).with_name("kubeseal")
DEFINITIONS = {
    "cnpg_clusters.yaml": "clusters.postgresql.cnpg.io",
    "cnpg_databases.yaml": "databases.postgresql.cnpg.io",
    "cnpg_databaseroles.yaml": "databaseroles.postgresql.cnpg.io",
    "sealedsecrets.yaml": "sealedsecrets.bitnami.com",
}
BI = {"database_name": "shop_orders", "username": "bi-reader", "access_level": "reader"}


@pytest.fixture(scope="module")
def cluster(cluster: Cluster) -> Cluster:
    """The API server, which knows what the manifests are about."""
    for file, resource in DEFINITIONS.items():
        cluster.define(file, resource)
    return cluster


@pytest.fixture
def gitops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> GitOps:
    made = GitOps(tmp_path, capsys)
    made.declare({"shop": SHOP | {"extensions": ["citext"]}, "shop_bi": BI})
    return made


def test_a_real_api_server_takes_and_keeps_them(cluster: Cluster, gitops: GitOps) -> None:
    gitops.rendered()
    apply = ("apply", "--server-side", "--field-manager=argocd", "--filename=-")
    with namespaces(cluster, "postgres"):
        for name, text in sorted(gitops.manifests().items()):
            applied = cluster(*apply, given=text)
            assert applied.code == 0, f"{name}: {applied.err}"
            sent = yaml.safe_load(text)
            kind = f"{sent['kind'].lower()}s.{sent['apiVersion'].partition('/')[0]}"
            kept = cluster.get(kind, sent["metadata"]["name"], "--namespace", "postgres")
            assert holds(kept["spec"], sent["spec"]), name
            assert holds(kept["metadata"]["annotations"], sent["metadata"]["annotations"])
        # Nothing of it is other than what the server has: the second apply changes nothing.
        before = generations(cluster)
        gitops.rendered()
        for text in gitops.manifests().values():
            assert cluster(*apply, given=text).code == 0
        assert generations(cluster) == before


@pytest.mark.major(min=17, max=17)
def test_all_waves(cluster: Cluster, gitops: GitOps, instance: Instance) -> None:
    shared = SharedCluster(gitops, instance)
    shared.declare({"shop": SHOP, "shop_bi": BI})
    gitops.rendered()
    with namespaces(cluster, "postgres"):
        synced(cluster, shared, {})
        job = cluster.get("jobs.batch", "pgtenant-apply", "--namespace", "postgres")
        cluster("delete", "jobs.batch", "pgtenant-apply", "--namespace", "postgres")
    assert job["metadata"]["annotations"]["argocd.argoproj.io/hook"] == "PostSync"
    shared.converge()
    with shared.tenant("bi-reader", "shop_orders") as reader:
        assert reader.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.major(min=17, max=17)
@pytest.mark.parametrize("roles", ["cluster", "resources"])
def test_out_of_service_and_away(
    cluster: Cluster, gitops: GitOps, instance: Instance, roles: str
) -> None:
    shared = SharedCluster(gitops, instance)
    shared.declare({"shop": SHOP, "shop_bi": BI})
    settings = gitops.read("pgtenant.toml").replace("[cnpg]", f'[cnpg]\nroles = "{roles}"')
    gitops.write("pgtenant.toml", f"{settings}[retire]\ndays = 0\n")
    gitops.rendered()
    applied: dict[str, str] = {}

    def sync() -> None:
        synced(cluster, shared, applied)

    def retire(stage: str, *flags: str) -> None:
        done = shared.run("retire", "shop", "--stage", stage, *flags)
        assert done.code == 0, done.output

    with namespaces(cluster, "postgres"):
        sync()
        shared.converge()
        retire("disable")
        sync()
        with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
            shared.tenant("shop-user", "shop_orders")
        gitops.declare({"other": {"database_name": "other", "username": "other-user"}})
        for _ in range(2):
            retire("drop", "--no-backup", "--confirm", "shop_orders")
            sync()
        left = instance.su("SELECT 1 FROM pg_roles WHERE rolname IN ('shop-user', 'bi-reader')")
        assert left == []
        if roles == "cluster":
            retire("drop", "--no-backup", "--confirm", "shop_orders")
        assert gitops.manifests().keys() == {
            "postgres-cluster.yaml", "pgtenant-admin-secrets-sealed.yaml", "pgtenant-apply.yaml",
        }  # fmt: skip


def test_whether_it_has_arrived(
    cluster: Cluster,
    gitops: GitOps,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gitops.declare({"shop": SHOP})
    gitops.rendered()
    monkeypatch.setenv("KUBECONFIG", cluster.environ["KUBECONFIG"])
    command = ["verify", "gitops", "-e", "dev", "--project", str(gitops.root)]
    with namespaces(cluster, "postgres", "shop"):
        assert main(command) == 1
        assert "there is no such Cluster" in capsys.readouterr().out
        for text in gitops.manifests().values():
            assert cluster("apply", "--server-side", "--filename=-", given=text).code == 0
        stand_in_for_the_controllers(cluster, gitops.sealed("shop"))
        code, out = main(command), capsys.readouterr().out
        assert code == 0, out
        assert "4 as they should be, 0 not, 0 could not be checked" in out
        assert "not-a-secret-of-shop" not in out
        assert main([*command, "--format", "json"]) == 0
        found = json.loads(capsys.readouterr().out)
        jsonschema.validate(found, schema("verify-gitops"))
        assert found["summary"] == {"good": 4, "bad": 0, "unknown": 0}
        gitops.declare({"shop": SHOP, "crm": {"database_name": "crm", "username": "crm-user"}})
        asked = counting_kubectl(gitops.root / "bin", monkeypatch)
        assert main(command) == 1
        # Whether there is a server, the cluster, and three kinds of objects: not one each.
        assert len(asked.read_text().splitlines()) == 5
        out = capsys.readouterr().out
        assert "4 as they should be, 4 not, 0 could not be checked" in out, out
        gitops.declare({"shop": SHOP})
    monkeypatch.setenv("KUBECONFIG", str(gitops.root / "none"))
    assert main(command) == 1
    assert "0 as they should be, 0 not, 4 could not be checked" in capsys.readouterr().out


def counting_kubectl(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put one in front of kubectl that writes a line for each call into the file it returns."""
    real, calls = shutil.which("kubectl"), directory / "calls"
    assert real is not None
    directory.mkdir()
    script = directory / "kubectl"
    script.write_text(f'#!/bin/sh\necho "$2" >> {calls}\nexec {real} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}{os.pathsep}{os.environ['PATH']}")
    return calls


def synced(cluster: Cluster, shared: SharedCluster, applied: dict[str, str]) -> None:
    """Apply and prune, as Argo CD does; the operator has what the API server kept."""
    manifests = shared.gitops.manifests()
    for name, text in sorted(manifests.items()):
        given = ("apply", "--server-side", "--field-manager=argocd", "--filename=-")
        assert (done := cluster(*given, given=text)).code == 0, f"{name}: {done.err}"
        applied[name] = text
    for name in applied.keys() - manifests.keys():
        assert cluster("delete", "--filename=-", given=applied.pop(name)).code == 0
    kept = [
        one
        for kind in ("clusters", "databases", "databaseroles")
        for one in cluster.get(f"{kind}.postgresql.cnpg.io", "--namespace", "postgres")["items"]
    ]
    for one in kept:  # the server writes the default, which the operator's rule allows
        if one["kind"] == "DatabaseRole":
            assert one["spec"].pop("ensure") == "present"
    operator = StandInOperator(shared.instance, shared.secrets(), applied=shared.applied)
    for _ in range(2):
        operator.reconcile(kept)
    assert operator.failed == {}


def stand_in_for_the_controllers(cluster: Cluster, values: dict[str, str]) -> None:
    """Do what sealed-secrets, Reflector and CloudNativePG do, none of which is here."""
    name, mirrored = "shop-db-creds", "reflector.v1.k8s.emberstack.com/reflected-version"
    literals = [f"--from-literal={key}={value}" for key, value in values.items()]
    for namespace in ("postgres", "shop"):
        made = ("create", "secret", "generic", name, f"--namespace={namespace}", *literals)
        assert cluster(*made).code == 0
    version = cluster.get("secret", name, "--namespace=postgres")["metadata"]["resourceVersion"]
    cluster("annotate", "secret", name, "--namespace=shop", f"{mirrored}={version}")
    roles = {
        "byStatus": {"reconciled": ["shop-user"]},
        "passwordStatus": {"shop-user": {"resourceVersion": version, "transactionID": 1}},
    }
    cluster_is = {"managedRolesStatus": roles}
    opened = {"observedGeneration": 1, "conditions": [{"type": "Synced", "status": "True"}]}
    for api, kind, one, status in (
        ("bitnami.com/v1alpha1", "sealedsecrets", name, opened),
        ("postgresql.cnpg.io/v1", "clusters", "postgres-shared", cluster_is),
        (
            "postgresql.cnpg.io/v1",
            "databases",
            "shop-db",
            {"applied": True, "observedGeneration": 1},
        ),
    ):
        path = f"/apis/{api}/namespaces/postgres/{kind}/{one}"
        there = json.loads(cluster("get", f"--raw={path}").out)
        given = json.dumps(there | {"status": status})
        done = cluster("replace", f"--raw={path}/status", "--filename=-", given=given)
        assert done.code == 0, done.err


@contextlib.contextmanager
def namespaces(cluster: Cluster, *names: str) -> Iterator[None]:
    """Namespaces of the test's own, also where a run that was killed has left some."""
    cluster("delete", "namespace", *names, "--ignore-not-found", "--wait=true")
    for name in names:
        made = cluster("create", "namespace", name)
        assert made.code == 0, made.err
    try:
        yield
    finally:
        cluster("delete", "namespace", *names, "--wait=true")


def test_the_server_would_refuse_what_is_wrong(cluster: Cluster, gitops: GitOps) -> None:
    gitops.rendered()
    text = gitops.read(f"{DIRECTORY}/shop-db.yaml").replace("retain", "keep")
    text = text.replace("namespace: postgres", "namespace: default")
    done = cluster("create", "--dry-run=server", "--filename=-", given=text)
    assert done.code != 0
    assert "databaseReclaimPolicy" in done.err


def test_an_independent_controller_opens_what_was_sealed(gitops: GitOps) -> None:
    packages = node.packages(KUBESEAL)
    gitops.rendered()
    sealed = gitops.yaml(f"{DIRECTORY}/shop-secrets-sealed.yaml")["spec"]["encryptedData"]

    def opened(label: str) -> object:
        given = {"key": controller().private, "label": label, "values": sealed}
        return json.loads(node.run(packages, KUBESEAL / "open.cjs", given=json.dumps(given)))

    assert opened("postgres/shop-db-creds") == {
        "username": "shop-user",
        "password": "not-a-secret-of-shop/%",
    }
    for label in ("postgres/other-db-creds", "other/shop-db-creds", "postgres", ""):
        assert opened(label) == {"username": None, "password": None}


def test_an_independent_kubeseal_seals_alike(gitops: GitOps) -> None:
    values = {"password": "not-a-secret/%ä", "empty": ""}
    given = {"certificate": controller().public, "namespace": "postgres", "values": values}
    packages = node.packages(KUBESEAL)
    sealed = json.loads(node.run(packages, KUBESEAL / "seal.cjs", given=json.dumps(given)))
    assert {key: controller().opened(one, "postgres") for key, one in sealed.items()} == values
    gitops.settings('[secrets]\nstore = "file"\n[cnpg]\nscope = "namespace-wide"\n')
    gitops.rendered()
    assert gitops.sealed("shop", "postgres")["username"] == "shop-user"


def holds(there: object, wanted: object) -> bool:
    """Tell whether a value is there, perhaps with defaults of the server's beside it."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(
            key in there and holds(there[key], one) for key, one in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(there, list) and all(map(holds, there, wanted))
    return there == wanted


def generations(cluster: Cluster) -> dict[str, int]:
    """The generation of every object, which counts the changes of what is wanted."""
    return {
        one["metadata"]["uid"]: one["metadata"]["generation"]
        for resource in DEFINITIONS.values()
        for one in cluster.get(resource, "--namespace", "postgres")["items"]
    }
