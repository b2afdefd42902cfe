"""One command and one commit: what the guide of a shared cluster does in five steps by hand."""

from __future__ import annotations

import csv
import io
import json

import jsonschema  # type: ignore[import-untyped]
import pytest

from pgtenant.cli import main
from pgtenant.planning.marker import Marker
from pgtenant.report.schema import schema
from support.cnpg import CERTIFICATE, CLUSTER, CLUSTER_TEXT, DIRECTORY, SHOP, GitOps
from support.leaks import leaks
from support.sealing import NOW, controller

DATABASE = f"{DIRECTORY}/shop-db.yaml"
SEALED = f"{DIRECTORY}/shop-secrets-sealed.yaml"
ROLE = f"""\
      - name: shop-user
        comment: {json.dumps(Marker("dev", "shop").text())}
        ensure: present
        login: true
        inherit: true
        connectionLimit: -1
        createdb: true
        passwordSecret:
          name: shop-db-creds
"""


@pytest.fixture
def shop(gitops: GitOps) -> GitOps:
    gitops.declare({"shop": SHOP})
    return gitops


def test_a_new_application_is_one_command_and_three_small_changes(shop: GitOps) -> None:
    done = shop.rendered("shop")
    assert done.out == f"written:\n  {SEALED}\n  {CLUSTER}\n  {DATABASE}\n"
    assert shop.read(CLUSTER) == CLUSTER_TEXT.replace(
        "  namespace: postgres\nspec",
        '  namespace: postgres\n  annotations:\n    argocd.argoproj.io/sync-wave: "1"\nspec',
    ).replace("  monitoring:", f"{ROLE}  monitoring:")
    assert shop.read(DATABASE) == (
        "apiVersion: postgresql.cnpg.io/v1\n"
        "kind: Database\n"
        "metadata:\n"
        "  name: shop-db\n"
        "  namespace: postgres\n"
        "  annotations:\n"
        '    argocd.argoproj.io/sync-wave: "2"\n'
        "spec:\n"
        "  name: shop_orders\n"
        "  owner: shop-user\n"
        "  databaseReclaimPolicy: retain\n"
        "  cluster:\n"
        "    name: postgres-shared\n"
    )
    assert shop.sealed("shop") == {"username": "shop-user", "password": "not-a-secret-of-shop/%"}


def test_the_sealed_secret_is_copied_to_its_application_alone(shop: GitOps) -> None:
    shop.rendered()
    sealed = shop.yaml(SEALED)
    assert (sealed["apiVersion"], sealed["kind"]) == ("bitnami.com/v1alpha1", "SealedSecret")
    assert sealed["metadata"]["name"] == "shop-db-creds"
    template = sealed["spec"]["template"]
    assert template["type"] == "Opaque"
    assert template["metadata"] == {
        "name": "shop-db-creds",
        "namespace": "postgres",
        "labels": {"cnpg.io/reload": "true"},
        "annotations": {
            "argocd.argoproj.io/sync-wave": "0",
            "reflector.v1.k8s.emberstack.com/reflection-allowed": "true",
            "reflector.v1.k8s.emberstack.com/reflection-auto-enabled": "true",
            "reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces": "shop",
        },
    }
    assert 'sync-wave: "0"' in shop.read(SEALED)
    for label in ("postgres/other", "other/shop-db-creds", "postgres"):
        with pytest.raises(ValueError, match=r"[Dd]ecryption"):
            shop.sealed("shop", label)


def test_the_second_run_changes_nothing_and_needs_no_secret(shop: GitOps) -> None:
    shop.rendered()
    before = shop.manifests()
    (shop.root / CERTIFICATE).unlink()
    (shop.root / ".secrets/goldenpath/dev/shop/postgres.json").unlink()
    done = shop.rendered()
    assert done.out == "the manifests of dev are as the catalog says\n"
    assert shop.manifests() == before
    assert shop.render("--check").code == 0


