"""`tenancy.runtime_role` in a shared cluster: one more role that the operator makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from support.cnpg import CLUSTER, DIRECTORY, SHOP, GitOps
from support.cnpg_cluster import ADMIN, JOB, SharedCluster

FILE = "envs/dev-rds/tenants.txt"
TENANCY = {"template": "tenants", "tenants_file": FILE, "runtime_role": True}
ENTRY: dict[str, Any] = SHOP | {"tenancy": TENANCY}
RUNTIME = {"database_name": "shop_orders", "username": "shop-user-runtime"}
TABLES = "CREATE TABLE orders (tenant_id uuid, id bigint, PRIMARY KEY (tenant_id, id));\n"


@pytest.fixture
def synced(shared: SharedCluster) -> SharedCluster:
    """A cluster that the operator has made both roles in, and no tenant is there."""
    shared.gitops.write("schemas/tenants/001_tables.sql", TABLES)
    shared.gitops.write(FILE, "acme-corp\nglobex\n")
    shared.gitops.secret("shop_runtime", RUNTIME, "not-a-secret-of-runtime/%")
    shared.declare({"shop": ENTRY})
    shared.gitops.rendered()
    assert shared.sync().failed == {}
    return shared


def test_its_password_is_copied_to_the_application(gitops: GitOps) -> None:
    gitops.secret("shop_runtime", RUNTIME, "not-a-secret-of-runtime/%")
    gitops.declare({"shop": SHOP | {"tenancy": {"runtime_role": True}}})
    done = gitops.rendered("shop")
    sealed = f"{DIRECTORY}/shop-runtime-secrets-sealed.yaml"
    assert sealed in done.out
    text = gitops.read(sealed)
    assert "reflection-allowed-namespaces: shop\n" in text
    assert gitops.render("--check").code == 0
    gitops.rendered("shop", "--namespace", "storefront")
    assert "reflection-allowed-namespaces: storefront\n" in gitops.read(sealed)


@pytest.mark.slow
@pytest.mark.major(min=16)
def test_the_application_logs_in_as_it_and_can_switch_nothing_off(
    synced: SharedCluster, tmp_path: Path
) -> None:
    gitops = synced.gitops
    roles = {one["name"]: one for one in gitops.yaml(CLUSTER)["spec"]["managed"]["roles"]}
    assert roles["shop-user-runtime"]["passwordSecret"] == {"name": "shop-runtime-db-creds"}
    assert roles[ADMIN]["inRoles"] == ["shop-user", "shop-user-runtime"]
    assert not (gitops.root / DIRECTORY / "shop-runtime-db.yaml").exists()
    assert "shop-runtime" not in gitops.read(JOB)  # its password is not the Job's business
    done = synced.run_job(tmp_path / "first", {})
    assert done.code == 0, done.output
    one = str(uuid4())
    with synced.tenant("shop-user-runtime", "shop_orders") as app:
        app.execute("SELECT set_config('app.current_tenant', %s, false)", [one])
        app.execute("INSERT INTO tenant_globex.orders VALUES (%s, 1)", [one])
        assert app.execute("SELECT id FROM tenant_globex.orders").fetchall() == [(1,)]
        for forbidden in (
            "ALTER TABLE tenant_globex.orders DISABLE ROW LEVEL SECURITY",
            "TRUNCATE tenant_globex.orders",
            "CREATE TABLE tenant_globex.mine (x int)",
            'SET ROLE "shop-user"',
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(forbidden)
    assert synced.sync().failed == {}
    planned = synced.run("plan", "--detailed-exitcode")
    assert planned.code == 0, planned.output
    verified = synced.run("tenant", "verify", "shop")
    assert verified.code == 0, verified.output
