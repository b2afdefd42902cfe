"""Out of service and away on a shared cluster: the manifests say it, the operator does it."""

from __future__ import annotations

import json
import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import psycopg
import pytest

from pgtenant.report.schema import schema
from support.cnpg import CLUSTER, CLUSTER_TEXT, DIRECTORY, SHOP
from support.cnpg_cluster import ADMIN, START, SharedCluster

OTHER = {"database_name": "billing", "username": "billing-user"}
EDITOR = {"database_name": "shop_orders", "username": "shop-editor", "access_level": "editor"}
ENTRIES = {"shop": SHOP, "billing": OTHER, "shop_editor": EDITOR}
DATABASE = f"{DIRECTORY}/shop-db.yaml"
DROP = ("--no-backup", "--confirm", "shop_orders")


RESOURCES = 'roles = "resources"'


@pytest.fixture
def running(shared: SharedCluster) -> SharedCluster:
    """A cluster in which all is as declared, whose entries need not wait to be dropped."""
    shared.declare(ENTRIES)
    settings = shared.gitops.read("pgtenant.toml")
    shared.gitops.write("pgtenant.toml", f"{settings}[retire]\ndays = 0\n")
    shared.gitops.rendered()
    assert shared.sync().failed == {}
    shared.converge()
    return shared


def retire(shared: SharedCluster, stage: str, *flags: str, key: str = "shop", code: int = 0) -> Any:
    """Go through a stage, and return what it says of itself."""
    done = shared.run("retire", key, "--stage", stage, *flags, "--format", "json")
    assert done.code == code, done.output
    said = json.loads(done.out)
    jsonschema.validate(said, schema("retire"))
    return said["retirement"]


def without(shared: SharedCluster, *keys: str) -> None:
    """Take entries out of the catalog, as far as they are in it."""
    left = {key: entry for key, entry in ENTRIES.items() if key not in keys}
    shared.gitops.declare(left)


def role(shared: SharedCluster, name: str) -> dict[str, Any]:
    [found] = [
        one
        for one in shared.gitops.yaml(CLUSTER)["spec"]["managed"]["roles"]
        if one["name"] == name
    ]
    return dict(found)


def names(shared: SharedCluster, catalog: str, column: str) -> set[str]:
    return {name for (name,) in shared.instance.su(f"SELECT {column}::text FROM {catalog}")}


def refused(shared: SharedCluster, user: str, dbname: str = "shop_orders") -> None:
    with pytest.raises(psycopg.OperationalError):
        shared.tenant(user, dbname)


@pytest.mark.major(min=17)
def test_from_service_to_nothing(running: SharedCluster) -> None:
    before = running.gitops.manifests()
    session = running.tenant("shop-user", "shop_orders")
    said = retire(running, "disable")
    assert "sync the manifests" in said["waits"]
    assert said["transactions"] == []
    assert role(running, "shop-user")["login"] is False
    assert role(running, "shop-editor")["login"] is False
    assert running.gitops.yaml(DATABASE)["spec"]["allowConnections"] is False
    session.execute("SELECT 1")  # nothing has been done yet

    assert running.sync().failed == {}
    refused(running, "shop-user")
    session.execute("SELECT 1")  # the operator ends no session
    assert retire(running, "disable")["waits"] == ""
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    session.close()
    assert running.run("plan", "--detailed-exitcode").code == 0
    running.converge()

    without(running, "shop", "shop_editor")
    said = retire(running, "drop", *DROP)
    assert [step["kind"] for step in said["steps"]] == ["mark_role", "drop_database"]
    assert running.gitops.yaml(DATABASE)["spec"]["ensure"] == "absent"
    assert "shop_orders" in names(running, "pg_database", "datname")
    assert retire(running, "drop", *DROP)["steps"] == []  # the operator has been told
    assert running.sync().failed == {}
    assert "shop_orders" not in names(running, "pg_database", "datname")

    said = retire(running, "drop", *DROP)
    assert [step["kind"] for step in said["steps"]] == ["drop_role", "drop_role"]
    assert role(running, "shop-user")["ensure"] == "absent"
    assert role(running, ADMIN)["inRoles"] == ["billing-user"]
    assert "has been told" in retire(running, "drop", *DROP)["waits"]
    assert running.sync().failed == {}
    assert not {"shop-user", "shop-editor"} & names(running, "pg_roles", "rolname")

    assert retire(running, "drop", *DROP)["waits"] == ""
    left = running.gitops.manifests()
    assert left.keys() == before.keys() - {
        "shop-db.yaml", "shop-secrets-sealed.yaml", "shop-editor-secrets-sealed.yaml",
    }  # fmt: skip
    assert running.gitops.render("--check").code == 2  # the Job knows of the shop
    running.gitops.rendered()
    assert running.sync().failed == {}
    running.converge()
    assert running.run("retire", "shop", "--stage", "drop", *DROP).code == 64
    assert running.run("audit", "verify").code == 0


