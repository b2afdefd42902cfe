"""Tenants in a shared cluster: made by SQL on the application's login, beside the operator."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from pgtenant.cli import main
from support.cnpg import SHOP, GitOps
from support.cnpg_cluster import ADMIN, IMAGE, JOB, SharedCluster

FILE = "envs/dev-rds/tenants.txt"
TENANTED: dict[str, Any] = SHOP | {"tenancy": {"template": "tenants", "tenants_file": FILE}}
READER = {"database_name": "shop_orders", "username": "shop-bi", "access_level": "reader"}
OTHER = {"database_name": "billing", "username": "billing-user"}
ENTRIES = {"shop": TENANTED, "shop_bi": READER, "billing": OTHER}
TABLES = "CREATE TABLE orders (tenant_id uuid, id bigint, PRIMARY KEY (tenant_id, id));\n"
BOTH = ["tenant_acme_corp", "tenant_globex"]
STATE = """
    SELECT n.nspname::text, n.nspowner::regrole::text, n.nspacl::text, c.relname::text,
           c.relacl::text, c.relforcerowsecurity, pg_get_expr(p.polqual, p.polrelid)
    FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid
    LEFT JOIN pg_policy p ON p.polrelid = c.oid WHERE n.nspname ~ '^tenant_' ORDER BY 1, 4