def test_no_file_and_no_output_has_the_password(shop: GitOps) -> None:
    outputs = [shop.render(*more).output for more in (("--check",), (), ("--reseal",))]
    (shop.root / ".secrets/goldenpath/dev/shop/postgres.json").unlink()
    files = [path.read_bytes() for path in shop.root.rglob("*") if path.is_file()]
    for text in (*outputs, *map(bytes.decode, files)):
        assert not leaks(text, ["not-a-secret-of-shop/%"])


def test_check_writes_nothing_and_reads_no_secret(shop: GitOps) -> None:
    (shop.root / ".secrets/goldenpath/dev/shop/postgres.json").unlink()
    before = shop.manifests()
    done = shop.render("--check")
    assert done.code == 2
    assert done.out.startswith(f"{SEALED}: there are no sealed credentials\n--- a/{CLUSTER}\n")
    assert "+      - name: shop-user\n" in done.out
    assert f"--- /dev/null\n+++ b/{DATABASE}\n" in done.out
    assert shop.manifests() == before


def test_all_entries_or_some(gitops: GitOps) -> None:
    entries = {
        key: {"database_name": f"{key}_db", "username": f"{key}-user"} for key in ("a1", "b2", "c3")
    }
    gitops.declare(entries)
    gitops.rendered("a1", "c3")
    assert {"a1-db.yaml", "c3-db.yaml"} <= gitops.manifests().keys()
    assert "b2" not in "".join(gitops.manifests())
    assert gitops.render("--check", "a1").code == 0
    assert gitops.render("--check").code == 2
    gitops.rendered()
    roles = gitops.yaml(CLUSTER)["spec"]["managed"]["roles"]
    assert [one["name"] for one in roles] == ["legacy", "a1-user", "c3-user", "b2-user"]


def test_only_an_owner_has_a_database(gitops: GitOps) -> None:
    reader = {"database_name": "shop_orders", "username": "bi_reader", "access_level": "reader"}
    gitops.declare({"shop": SHOP, "shop_bi": reader | {"createdb": False, "connection_limit": 5}})
    gitops.rendered()
    assert "shop-bi-db.yaml" not in gitops.manifests()
    [role] = [
        one
        for one in gitops.yaml(CLUSTER)["spec"]["managed"]["roles"]
        if one["name"] == "bi_reader"
    ]
    assert (role["createdb"], role["connectionLimit"]) == (False, 5)
    assert role["passwordSecret"] == {"name": "shop-bi-db-creds"}
    assert role["comment"] == Marker("dev", "shop_bi").text()


def test_further_keys_lead_into_the_cluster(shop: GitOps) -> None:
    keys = "username,password,host,port,dbname,DATABASE_URL,jdbc-uri"
    shop.settings(f'[secrets]\nstore = "file"\n[cnpg]\nkeys = "{keys}"\n')
    shop.rendered()
    host, secret = "postgres-shared-rw.postgres.svc", "not-a-secret-of-shop%2F%25"
    assert shop.sealed("shop") == {
        "username": "shop-user",
        "password": "not-a-secret-of-shop/%",
        "host": host,
        "port": "5432",
        "dbname": "shop_orders",
        "DATABASE_URL": f"postgresql://shop-user:{secret}@{host}:5432/shop_orders",
        "jdbc-uri": f"jdbc:postgresql://{host}:5432/shop_orders?password={secret}&user=shop-user",
    }


def test_a_further_key_is_sealed_into_what_is_there(shop: GitOps) -> None:
    shop.rendered()
    shop.settings('[secrets]\nstore = "file"\n[cnpg]\nkeys = ["username", "password", "host"]\n')
    done = shop.render("--check")
    assert (done.code, done.out) == (2, f"{SEALED}: there is no sealed host\n")
    shop.rendered()
    assert shop.sealed("shop").keys() == {"username", "password", "host"}