def test_back_into_service_before_and_after_the_sync(running: SharedCluster) -> None:
    manifests = running.gitops.manifests()
    retire(running, "disable")
    retire(running, "disable", "--undo")
    after = running.gitops.manifests()
    assert {**after, "shop-db.yaml": ""} == {**manifests, "shop-db.yaml": ""}
    retire(running, "disable")
    assert running.sync().failed == {}
    refused(running, "shop-user")
    assert "sync" in retire(running, "disable", "--undo")["waits"]
    refused(running, "shop-user")
    assert running.sync().failed == {}
    running.tenant("shop-user", "shop_orders").close()
    assert running.run("plan", "--detailed-exitcode").code == 0


def test_what_is_out_of_service_is_not_rendered_back(running: SharedCluster) -> None:
    retire(running, "disable")
    said = running.gitops.rendered()  # the Job's catalog is the same
    assert "shop is out of service since" in said.err
    assert role(running, "shop-user")["login"] is False
    assert running.gitops.rendered("--reseal", "shop").code == 0
    assert running.gitops.yaml(DATABASE)["spec"]["allowConnections"] is False
    rows = running.gitops.read("governance/dev/rds_provision_audit.csv").splitlines()
    told = [row for row in rows if ",write_manifest,success," in row]
    assert {row.split(",")[5] for row in told} == {"shop-user", "shop-editor"}, rows
    assert all("the operator does it when that is merged and synced" in row for row in told)
    text = running.gitops.read(CLUSTER)
    assert CLUSTER_TEXT.split("roles:")[1].split("monitoring")[0] in text
    assert text.startswith(CLUSTER_TEXT.splitlines()[0])


def test_nothing_is_dropped_that_is_in_use_or_declared(running: SharedCluster) -> None:
    manifests = running.gitops.manifests()
    reasons = " ".join(one["reason"] for one in retire(running, "drop", *DROP, code=4)["blocked"])
    assert "the catalog still declares" in reasons
    assert "it is in service" in reasons
    for flags in (("--dump-to", "."), ("--no-backup", "--allow-owned")):
        done = running.run("retire", "shop", "--stage", "drop", *flags, "--confirm", "shop_orders")
        assert done.code == 64, done.output
        assert "Traceback" not in done.output
    assert running.gitops.manifests() == manifests


@pytest.mark.slow
def test_the_name_has_to_be_said(running: SharedCluster) -> None:
    retire(running, "disable")
    assert running.sync().failed == {}
    without(running, "shop", "shop_editor")
    manifests = running.gitops.manifests()
    done = running.run("retire", "shop", "--stage", "drop", "--no-backup", "--confirm", "shop")
    assert (done.code, running.gitops.manifests()) == (64, manifests)
    dry = retire(running, "drop", "--no-backup", "--dry-run")
    assert [step["kind"] for step in dry["steps"]] == ["mark_role", "drop_database"]
    assert running.gitops.manifests() == manifests


def test_an_editor_loses_what_owners_gave_it(running: SharedCluster) -> None:
    with running.tenant("shop-user", "shop_orders") as owner:
        owner.execute("CREATE TABLE orders (x int)")
        owner.execute("CREATE SCHEMA more")
    running.converge()
    retire(running, "disable", key="shop_editor")
    assert running.sync().failed == {}
    refused(running, "shop-editor")
    running.tenant("shop-user", "shop_orders").close()
    without(running, "shop_editor")
    mark = running.instance.log_mark()
    retire(running, "drop", "--no-backup", "--confirm", "shop-editor", key="shop_editor")
    log = running.instance.log_since(mark)
    assert re.search(r'REVOKE .* FROM "shop-editor"', log)
    assert "DROP OWNED BY" not in log
    assert running.sync().failed == {}
    assert "shop-editor" not in names(running, "pg_roles", "rolname")
    retire(running, "drop", "--no-backup", "--confirm", "shop-editor", key="shop_editor")
    assert "shop-editor" not in running.gitops.read(CLUSTER)