"""


@pytest.fixture
def synced(shared: SharedCluster) -> SharedCluster:
    """A cluster that the operator has made everything in, and no tenant is there."""
    declare(shared)
    shared.gitops.rendered()
    assert shared.sync().failed == {}
    return shared


def declare(shared: SharedCluster, *slugs: str) -> None:
    shared.gitops.write("schemas/tenants/001_tables.sql", TABLES)
    shared.gitops.write(FILE, "".join(f"{one}\n" for one in slugs or ("acme-corp", "globex")))
    shared.declare(ENTRIES)


def schemas(shared: SharedCluster) -> list[str]:
    found = shared.instance.su(
        "SELECT nspname::text FROM pg_namespace WHERE nspname ~ '^(tenant|retired)_' ORDER BY 1",
        dbname="shop_orders",
    )
    return [name for (name,) in found]


def tenant(shared: SharedCluster, command: str, *arguments: str) -> dict[str, Any]:
    """Run a command about tenants, and insist that it worked."""
    done = shared.run("tenant", command, "shop", *arguments, "--format", "json")
    assert done.code == 0, done.output
    return dict(json.loads(done.out))


def rows(shared: SharedCluster) -> list[dict[str, str]]:
    [path] = shared.gitops.root.rglob("*audit.csv")
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.major(min=16)
def test_the_job_makes_the_declared_ones_and_nothing_fights(
    synced: SharedCluster, tmp_path: Path
) -> None:
    done = synced.run_job(tmp_path / "first", {})
    assert done.code == 0, done.output
    assert "2 tenants made" in done.out
    assert schemas(synced) == BOTH
    one, other = str(uuid4()), str(uuid4())
    with synced.tenant("shop-user", "shop_orders") as app:
        assert app.execute("SELECT current_user::text").fetchone() == ("shop-user",)
        for owner in (one, other):
            app.execute("SELECT set_config('app.current_tenant', %s, false)", [owner])
            app.execute("INSERT INTO tenant_globex.orders VALUES (%s, 1)", [owner])
        seen = app.execute("SELECT tenant_id::text FROM tenant_globex.orders").fetchall()
        assert seen == [(other,)]
        app.execute("RESET app.current_tenant")
        assert app.execute("SELECT * FROM tenant_globex.orders").fetchall() == []
    with synced.tenant("shop-bi", "shop_orders") as reader:
        assert reader.execute("SELECT * FROM tenant_globex.orders").fetchall() == []
    before = synced.instance.su(STATE, dbname="shop_orders")
    operator = synced.sync()
    assert operator.failed == {}
    assert synced.instance.su(STATE, dbname="shop_orders") == before
    planned = synced.run("plan", "--detailed-exitcode")
    assert planned.code == 0, planned.output
    again = synced.run_job(tmp_path / "second", {})
    assert again.code == 0, again.output
    printed = [json.loads(line) for line in again.err.splitlines() if '"audit"' in line]
    assert {row["status"] for row in printed} == {"no_change"}


def test_they_are_made_retired_and_dropped_by_command(synced: SharedCluster) -> None:
    synced.converge()
    assert schemas(synced) == []
    made = tenant(synced, "add")
    assert {one["state"] for one in made["tenants"]} == {"added"}
    assert schemas(synced) == BOTH
    assert [one["slug"] for one in tenant(synced, "list")["tenants"]] == ["acme-corp", "globex"]
    tenant(synced, "retire", "acme-corp")
    retired, kept = schemas(synced)
    assert (retired[:17], kept) == ("retired_acme_corp", "tenant_globex")
    tenant(synced, "drop", retired, "--confirm", retired)
    assert schemas(synced) == ["tenant_globex"]
    done = [(row["action"], row["username"]) for row in rows(synced) if row["status"] == "success"]
    tenants = [(action, user) for action, user in done if action.endswith("_tenant")]
    assert tenants == [
        ("add_tenant", "shop-user"),
        ("add_tenant", "shop-user"),
        ("retire_tenant", "shop-user"),
        ("drop_tenant", "shop-user"),
    ]


@pytest.mark.slow
def test_they_attack_each_other_on_the_applications_login(synced: SharedCluster) -> None:
    synced.converge("--tenants")
    done = synced.run("tenant", "verify", "shop")
    assert done.code == 0, done.output
    with synced.tenant("shop-user", "shop_orders") as owner:
        owner.execute("ALTER TABLE tenant_globex.orders NO FORCE ROW LEVEL SECURITY")
    assert synced.run("tenant", "verify", "shop").code == 1
    assert "1 step done" in synced.converge().out
    assert synced.run("tenant", "verify", "shop").code == 0


def test_a_retired_one_is_not_made_anew_by_a_sync(synced: SharedCluster) -> None:
    synced.converge("--tenants")
    tenant(synced, "retire", "acme-corp")
    done = synced.converge("--tenants")
    assert "acme-corp: declared, and retired, so not made anew" in " ".join(done.out.split())
    assert schemas(synced)[1:] == ["tenant_globex"]
    declare(synced, "globex", "initech")
    done = synced.converge("--tenants")
    assert "retired" not in done.out
    assert schemas(synced)[1:] == ["tenant_globex", "tenant_initech"]
    tenant(synced, "add", "acme-corp")
    assert "tenant_acme_corp" in schemas(synced)


def test_what_the_operator_has_not_made_has_none(shared: SharedCluster) -> None:
    shared.declare({"billing": OTHER})
    shared.gitops.rendered()
    assert shared.sync().failed == {}
    declare(shared)
    done = shared.run("tenant", "add", "shop")
    assert done.code == 1, done.output
    assert "shop is blocked: the operator has not made the" in done.err
    done = shared.run("apply", "--tenants")
    assert done.code == 4, done.output
    assert {row["action"] for row in rows(shared) if row["username"] == "shop-user"} <= {
        "check",
        "run",
    }


def test_an_approval_is_asked_for(synced: SharedCluster) -> None:
    settings = synced.gitops.read("pgtenant.toml")
    synced.gitops.write("pgtenant.toml", f"{settings}approval = true\n")
    assert synced.run("tenant", "add", "shop", "acme-corp").code == 3
    assert synced.run("apply", "--tenants").code == 3
    assert schemas(synced) == []


def test_a_wrong_password_in_the_store_makes_none(synced: SharedCluster) -> None:
    synced.converge()
    synced.gitops.secret("shop", SHOP, "not-the-password", port=synced.instance.port)
    done = synced.run("tenant", "add", "shop", "acme-corp")
    assert done.code == 1, done.output
    assert "password authentication failed" in " ".join(done.err.split())
    assert "not-the-password" not in done.output
    assert schemas(synced) == []


def test_other_roles_can_do_nothing_in_them(synced: SharedCluster) -> None:
    synced.converge("--tenants")
    for user in (ADMIN, "shop-bi"):
        with (
            synced.tenant(user, "shop_orders") as stranger,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            stranger.execute("INSERT INTO tenant_globex.orders VALUES (gen_random_uuid(), 1)")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        synced.tenant("billing-user", "shop_orders")


def test_the_job_is_told_only_where_some_are_declared(gitops: GitOps) -> None:
    gitops.settings(f'[secrets]\nstore = "file"\n[cnpg]\nimage = "{IMAGE}"\n')
    gitops.secret("rds", {"username": ADMIN, "database_name": "postgres"}, "x", file="master")
    gitops.declare({"shop": SHOP | {"tenancy": {}}})
    gitops.rendered()
    assert "--tenants" not in gitops.read(JOB)
    gitops.write(FILE, "acme\n")
    gitops.declare({"shop": SHOP | {"tenancy": {"tenants_file": FILE}}})
    gitops.rendered()
    assert "--tenants" in gitops.read(JOB)


@pytest.mark.parametrize("command", [["tenant", "add", "shop"], ["apply", "--tenants"]])
def test_a_bad_slug_in_the_file_is_refused_before_a_server_is_asked(
    gitops: GitOps, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    gitops.write(FILE, "Acme!\n")
    admin = {"username": ADMIN, "database_name": "postgres"}
    gitops.secret("rds", admin, "x", file="master", port=1)
    gitops.declare({"shop": SHOP | {"tenancy": {"tenants_file": FILE}}})
    assert main([*command, "-e", "dev", "--project", str(gitops.root)]) == 64
    assert "Acme!" in capsys.readouterr().err