def test_a_new_password_is_sealed_when_asked_for(shop: GitOps) -> None:
    shop.rendered()
    before = shop.manifests()
    shop.secret("shop", SHOP, "not-a-secret-but-new")
    shop.rendered()
    assert shop.manifests() == before
    shop.rendered("--reseal", "shop")
    assert shop.sealed("shop")["password"] == "not-a-secret-but-new"
    changed = {name for name, text in shop.manifests().items() if before[name] != text}
    assert changed == {"shop-secrets-sealed.yaml"}


def test_credentials_of_a_second_login_are_refused(shop: GitOps) -> None:
    shop.secret("shop", SHOP | {"username": "shop-user_b"}, "not-a-secret")
    done = shop.render()
    assert done.code == 1
    assert "field 'username' is not 'shop-user'" in done.err
    assert "shop-user" not in shop.read(CLUSTER)
    said = json.loads(shop.render("--format", "json").out)
    jsonschema.validate(said, schema("render-cnpg"))
    assert (said["written"], said["files"]) == (False, [])
    assert "username" in said["error"]["message"]


def test_for_programs(shop: GitOps) -> None:
    shop.declare({"shop": SHOP, "old": {"database_name": "old", "username": "legacy"}})
    check = json.loads(shop.render("--check", "--format", "json").out)
    jsonschema.validate(check, schema("render-cnpg"))
    assert (check["written"], [one["path"] for one in check["unsealed"]]) == (False, [SEALED])
    done = shop.render("--format", "json")
    said = json.loads(done.out)
    jsonschema.validate(said, schema("render-cnpg"))
    assert (done.code, said["written"]) == (4, True)
    assert [(one["path"], one["change"]) for one in said["files"]] == [
        (SEALED, "create"), (CLUSTER, "edit"), (DATABASE, "create"),
    ]  # fmt: skip
    assert [one["entry"] for one in said["blocked"]] == ["old"]
    assert not leaks(done.out, ["not-a-secret-of-shop/%"])


def test_a_version_that_the_store_has_no_more_is_asked_for_once(shop: GitOps) -> None:
    shop.rendered()
    noted = "    pgtenant/username: shop-user\n"
    shop.write(
        SEALED, shop.read(SEALED).replace(noted, f"{noted}    pgtenant/secret-version: v1\n")
    )
    assert SEALED in shop.rendered().out
    before = shop.manifests()
    shop.rendered()
    assert shop.manifests() == before


def test_a_key_that_is_no_longer_asked_for_is_sealed_with_the_others(shop: GitOps) -> None:
    shop.settings('[secrets]\nstore = "file"\n[cnpg]\nkeys = "username,password,DATABASE_URL"\n')
    shop.rendered()
    shop.settings('[secrets]\nstore = "file"\n')
    assert shop.render("--check").code == 0
    shop.secret("shop", SHOP, "not-a-secret-but-new")
    shop.rendered("--reseal")
    assert "not-a-secret-but-new" in shop.sealed("shop")["DATABASE_URL"]


def test_keys_that_lead_elsewhere_are_sealed_again(gitops: GitOps) -> None:
    keys = '[secrets]\nstore = "file"\n[cnpg]\nkeys = "username,password,dbname"\n'
    bi = {"database_name": "shop_orders", "username": "bi-reader", "access_level": "reader"}
    crm = {"database_name": "crm_db", "username": "crm-user"}
    gitops.settings(keys)
    gitops.declare({"shop": SHOP, "crm": crm, "bi": bi})
    gitops.rendered()
    before = gitops.manifests()
    gitops.declare({"shop": SHOP, "crm": crm, "bi": bi | {"database_name": "crm_db"}})
    assert (
        "they lead to postgres-shared-rw.postgres.svc/shop_orders" in gitops.render("--check").out
    )
    gitops.rendered()
    assert gitops.sealed("bi")["dbname"] == "crm_db"
    changed = {name for name, text in gitops.manifests().items() if before[name] != text}
    assert changed == {"bi-secrets-sealed.yaml"}


