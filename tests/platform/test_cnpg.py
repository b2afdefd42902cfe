"""The manifests for a shared cluster, before a real API server and to somebody else's crypto."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from support import node
from support.cluster import Cluster
from support.cnpg import DIRECTORY, SHOP, GitOps
from support.sealing import controller

KUBESEAL = Path(node.__file__).with_name("kubeseal")
DEFINITIONS = {
    "cnpg_clusters.yaml": "clusters.postgresql.cnpg.io",
    "cnpg_databases.yaml": "databases.postgresql.cnpg.io",
    "sealedsecrets.yaml": "sealedsecrets.bitnami.com",
}
BI = {"database_name": "shop_orders", "username": "bi-reader", "access_level": "reader"}


@pytest.fixture
def gitops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> GitOps:
    made = GitOps(tmp_path, capsys)
    made.declare({"shop": SHOP | {"extensions": ["citext"]}, "shop_bi": BI})
    return made


def test_a_real_api_server_takes_and_keeps_them(cluster: Cluster, gitops: GitOps) -> None:
    for file, resource in DEFINITIONS.items():
        cluster.define(file, resource)
    cluster("create", "namespace", "postgres")
    gitops.rendered()
    apply = ("apply", "--server-side", "--field-manager=argocd", "--filename=-")
    try:
        for name, text in sorted(gitops.manifests().items()):
            applied = cluster(*apply, given=text)
            assert applied.code == 0, f"{name}: {applied.err}"
            sent = yaml.safe_load(text)
            kind = f"{sent['kind'].lower()}s.{sent['apiVersion'].partition('/')[0]}"
            kept = cluster.get(kind, sent["metadata"]["name"], "--namespace", "postgres")
            assert holds(kept["spec"], sent["spec"]), name
            assert holds(kept["metadata"]["annotations"], sent["metadata"]["annotations"])
        # Nothing of it is other than what the server has: the second apply changes nothing.
        before = versions(cluster)
        gitops.rendered()
        for text in gitops.manifests().values():
            assert cluster(*apply, given=text).code == 0
        assert versions(cluster) == before
    finally:
        cluster("delete", "namespace", "postgres", "--wait=true")


def test_the_server_would_refuse_what_is_wrong(cluster: Cluster, gitops: GitOps) -> None:
    for file, resource in DEFINITIONS.items():
        cluster.define(file, resource)
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


def versions(cluster: Cluster) -> dict[str, str]:
    """The version of every object, which changes with it."""
    return {
        one["metadata"]["uid"]: one["metadata"]["resourceVersion"]
        for resource in DEFINITIONS.values()
        for one in cluster.get(resource, "--namespace", "postgres")["items"]
    }