@pytest.mark.slow
def test_what_only_others_can_take_back_is_in_the_way(running: SharedCluster) -> None:
    retire(running, "disable", key="shop_editor")
    assert running.sync().failed == {}
    without(running, "shop_editor")
    running.instance.su("CREATE TABLE public.theirs (x int)", dbname=START)
    running.instance.su('GRANT SELECT ON public.theirs TO "shop-editor"', dbname=START)
    said = retire(running, "drop", "--no-backup", key="shop_editor", code=4)
    assert "table public.theirs" in said["blocked"][0]["reason"]


@pytest.mark.slow
def test_a_drop_that_the_operator_can_not_do_is_told(running: SharedCluster) -> None:
    retire(running, "disable")
    assert running.sync().failed == {}
    without(running, "shop", "shop_editor")
    retire(running, "drop", *DROP)
    running.instance.su("ALTER DATABASE shop_orders IS_TEMPLATE true")
    assert "template" in running.sync().failed["shop_orders"]
    assert "verify gitops" in retire(running, "drop", *DROP)["waits"]


def with_resources(shared: SharedCluster) -> None:
    settings = shared.gitops.read("pgtenant.toml")
    shared.gitops.write("pgtenant.toml", settings.replace("[cnpg]\n", f"[cnpg]\n{RESOURCES}\n"))
    shared.gitops.rendered()
    assert shared.sync().failed == {}


def test_roles_move_into_resources_without_being_dropped(running: SharedCluster) -> None:
    before = running.instance.su("SELECT oid, rolname::text FROM pg_roles ORDER BY 2")
    item = {**role(running, "shop-user"), "validUntil": "2040-01-01T00:00:00Z"}
    text = running.gitops.read(CLUSTER)
    running.gitops.write(
        CLUSTER,
        text.replace("- name: shop-user\n", "- name: shop-user\n        inRoles: [legacy]\n"),
    )
    with_resources(running)
    roles = running.gitops.yaml(CLUSTER)["spec"]["managed"]["roles"]
    assert [one["name"] for one in roles] == ["legacy", ADMIN]
    spec = running.gitops.yaml(f"{DIRECTORY}/shop-role.yaml")["spec"]
    assert spec["inRoles"] == ["legacy"]
    assert (spec["comment"], "ensure" in spec) == (item["comment"], False)
    assert running.instance.su("SELECT oid, rolname::text FROM pg_roles ORDER BY 2") == before
    assert running.gitops.render("--check").code == 0
    running.converge()
    running.tenant("shop-user", "shop_orders").close()


@pytest.mark.slow
def test_resources_from_service_to_nothing(running: SharedCluster) -> None:
    with_resources(running)
    shop = f"{DIRECTORY}/shop-role.yaml"
    retire(running, "disable")
    assert running.gitops.yaml(shop)["spec"]["login"] is False
    assert running.sync().failed == {}
    refused(running, "shop-user")
    retire(running, "disable", "--undo")
    assert running.sync().failed == {}
    running.tenant("shop-user", "shop_orders").close()
    retire(running, "disable")
    assert running.sync().failed == {}

    without(running, "shop", "shop_editor")
    retire(running, "drop", *DROP)
    assert running.gitops.yaml(shop)["spec"]["databaseRoleReclaimPolicy"] == "delete"
    assert retire(running, "drop", *DROP)["steps"] == []
    assert running.sync().failed == {}
    retire(running, "drop", *DROP)
    left = running.gitops.manifests().keys()
    assert not [name for name in left if name.startswith("shop-")]
    assert role(running, ADMIN)["inRoles"] == ["billing-user"]
    assert running.sync().failed == {}
    assert not {"shop-user", "shop-editor"} & names(running, "pg_roles", "rolname")


@pytest.mark.slow
def test_a_resource_of_an_editor(running: SharedCluster) -> None:
    with_resources(running)
    drop = ("drop", "--no-backup", "--confirm", "shop-editor")
    retire(running, "disable", key="shop_editor")
    assert running.sync().failed == {}
    without(running, "shop_editor")
    for _ in range(2):  # first the policy, then the file
        retire(running, *drop, key="shop_editor")
        assert running.sync().failed == {}
    assert "shop-editor" not in names(running, "pg_roles", "rolname")
    assert "shop-editor" not in running.gitops.read(CLUSTER)