def test_a_value_of_somebody_else_s_keeps_its_scope(shop: GitOps) -> None:
    shop.rendered()
    text = shop.read(SEALED).replace("  encryptedData:\n", "  encryptedData:\n    token: AgC\n")
    shop.write(SEALED, text)
    shop.rendered("--reseal")
    assert "    token: AgC\n" in shop.read(SEALED)
    shop.settings('[secrets]\nstore = "file"\n[cnpg]\nscope = "cluster-wide"\n')
    before = shop.manifests()
    done = shop.render()
    assert (done.code, shop.manifests()) == (64, before)
    assert "has token sealed in the scope strict" in done.err


def test_a_secret_of_another_login_is_not_sealed(shop: GitOps) -> None:
    shop.secret("shop", SHOP | {"username": "shop-user_b"}, "not-a-secret-of-somebody-else")
    refused = shop.render()
    assert refused.code == 1
    assert "field 'username' is not 'shop-user'" in refused.output
    assert not (shop.root / SEALED).exists()


@pytest.mark.parametrize(("scope", "label"), [("namespace-wide", "postgres"), ("cluster-wide", "")])
def test_wider_scopes(shop: GitOps, scope: str, label: str) -> None:
    shop.rendered()
    shop.settings(f'[secrets]\nstore = "file"\n[cnpg]\nscope = "{scope}"\n')
    assert f"{SEALED}: their scope is strict" in shop.render("--check").out
    shop.rendered()
    values = shop.yaml(SEALED)["spec"]["encryptedData"]
    assert controller().opened(values["username"], label) == "shop-user"
    assert (
        shop.yaml(SEALED)["metadata"]["annotations"][f"sealedsecrets.bitnami.com/{scope}"] == "true"
    )
    shop.settings('[secrets]\nstore = "file"\n')
    shop.rendered()
    assert shop.sealed("shop")["username"] == "shop-user"
    assert shop.render("--check").code == 0


def test_what_kubeseal_has_sealed_stays(shop: GitOps) -> None:
    hand_made = (
        "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n"
        "  creationTimestamp: null\n  name: shop-db-creds\n  namespace: postgres\nspec:\n"
        "  encryptedData:\n    password: AgBy\n    username: AgBz\n  template:\n    metadata:\n"
        "      annotations:\n"
        '        argocd.argoproj.io/sync-wave: "0"\n'
        '        reflector.v1.k8s.emberstack.com/reflection-allowed: "true"\n'
        "        reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces: shop,billing\n"
        '        reflector.v1.k8s.emberstack.com/reflection-auto-enabled: "true"\n'
        "      creationTimestamp: null\n      name: shop-db-creds\n      namespace: postgres\n"
        "    type: kubernetes.io/basic-auth\n"
    )
    shop.write(SEALED, hand_made)
    shop.rendered()
    assert shop.read(SEALED) == hand_made
    shop.rendered("shop", "--namespace", "shop")
    assert shop.read(SEALED) == hand_made.replace("shop,billing", "shop")


def test_more_namespaces_when_asked_for(shop: GitOps) -> None:
    shop.rendered("shop", "--namespace", "shop", "--namespace", "billing")
    name = "reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces"
    assert shop.yaml(SEALED)["spec"]["template"]["metadata"]["annotations"][name] == "shop,billing"
    shop.rendered()
    assert shop.yaml(SEALED)["spec"]["template"]["metadata"]["annotations"][name] == "shop,billing"


@pytest.mark.parametrize("there", ["*", "shop,*", "app-.*"])
def test_a_list_that_means_everyone_is_refused(shop: GitOps, there: str) -> None:
    shop.rendered()
    text = shop.read(SEALED)
    shop.write(SEALED, text.replace("allowed-namespaces: shop", f'allowed-namespaces: "{there}"'))
    done = shop.render()
    assert done.code == 64
    assert "write out each namespace" in done.err
    assert shop.render("shop", "--namespace", there).code == 64


