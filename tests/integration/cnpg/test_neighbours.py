"""What else is in the directory of the manifests: strangers, a kustomization, environments."""

from __future__ import annotations

import json

import pytest

from pgtenant.cli import main
from support.cnpg import CLUSTER, DIRECTORY, SHOP, GitOps

DATABASE = f"{DIRECTORY}/shop-db.yaml"
CRM = {"database_name": "crm", "username": "crm-user"}
OTHER_DATABASE = """\
apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata: {name: shop-db}
spec: {name: other, owner: shop-user, cluster: {name: postgres-shared}}
"""


@pytest.fixture
def shop(gitops: GitOps) -> GitOps:
    gitops.declare({"shop": SHOP})
    return gitops


def test_a_database_of_another_name_blocks_its_entry_alone(shop: GitOps) -> None:
    shop.write(DATABASE, OTHER_DATABASE)
    shop.declare({"shop": SHOP, "crm": CRM})
    done = shop.render()
    assert done.code == 4, done.output
    said = f'shop is blocked: {DATABASE} has spec.name "other", which can\'t become "shop_orders"'
    assert said in done.err
    assert shop.read(DATABASE) == OTHER_DATABASE
    assert "shop-user" not in shop.read(CLUSTER)
    assert "crm-user" in shop.read(CLUSTER)


def test_a_role_is_not_in_two_places(shop: GitOps) -> None:
    settings = shop.read("pgtenant.toml")
    shop.settings('[secrets]\nstore = "file"\n[cnpg]\nroles = "resources"\n')
    shop.rendered()
    before = shop.manifests()
    assert "shop-role.yaml" in before
    shop.write("pgtenant.toml", settings)
    done = shop.render()
    assert done.code == 4, done.output
    assert "shop is blocked: its role has a file of its own, shop-role.yaml" in done.err
    assert shop.manifests() == before
    (shop.root / DIRECTORY / "shop-role.yaml").unlink()
    shop.rendered()
    assert "shop-user" in shop.read(CLUSTER)


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        ([], "does not list postgres-cluster.yaml, shop-db.yaml, shop-secrets-sealed.yaml:"),
        (["./postgres-cluster.yaml", "shop-db.yaml"], "does not list shop-secrets-sealed.yaml:"),
        (["postgres-cluster.yaml", "shop-db.yaml", "shop-secrets-sealed.yaml", "other"], ""),
        (None, ""),
    ],
)
def test_what_a_kustomization_leaves_out_is_said(
    shop: GitOps, listed: list[str] | None, said: str
) -> None:
    if listed is not None:
        text = json.dumps({"kind": "Kustomization", "resources": listed})
        shop.write(f"{DIRECTORY}/kustomization.yaml", text)
    for _ in range(2):
        done = shop.rendered()
        assert said in done.err
        assert ("does not list" in done.err) is bool(said)


def test_programs_are_told_of_it_too(shop: GitOps) -> None:
    shop.write(f"{DIRECTORY}/Kustomization", "")
    assert json.loads(shop.rendered("--format", "json").out)["unlisted"] == [
        "postgres-cluster.yaml",
        "shop-db.yaml",
        "shop-secrets-sealed.yaml",
    ]


def test_a_kustomization_that_can_t_be_read_is_somebody_else_s(shop: GitOps) -> None:
    shop.write(f"{DIRECTORY}/kustomization.yaml", "resources: {")
    assert shop.rendered().err == ""


def test_environments_that_share_a_file_are_told_how_not_to(shop: GitOps) -> None:
    shop.rendered()
    text = shop.read("pgtenant.toml")
    shop.write("pgtenant.toml", f'{text}[environments.qa]\nengine = "cnpg"\n')
    shop.write("envs/qa-rds/terraform.tfvars", shop.read("envs/dev-rds/terraform.tfvars"))
    assert main(["render", "cnpg", "-e", "qa", "--check", "--project", str(shop.root)]) != 0
    said = shop.capsys.readouterr().err
    assert "belongs to shop in dev, by its comment; with {env} in [cnpg] directory" in said


def test_a_line_break_behind_the_marker_hides_nothing(shop: GitOps) -> None:
    shop.rendered()
    text = shop.read(CLUSTER)
    [line] = [one for one in text.splitlines() if "comment:" in one and "managed_by" in one]
    lead, _, marker = line.partition("comment: ")
    shop.write(CLUSTER, text.replace(marker, f"|\n{lead}  Ours.\n{lead}  {json.loads(marker)}"))
    [role] = [one for one in shop.yaml(CLUSTER)["spec"]["managed"]["roles"] if "createdb" in one]
    assert role["comment"].startswith("Ours.\n{")
    assert role["comment"].endswith("}\n")
    assert shop.render("--check").code == 0


def test_hyphens_and_dots_are_nobodys_but_kubernetes_business(gitops: GitOps) -> None:
    gitops.settings(
        '[secrets]\nstore = "file"\n[naming]\nkey = "^[a-z][a-z.-]+$"\n'
        'database_name = "^[a-z][a-z.-]+$"\nusername = "^[a-z][a-z.-]+$"\n'
    )
    entry = {"database_name": "shop.orders-eu", "username": "shop.user-eu"}
    gitops.declare({"my.shop-eu": entry})
    gitops.rendered()
    assert gitops.render("--check").code == 0
    *_, role = gitops.yaml(CLUSTER)["spec"]["managed"]["roles"]
    assert (role["name"], role["passwordSecret"]["name"]) == ("shop.user-eu", "my-shop-eu-db-creds")
    database = gitops.yaml(f"{DIRECTORY}/my-shop-eu-db.yaml")
    assert database["metadata"]["name"] == "my-shop-eu-db"
    assert database["spec"]["name"] == "shop.orders-eu"
    assert gitops.sealed("my-shop-eu")["username"] == "shop.user-eu"
    other = {"database_name": "other", "username": "other.user"}
    gitops.declare({"my.shop-eu": entry, "my-shop.eu": other})
    assert "would both be my-shop-eu in Kubernetes" in gitops.render().err
