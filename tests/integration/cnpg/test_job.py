"""Wave 3: the Job that `render cnpg` writes, and pgtenant's own role that it runs as."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from pgtenant.gitops.cnpg.job import digest_in
from support.cnpg import CLUSTER, CLUSTER_TEXT, DIRECTORY, SHOP, GitOps
from support.cnpg_cluster import ADMIN, IMAGE, JOB, SharedCluster
from support.leaks import leaks

OTHER = {"database_name": "billing", "username": "billing-user"}
SEALED = f"{DIRECTORY}/pgtenant-admin-secrets-sealed.yaml"
SETTINGS = f'[secrets]\nstore = "file"\n[cnpg]\nimage = "{IMAGE}"\n'


@pytest.fixture
def provisioned(gitops: GitOps) -> GitOps:
    """A repository whose settings name an image."""
    gitops.settings(SETTINGS)
    gitops.declare({"shop": SHOP})
    admin = {"username": ADMIN, "database_name": "postgres"}
    gitops.secret("rds", admin, "not-a-secret-of-the-admin", file="master")
    return gitops


def test_without_an_image_there_is_neither(gitops: GitOps) -> None:
    gitops.declare({"shop": SHOP})
    gitops.rendered()
    assert "pgtenant-apply.yaml" not in gitops.manifests()
    assert ADMIN not in gitops.read(CLUSTER)


def test_it_is_rendered_with_the_rest_and_once(provisioned: GitOps) -> None:
    done = provisioned.rendered()
    assert JOB in done.out
    assert SEALED in done.out
    before = provisioned.manifests()
    assert provisioned.render("--check").code == 0
    provisioned.rendered()
    assert provisioned.manifests() == before
    passwords = ["not-a-secret-of-shop/%", "not-a-secret-of-the-admin"]
    assert leaks("".join(before.values()), passwords) == []


def test_it_says_what_it_was_made_as(provisioned: GitOps) -> None:
    def digest() -> str:
        return digest_in(provisioned.read(JOB), "postgres")

    provisioned.rendered()
    first = digest()
    assert re.fullmatch("[0-9a-f]{64}", first)
    provisioned.declare({"shop": SHOP | {"connection_limit": 7}})
    provisioned.rendered()
    second = digest()
    provisioned.declare({"shop": SHOP})
    provisioned.rendered()
    assert first == digest() != second
    assert digest_in("", "postgres") == ""


def test_its_role_is_a_member_that_inherits_nothing(provisioned: GitOps) -> None:
    provisioned.rendered()
    *_, role = provisioned.yaml(CLUSTER)["spec"]["managed"]["roles"]
    assert role == {
        "name": ADMIN,
        "comment": "pgtenant: does by SQL what the operator does not",
        "ensure": "present",
        "login": True,
        "inherit": False,
        "passwordSecret": {"name": "pgtenant-admin-db-creds"},
        "inRoles": ["shop-user"],
    }
    provisioned.declare({"shop": SHOP, "billing": OTHER})
    provisioned.rendered("billing")
    roles = {one["name"]: one for one in provisioned.yaml(CLUSTER)["spec"]["managed"]["roles"]}
    assert roles[ADMIN]["inRoles"] == ["shop-user", "billing-user"]
    assert "inRoles" not in roles["shop-user"]


def test_its_password_is_copied_nowhere(provisioned: GitOps) -> None:
    provisioned.rendered()
    assert provisioned.sealed("pgtenant-admin") == {
        "username": ADMIN,
        "password": "not-a-secret-of-the-admin",
    }
    assert "reflector" not in provisioned.read(SEALED)


def test_its_password_is_not_copied_by_hand_either(provisioned: GitOps) -> None:
    provisioned.rendered()
    head = "        argocd.argoproj.io/sync-wave"
    allowed = '        reflector.v1.k8s.emberstack.com/reflection-allowed: "true"\n'
    provisioned.write(SEALED, provisioned.read(SEALED).replace(head, f"{allowed}{head}"))
    done = provisioned.render()
    assert done.code == 64
    assert "lets the password of pgtenant's own role be copied" in done.err


def test_every_file_that_it_reads_has_a_key_of_its_own(provisioned: GitOps) -> None:
    files = ["a/b.sql", "a.b.sql", "a/b", "with space.sql", "ä.sql", f"{'long' * 45}.sql"]
    entries = {}
    for number, file in enumerate(files):
        provisioned.write(f"schemas/{file}", f"SELECT {number};\n")
        one = {"database_name": f"db_{number}", "username": f"user_{number}"}
        entries[f"app{number}"] = one | {"initial_schema": file}
    provisioned.declare(entries)
    provisioned.rendered()
    config, job = yaml.safe_load_all(provisioned.read(JOB))
    volumes = {one["name"]: one for one in job["spec"]["template"]["spec"]["volumes"]}
    items = {one["path"]: one["key"] for one in volumes["project"]["configMap"]["items"]}
    for number, file in enumerate(files):
        key = items[f"schemas/{file}"]
        assert re.fullmatch("[-._a-zA-Z0-9]{1,253}", key)
        assert config["data"][key] == f"SELECT {number};\n"


def test_its_password_is_sealed_again_only_with_all(provisioned: GitOps) -> None:
    provisioned.rendered()
    before = provisioned.read(SEALED)
    assert SEALED not in provisioned.rendered("shop", "--reseal").out
    assert provisioned.read(SEALED) == before
    assert SEALED in provisioned.rendered("--reseal").out


def test_what_was_changed_by_hand_is_changed_back(provisioned: GitOps) -> None:
    provisioned.rendered()
    as_it_was = provisioned.manifests()
    text = provisioned.read(CLUSTER)
    provisioned.write(CLUSTER, text.replace("inherit: false", "inherit: true"))
    provisioned.write(JOB, provisioned.read(JOB).replace(IMAGE, "ghcr.io/example/other"))
    assert provisioned.render("--check").code == 2
    provisioned.rendered()
    assert provisioned.manifests() == as_it_was


def test_somebody_elses_role_of_that_name_is_refused(provisioned: GitOps) -> None:
    provisioned.write(CLUSTER, CLUSTER_TEXT.replace("name: legacy ", f"name: {ADMIN} "))
    done = provisioned.render()
    assert done.code == 64
    assert f'has a role "{ADMIN}" whose comment is not' in done.err
    assert "pgtenant-apply.yaml" not in provisioned.manifests()


def test_an_entry_of_that_name_is_refused(provisioned: GitOps) -> None:
    provisioned.declare({"shop": SHOP, "pgtenant-admin": OTHER})
    done = provisioned.render()
    assert done.code == 64
    assert "pgtenant-admin has the name of pgtenant's own role" in done.err


def test_it_waits_only_for_what_is_rendered(provisioned: GitOps) -> None:
    provisioned.declare({"shop": SHOP, "billing": OTHER})
    provisioned.rendered("shop")
    assert arguments(provisioned)[-1] == "--only=shop"
    provisioned.rendered()
    assert "--only" not in " ".join(arguments(provisioned))


def test_it_asks_for_an_approval_where_one_is_needed(provisioned: GitOps) -> None:
    provisioned.settings(SETTINGS)
    provisioned.rendered()
    assert "ALLOW_DB_PROVISION" not in provisioned.read(JOB)
    provisioned.write("pgtenant.toml", provisioned.read("pgtenant.toml") + "approval = true\n")
    provisioned.rendered()
    variables = {one["name"]: one for one in container(provisioned)["env"]}
    said = variables["ALLOW_DB_PROVISION"]["valueFrom"]["configMapKeyRef"]
    assert said == {"name": "pgtenant-approval", "key": "ALLOW_DB_PROVISION", "optional": True}


def test_it_takes_along_what_an_entry_with_tenants_names(provisioned: GitOps) -> None:
    provisioned.write("schemas/tenants/1.sql", "CREATE TABLE t (tenant_id uuid);\n")
    provisioned.write("envs/dev-rds/tenants.txt", "acme\n")
    tenancy = {"template": "tenants", "tenants_file": "envs/dev-rds/tenants.txt"}
    provisioned.declare({"shop": SHOP | {"tenancy": tenancy}})
    provisioned.rendered()
    text = provisioned.read(JOB)
    assert "CREATE TABLE t (tenant_id uuid);" in text
    assert "tenants.txt" in text
    [config, _] = yaml.safe_load_all(text)
    assert "acme\n" in config["data"].values()


def test_a_catalog_that_no_cluster_takes_is_refused(provisioned: GitOps) -> None:
    path = "envs/dev-rds/terraform.tfvars"
    provisioned.write(path, provisioned.read(path) + "# filler\n" * 120_000)
    done = provisioned.render()
    assert done.code == 64
    assert "too large for a ConfigMap" in done.err


def test_it_does_the_rest_in_the_cluster(shared: SharedCluster, tmp_path: Path) -> None:
    shop = SHOP | {"initial_schema": "orders.sql"}
    shared.gitops.write("schemas/orders.sql", "CREATE TABLE orders (x int);\n")
    shared.declare({"shop": shop, "billing": OTHER})
    shared.gitops.rendered()
    assert shared.sync().failed == {}
    done = shared.run_job(tmp_path / "pod", {})
    assert done.code == 0, done.output
    assert leaks(done.output, ["not-a-secret-of-shop/%", "not-a-secret-of-the-admin"]) == []
    with shared.tenant("shop-user", "shop_orders") as owner:
        asked = owner.execute("SELECT tableowner::text FROM pg_tables WHERE tablename = 'orders'")
        assert asked.fetchall() == [("shop-user",)]
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        shared.tenant("billing-user", "shop_orders")
    again = shared.run_job(tmp_path / "second", {})
    assert again.code == 0, again.output
    rows = [json.loads(line) for line in again.err.splitlines() if '"audit"' in line]
    assert {row["status"] for row in rows} == {"no_change"}


@pytest.mark.slow
def test_tenants_tables_are_secured_on_the_owners_login(
    shared: SharedCluster, tmp_path: Path
) -> None:
    shared.declare({"shop": SHOP | {"tenancy": {}}, "billing": OTHER})
    shared.gitops.rendered()
    assert shared.sync().failed == {}
    assert shared.run_job(tmp_path / "first", {}).code == 0
    with shared.tenant("shop-user", "shop_orders") as owner:
        owner.execute("CREATE SCHEMA tenant_a")
        owner.execute("CREATE TABLE tenant_a.orders (tenant_id uuid PRIMARY KEY)")
        done = shared.run_job(tmp_path / "second", {})
        assert done.code == 0, done.output
        forced = "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'tenant_a.orders'::regclass"
        assert owner.execute(forced).fetchone() == (True,)


def container(gitops: GitOps) -> dict[str, Any]:
    """Return the container of the Job."""
    _, job = yaml.safe_load_all(gitops.read(JOB))
    [found] = job["spec"]["template"]["spec"]["containers"]
    return dict(found)


def arguments(gitops: GitOps) -> list[str]:
    """Return its arguments."""
    return [str(one) for one in container(gitops)["args"]]