@pytest.mark.parametrize("which", ["allowed", "auto"])
def test_labels_that_mean_everyone_are_refused(shop: GitOps, which: str) -> None:
    shop.rendered()
    name = f"reflector.v1.k8s.emberstack.com/reflection-{which}-namespaces-selector"
    head = "        argocd.argoproj.io/sync-wave"
    text = shop.read(SEALED).replace(head, f"        {name}: team\n{head}")
    shop.write(SEALED, text)
    done = shop.render()
    assert done.code == 64
    line = text[: text.index(name)].count("\n") + 1
    assert f"{SEALED}:{line}: lets the secret be copied by {name}" in done.err
    shop.write(SEALED, text.replace(": team", ': ""'))
    shop.rendered()


def test_a_list_of_its_own_for_copies_follows_the_namespaces(shop: GitOps) -> None:
    shop.rendered()
    name = "reflector.v1.k8s.emberstack.com/reflection-auto-namespaces"
    head = "        argocd.argoproj.io/sync-wave"
    shop.write(SEALED, shop.read(SEALED).replace(head, f"        {name}: shop\n{head}"))
    before = shop.manifests()
    shop.rendered()
    assert shop.manifests() == before
    shop.rendered("shop", "--namespace", "billing")
    assert shop.yaml(SEALED)["spec"]["template"]["metadata"]["annotations"][name] == "billing"


def test_an_empty_list_means_everyone_as_well(shop: GitOps) -> None:
    shop.rendered()
    text = shop.read(SEALED)
    shop.write(SEALED, text.replace("allowed-namespaces: shop", 'allowed-namespaces: ""'))
    assert shop.render("--check").code == 2
    shop.rendered()
    assert shop.read(SEALED).count("allowed-namespaces: shop") == 0
    assert 'allowed-namespaces: "shop"' in shop.read(SEALED)


def test_a_role_that_is_not_ours_is_blocked_until_adopted(gitops: GitOps) -> None:
    legacy = {"database_name": "legacy_db", "username": "legacy"}
    gitops.declare({"legacy": legacy, "shop": SHOP})
    done = gitops.render()
    assert done.code == 4
    assert "legacy is blocked: the role legacy is in the cluster's manifest" in done.err
    assert gitops.manifests().keys() == {
        "postgres-cluster.yaml", "shop-secrets-sealed.yaml", "shop-db.yaml"
    }  # fmt: skip
    gitops.rendered("--adopt")
    role = gitops.yaml(CLUSTER)["spec"]["managed"]["roles"][0]
    assert role["comment"] == Marker("dev", "legacy").text()
    assert "- name: legacy  # by hand, 2024\n" in gitops.read(CLUSTER)
    assert gitops.render("--check").code == 0


def test_what_the_catalog_has_no_more_stays_and_is_told(gitops: GitOps) -> None:
    crm = {"database_name": "crm_db", "username": "crm-user"}
    gitops.declare({"shop": SHOP, "crm": crm})
    gitops.rendered()
    before = gitops.manifests()
    gitops.declare({"shop": SHOP})
    done = gitops.rendered()
    assert "retired? the role crm-user is of crm" in done.err
    assert gitops.manifests() == before


def test_extensions_are_added_to_those_that_are_there(shop: GitOps) -> None:
    shop.rendered()
    shop.write(
        DATABASE,
        shop.read(DATABASE) + "  extensions:\n  - name: citext # ours\n    version: '1.6'\n",
    )
    shop.declare({"shop": SHOP | {"extensions": ["citext", "pg_trgm"]}})
    shop.rendered()
    assert shop.read(DATABASE).endswith(
        "  - name: citext # ours\n    version: '1.6'\n  - name: pg_trgm\n"
    )
    assert shop.render("--check").code == 0


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        (CLUSTER, CLUSTER_TEXT.replace("  instances", "\tinstances"), f"{CLUSTER}:8: this is not"),
        (CLUSTER, CLUSTER_TEXT + "---\n" + CLUSTER_TEXT, f"{CLUSTER}:19: has a second Cluster"),
        (CLUSTER, "", f'{CLUSTER}: has no Cluster "postgres-shared"'),
        (CLUSTER, b"\xff", f"{CLUSTER}: the file is not UTF-8"),
        (CLUSTER, CLUSTER_TEXT + "#" * 5_000_000, f"{CLUSTER}: is larger than"),
        (SEALED, "{", f"{SEALED}:1: this is not valid YAML"),
    ],
)  # fmt: skip
def test_files_that_can_t_be_edited_are_left_alone(
    shop: GitOps, file: str, text: str | bytes, said: str
) -> None:
    shop.write(file, text)
    before = shop.manifests() if isinstance(text, str) else {}
    done = shop.render()
    assert done.code == 64
    assert said in done.err
    if before:
        assert shop.manifests() == before


