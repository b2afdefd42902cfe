"""Manifests that were written by hand become a catalog, and stay as they are."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from pgtenant.cli import main
from pgtenant.report.schema import schema
from support.cnpg import CLUSTER, CLUSTER_TEXT, DIRECTORY, GitOps
from support.project import Result

SHOP_ROLE = """\
      - name: shop-user
        login: true
        connectionLimit: 20
        passwordSecret:
          name: shop-db-creds
"""
DATABASE = """\
apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata:
  name: shop-db
  namespace: postgres
  annotations:
    argocd.argoproj.io/sync-wave: "2" # Ensures it runs after the Cluster/Role sync
spec:
  name: shop_orders
  owner: shop-user # Matches the role name in Step 3
  cluster:
    name: postgres-shared
  extensions:
  - {name: citext}
  - {name: hstore, ensure: absent}
"""
SEALED = """\
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  name: shop-db-creds
  namespace: postgres
spec:
  encryptedData: {username: AgA, password: AgB}
  template:
    metadata:
      annotations:
        argocd.argoproj.io/sync-wave: "0"
        reflector.v1.k8s.emberstack.com/reflection-allowed: "true"
        reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces: "storefront"
        reflector.v1.k8s.emberstack.com/reflection-auto-enabled: "true"
"""
CATALOG = """\
application_databases = {
  shop = {
    database_name    = "shop_orders"
    username         = "shop-user"
    createdb         = false
    connection_limit = 20
    extensions       = ["citext"]
  }
}
"""


@pytest.fixture
def by_hand(gitops: GitOps) -> GitOps:
    waved = CLUSTER_TEXT.replace(
        "  namespace: postgres\n",
        '  namespace: postgres\n  annotations: {argocd.argoproj.io/sync-wave: "1"}\n',
    )
    gitops.write(CLUSTER, waved.replace("  monitoring:", f"{SHOP_ROLE}  monitoring:"))
    gitops.write(f"{DIRECTORY}/shop-db.yaml", DATABASE)
    gitops.write(f"{DIRECTORY}/shop-secrets-sealed.yaml", SEALED)
    return gitops


def imported(gitops: GitOps, capsys: pytest.CaptureFixture[str], *more: str) -> Result:
    capsys.readouterr()
    code = main(["import", "cnpg", "-e", "dev", "--project", str(gitops.root), *more])
    return Result(code, *capsys.readouterr())


def test_the_first_render_adds_markers_and_nothing_else(
    by_hand: GitOps, capsys: pytest.CaptureFixture[str]
) -> None:
    before = by_hand.manifests()
    done = imported(by_hand, capsys)
    assert done.code == 0, done.output
    assert done.out.endswith(CATALOG)
    assert "# Left out, the role legacy: no Database says what it may do" in done.out
    [added] = [line for line in done.err.splitlines() if line.startswith("+ ")]
    assert added.strip("+ ").startswith('comment: "{\\"managed_by\\":\\"pgtenant\\"')
    assert not [line for line in done.err.splitlines() if line.startswith("- ")]
    assert by_hand.manifests() == before
    by_hand.write("envs/dev-rds/terraform.tfvars", done.out)
    (by_hand.root / "infra/sealed-secrets/pub-cert.pem").unlink()
    by_hand.rendered("--adopt")
    after = by_hand.manifests()
    assert {name for name in after if after[name] != before[name]} == {"postgres-cluster.yaml"}
    again = imported(by_hand, capsys)
    assert again.out == done.out
    assert again.err.endswith("the first render changes nothing\n")


def test_for_programs(by_hand: GitOps, capsys: pytest.CaptureFixture[str]) -> None:
    said = json.loads(imported(by_hand, capsys, "--format", "json").out)
    jsonschema.validate(said, schema("import-cnpg"))
    assert said["catalog"].endswith(CATALOG)
    assert [one["what"] for one in said["left_out"]] == ["role legacy"]
    [file] = said["first_render"]["files"]
    assert file["path"] == CLUSTER
    by_hand.write("envs/dev-rds/terraform.tfvars", said["catalog"])
    refused = main(["import", "-e", "dev", "--project", str(by_hand.root), "--format", "json"])
    assert refused == 64


def test_roles_that_are_resources(by_hand: GitOps, capsys: pytest.CaptureFixture[str]) -> None:
    cluster = by_hand.read(CLUSTER)
    assert SHOP_ROLE in cluster
    by_hand.write(CLUSTER, cluster.replace(SHOP_ROLE, ""))
    spec = textwrap.indent(textwrap.dedent(SHOP_ROLE.replace("- ", "  ")), "  ")
    by_hand.write(
        f"{DIRECTORY}/shop-role.yaml",
        "apiVersion: postgresql.cnpg.io/v1\nkind: DatabaseRole\nmetadata:\n  name: shop-role\n"
        "  annotations: {argocd.argoproj.io/sync-wave: '1'}\n"
        f"spec:\n{spec}  cluster: {{name: postgres-shared}}\n",
    )
    settings = by_hand.read("pgtenant.toml")
    by_hand.write("pgtenant.toml", f'[cnpg]\nroles = "resources"\n{settings}')
    done = imported(by_hand, capsys)
    assert done.out.endswith(CATALOG), done.output
    changed = [line for line in done.err.splitlines() if line.startswith(("+ ", "- "))]
    assert [line.strip("+ ").partition(":")[0] for line in changed] == ["comment"]


def test_a_file_is_never_overwritten(
    by_hand: GitOps, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "imported.tfvars"
    assert imported(by_hand, capsys, "--out", str(file)).code == 0
    assert file.read_text().endswith(CATALOG)
    assert imported(by_hand, capsys, "--out", str(file)).code == 64


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("shop-db.yaml", "name: postgres-shared", "name: other", "it is in the cluster other"),
        ("shop-db.yaml", "namespace: postgres", "namespace: b", "it is in the namespace b"),
        ("shop-db.yaml", "name: shop-db", "name: orders", "has the Database orders-db"),
        ("shop-db.yaml", "owner: shop-user", "owner: nobody", "nobody is not among the roles"),
        ("shop-db.yaml", "spec:", "spec:\n  ensure: absent", "its ensure is absent"),
        ("shop-db.yaml", "name: shop_orders", "name: postgres", "superuser and database have it"),
        ("postgres-cluster.yaml", "login: true\n        connection", "connection", "can't log in"),
        ("postgres-cluster.yaml", "shop-db-creds", "other", "is not in the secret shop-db-creds"),
    ],
)
def test_what_a_catalog_can_t_say_is_left_out(
    by_hand: GitOps,
    capsys: pytest.CaptureFixture[str],
    file: str,
    before: str,
    after: str,
    said: str,
) -> None:
    text = by_hand.read(f"{DIRECTORY}/{file}")
    assert before in text
    by_hand.write(f"{DIRECTORY}/{file}", text.replace(before, after))
    done = imported(by_hand, capsys)
    assert done.code == 0, done.output
    assert "shop = {" not in done.out
    assert said in done.out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ if .Values.x }}\nkind: Database\n", "file chart.yaml:2: this is not valid YAML"),
        ("a: 1\n\tb: 2\n", "file chart.yaml:1: this is not valid YAML"),
        ("#" * 2_000_000, "file chart.yaml: is larger than"),
        ("<<: *x\n", "file chart.yaml"),
    ],
)
def test_a_file_of_somebody_else_s_that_can_t_be_read_is_left_out(
    by_hand: GitOps, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    by_hand.write(f"{DIRECTORY}/chart.yaml", text)
    done = imported(by_hand, capsys)
    assert done.code == 0, done.output
    assert said in done.out
    assert done.out.endswith(CATALOG)


def test_what_stands_in_the_clusters_own_file_is_named(
    by_hand: GitOps, capsys: pytest.CaptureFixture[str]
) -> None:
    by_hand.write(
        CLUSTER, f"{by_hand.read(CLUSTER)}---\n{by_hand.read(f'{DIRECTORY}/shop-db.yaml')}"
    )
    (by_hand.root / DIRECTORY / "shop-db.yaml").unlink()
    done = imported(by_hand, capsys)
    assert "in shop-db.yaml, and this one is shop-db in postgres-cluster.yaml" in done.out
    assert "the role shop-user" not in done.out
