"""What is somebody else's in a shared cluster is not taken over because a catalog names it."""

from __future__ import annotations

import json

import pytest

from support.cnpg import CLUSTER, CLUSTER_TEXT, DIRECTORY, SHOP, GitOps

DATABASE = f"{DIRECTORY}/shop-db.yaml"
OTHER = {"database_name": "billing", "username": "billing-user"}
THEIRS = """\
apiVersion: postgresql.cnpg.io/v1
kind: Database
metadata: {name: NAME, namespace: postgres}
spec: {name: shop_orders, owner: legacy, cluster: {name: postgres-shared}}
"""
THEIR_SECRET = """\
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata: {name: shop-db-creds, namespace: postgres}
spec: {encryptedData: {username: AgA, password: AgB}}
"""


@pytest.fixture
def shop(gitops: GitOps) -> GitOps:
    gitops.declare({"shop": SHOP, "billing": OTHER})
    return gitops


def blocked(gitops: GitOps, *arguments: str) -> str:
    """Render, insist that nothing of the shop was written but all of the other, and return why."""
    before = {name: text for name, text in gitops.manifests().items() if name.startswith("shop-")}
    done = gitops.render(*arguments)
    assert done.code == 4, done.output
    after = {name: text for name, text in gitops.manifests().items() if name.startswith("shop-")}
    assert after == before
    assert "shop-user" not in gitops.read(CLUSTER)
    assert "billing-user" in gitops.read(CLUSTER)
    return " ".join(done.err.split())


def test_a_database_with_another_owner(shop: GitOps) -> None:
    shop.write(DATABASE, THEIRS.replace("NAME", "shop-db"))
    assert "the Database shop-db belongs to legacy" in blocked(shop)
    assert "REASSIGN OWNED" in blocked(shop, "--adopt")
    shop.write(DATABASE, THEIRS.replace("NAME", "shop-db").replace("legacy", "shop-user"))
    shop.rendered()


@pytest.mark.parametrize("file", ["databases.yaml", "legacy.yml", "postgres-cluster.yaml"])
@pytest.mark.parametrize("name", ["shop-db", "orders"])
def test_a_database_that_another_file_declares(shop: GitOps, file: str, name: str) -> None:
    text = CLUSTER_TEXT + "---\n" if file == "postgres-cluster.yaml" else "# More.\n---\n"
    shop.write(f"{DIRECTORY}/{file}", text + THEIRS.replace("NAME", name))
    assert f" in {file}" in blocked(shop)


def test_a_secret_that_another_file_declares(shop: GitOps) -> None:
    shop.write(f"{DIRECTORY}/secrets.yaml", THEIR_SECRET)
    said = "the SealedSecret shop-db-creds is in secrets.yaml: move it to shop-secrets-sealed.yaml"
    assert said in blocked(shop)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name: postgres-shared}", "name: another}"),
        ("namespace: postgres", "namespace: elsewhere"),
        ("name: shop_orders", "name: shop_archive"),
        ("postgresql.cnpg.io", "example.com"),
        ("kind: Database", "kind: Database\n\tx: y"),
    ],
)
def test_what_only_looks_like_it_is_in_nobodys_way(shop: GitOps, before: str, after: str) -> None:
    text = THEIRS.replace("NAME", "orders")
    assert before in text
    shop.write(f"{DIRECTORY}/others.yaml", text.replace(before, after))
    shop.write(f"{DIRECTORY}/binary.yaml", b"\xff\xfe")
    shop.rendered()


@pytest.mark.parametrize(
    ("bootstrap", "database", "user", "said", "adopted"),
    [
        ("", "app", "app", "the role app is the one that the cluster begins with", True),
        ("", "app", "shop-user", "the database app is app's", False),
        ("", "shop_orders", "app", "the role app is the one", True),
        ("  bootstrap: {initdb: {database: shop_orders}}\n", "shop_orders", "shop-user",
         "the database shop_orders is shop_orders's", False),
        ("  bootstrap: {initdb: {database: shop_orders, owner: shop-user}}\n", "shop_orders",
         "shop-user", "the role shop-user is the one", True),
        ("  bootstrap: {recovery: {source: old, database: shop_orders, owner: other}}\n",
         "shop_orders", "shop-user", "the database shop_orders is other's", False),
    ],
)  # fmt: skip
def test_what_the_cluster_begins_with(
    gitops: GitOps, bootstrap: str, database: str, user: str, said: str, *, adopted: bool
) -> None:
    gitops.write(CLUSTER, CLUSTER_TEXT.replace("  storage:", f"{bootstrap}  storage:"))
    gitops.declare({"shop": {"database_name": database, "username": user}, "billing": OTHER})
    done = gitops.render()
    assert done.code == 4, done.output
    assert f"shop is blocked: {said}" in done.err
    assert "shop-db.yaml" not in gitops.manifests()
    assert gitops.render("--adopt").code == (0 if adopted else 4)
    if adopted:
        assert gitops.yaml(DATABASE)["spec"]["owner"] == user
        assert gitops.render("--check").code == 0


def test_a_cluster_that_was_restored_begins_with_nothing_that_it_says(gitops: GitOps) -> None:
    text = CLUSTER_TEXT.replace("  storage:", "  bootstrap: {recovery: {source: old}}\n  storage:")
    gitops.write(CLUSTER, text)
    gitops.declare({"shop": {"database_name": "app", "username": "app"}})
    gitops.rendered()


def test_another_username_does_not_take_the_database_along(gitops: GitOps) -> None:
    gitops.declare({"shop": SHOP})
    gitops.rendered()
    before = gitops.manifests()
    other = SHOP | {"username": "shop-owner"}
    gitops.secret("shop", other, "not-a-secret")
    gitops.declare({"shop": other})
    done = gitops.render()
    assert done.code == 4
    assert "the Database shop-db belongs to shop-user" in done.err
    assert gitops.manifests() == before
    gitops.write(DATABASE, gitops.read(DATABASE).replace("owner: shop-user", "owner: shop-owner"))
    done = gitops.rendered()
    assert gitops.sealed("shop") == {"username": "shop-owner", "password": "not-a-secret"}
    assert "retired? the role shop-user was shop's, which has another username now" in done.err
    said = json.loads(gitops.render("--check", "--format", "json").out)
    assert said["former"] == [{"entry": "shop", "role": "shop-user"}]
    names = [one["name"] for one in gitops.yaml(CLUSTER)["spec"]["managed"]["roles"]]
    assert names == ["legacy", "shop-user", "shop-owner"]


def test_an_entry_whose_manifest_would_be_the_clusters_is_refused(gitops: GitOps) -> None:
    gitops.settings('[secrets]\nstore = "file"\n[cnpg]\ncluster_file = "./shop-db.yaml"\n')
    gitops.write(DATABASE, CLUSTER_TEXT)
    gitops.declare({"shop": SHOP})
    done = gitops.render()
    assert done.code == 64
    assert "shop would be written into ./shop-db.yaml, which is the cluster's" in done.err
    assert gitops.read(DATABASE) == CLUSTER_TEXT