def test_a_certificate_that_has_ended_is_refused(shop: GitOps) -> None:
    before = shop.manifests()
    shop.write(CERTIFICATE, controller().certified(NOW.replace(year=2020), NOW.replace(year=2021)))
    done = shop.render()
    assert (done.code, shop.manifests()) == (64, before)
    assert f"{CERTIFICATE} has ended, on 2021-06-01" in done.err


def test_another_controller_s_certificate_is_refused(shop: GitOps) -> None:
    colons = ":".join(controller("another").fingerprint.upper()[i : i + 2] for i in range(0, 64, 2))
    shop.settings(f'[secrets]\nstore = "file"\n[cnpg]\ncertificate_sha256 = "{colons}"\n')
    done = shop.render()
    assert done.code == 64
    assert "is not the controller's certificate" in done.err


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"a_b": SHOP, "a-b": SHOP | {"database_name": "other", "username": "other"}},
         "would both be a-b"),
        ({"shop": SHOP | {"auth": "iam"}}, "auth = iam, which only RDS and Aurora have"),
        ({"shop": SHOP | {"username": "shop_user", "rotation": "alternate"}},
         "rotation = alternate"),
        ({"shop": SHOP | {"tenancy": {"role_per_tenant": True}}},
         "has role_per_tenant = true, and the operator makes no roles of tenants"),
        ({"s" * 63 + "": SHOP | {"username": "Shop"}}, "username"),
    ],
)  # fmt: skip
def test_what_no_manifest_can_say_is_refused(
    gitops: GitOps, entries: dict[str, dict[str, object]], said: str
) -> None:
    gitops.declare(entries)
    done = gitops.render()
    assert done.code == 64
    assert said in done.err


def test_missing_things_are_named(gitops: GitOps) -> None:
    gitops.declare({"shop": SHOP})
    (gitops.root / CERTIFICATE).unlink()
    assert f"kubeseal --fetch-cert > {CERTIFICATE}" in gitops.render().err
    (gitops.root / CLUSTER).unlink()
    assert f"there is no manifest of the cluster at {CLUSTER}" in gitops.render().err
    gitops.write("pgtenant.toml", '[secrets]\nstore = "file"\n')
    gitops.declare({"shop": SHOP | {"username": "shop_user"}})
    assert 'put engine = "cnpg" into [environments.dev]' in gitops.render().err


def test_what_is_sealed_again_is_in_the_audit(shop: GitOps) -> None:
    shop.rendered()
    audit = "governance/dev/rds_provision_audit.csv"
    assert not (shop.root / audit).exists()  # a first time is the commit's to tell
    shop.secret("shop", SHOP, "not-a-secret-the-next")
    shop.rendered("--reseal")
    [row] = csv.DictReader(io.StringIO(shop.read(audit)))
    assert row["action"] == "store_secret"
    assert (row["username"], row["database"], row["status"]) == (
        "shop-user",
        "shop_orders",
        "success",
    )
    assert SEALED in row["message"]
    checked = main(["audit", "verify", "-e", "dev", "--project", str(shop.root)])
    assert checked == 0
    shop.rendered()
    assert shop.read(audit).count("store_secret") == 1


def test_nothing_is_sealed_again_that_can_not_be_recorded(shop: GitOps) -> None:
    shop.rendered()
    before = shop.manifests()
    shop.write("governance/dev", "not a directory")
    done = shop.render("--reseal")
    assert done.code == 1
    assert "audit" in done.err
    assert shop.manifests() == before
