"""`pgtenant bootstrap` meets what it must not touch, and repairs what is its own."""

from __future__ import annotations

import json
import re
from typing import Any

import psycopg
import pytest

from pgtenant.postgres.lock import KEY
from support.instance import Instance
from support.oracle import changing, sent
from support.project import Project, Result

ORDERS = {"orders": {"database_name": "orders", "username": "orders_user"}}


def bootstrap(project: Project, *arguments: str, code: int = 0) -> Result:
    result = project.run("bootstrap", "-e", project.env, "--format", "json", *arguments)
    assert result.code == code, result.output
    return result


def stored(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.secret_path("rds/provisioner").read_text())
    return found


def kinds(result: Result) -> list[str]:
    return [step["kind"] for step in result.json["steps"]]


def logs_in(project: Project) -> bool:
    secret = stored(project)
    try:
        project.instance.connect(secret["username"], secret["password"], secret["dbname"]).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.every_major
def test_a_wrong_stored_password_is_set_anew(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    bootstrap(project)
    instance.su("ALTER ROLE pgtenant_admin PASSWORD 'something else'")
    assert not logs_in(project)
    before = stored(project)
    assert kinds(bootstrap(project)) == ["update_password"]
    assert stored(project) == before
    assert logs_in(project)


def test_a_lost_secret_is_made_up_anew(project: Project) -> None:
    project.write(ORDERS)
    bootstrap(project)
    before = stored(project)
    project.secret_path("rds/provisioner").unlink()
    assert kinds(bootstrap(project)) == ["update_password"]
    assert stored(project)["password"] != before["password"]
    assert logs_in(project)


def test_a_secret_that_names_another_host_is_written_again(project: Project) -> None:
    project.write(ORDERS)
    bootstrap(project)
    before = stored(project)
    project.secret_path("rds/provisioner").write_text(
        json.dumps(before | {"host": "old.example.com", "team": "platform"})
    )
    again = bootstrap(project)
    assert (again.json["changed"], again.json["steps"]) == (True, [])
    assert stored(project) == before | {"team": "platform"}


def test_the_secret_is_private_and_never_shown(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    mark = instance.log_mark()
    done = bootstrap(project)
    password = stored(project)["password"]
    assert project.secret_path("rds/provisioner").stat().st_mode & 0o777 == 0o600
    assert len(password) >= 43
    log = instance.log_since(mark)
    everything = done.output + log + project.audit.read_text()
    assert password not in everything
    (created,) = [s for s in changing(log) if s.startswith("CREATE ROLE") and "PASSWORD" in s]
    assert "PASSWORD 'SCRAM-SHA-256$" in created


@pytest.mark.parametrize("power", ["SUPERUSER", "REPLICATION", "BYPASSRLS"])
def test_a_delegate_with_more_power_is_refused(
    project: Project, instance: Instance, power: str
) -> None:
    project.write(ORDERS)
    bootstrap(project)
    instance.su(f"ALTER ROLE pgtenant_admin {power}")
    refused = bootstrap(project, code=1)
    assert f"NO{power}" in refused.json["error"]["hint"]


def test_a_stranger_of_that_name_is_refused(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    instance.su("CREATE ROLE pgtenant_admin LOGIN PASSWORD 'x'")
    instance.su("GRANT pgtenant_admin TO platform_admin WITH ADMIN OPTION")
    instance.su("REVOKE pgtenant_admin FROM platform_admin")
    refused = bootstrap(project, code=1)
    assert "was not made by `pgtenant bootstrap`" in refused.json["error"]["message"]
    statement = refused.json["error"]["hint"].split("\n")[1].split(";  --")[0]
    assert not project.has_secret("rds/provisioner")
    instance.su("DROP ROLE pgtenant_admin")
    with psycopg.connect(instance.admin_conninfo(), autocommit=True) as master:
        master.execute("CREATE ROLE pgtenant_admin LOGIN CREATEROLE PASSWORD 'x'")
        master.execute(statement)
    assert kinds(bootstrap(project))[:2] == ["alter_role", "update_password"]


def test_an_entrys_role_is_refused(project: Project) -> None:
    project.write(ORDERS)
    project.converge()
    refused = project.run("bootstrap", "-e", "dev", "--role", "orders_user")
    assert refused.code == 64
    assert "role of the entry orders" in refused.err


@pytest.mark.parametrize(
    "name",
    ["rdsadmin", "RDSADMIN", "rds_iam", "rds_superuser", "postgres", "pg_x", "public", "none",
     "streaming_replica", "cnpg_x", "", "a\nb", "a" * 64],
)  # fmt: skip
def test_a_reserved_name_is_refused(project: Project, name: str) -> None:
    refused = project.run("bootstrap", "-e", "dev", "--role", name)
    assert refused.code == 64
    assert "the delegated admin can't have that name: it " in refused.err
    assert "choose another --role" in refused.err
    assert not re.search("ALTER|COMMENT|REVOKE", refused.output)


def test_a_second_delegated_admin_is_refused(project: Project) -> None:
    project.write(ORDERS)
    bootstrap(project)
    refused = bootstrap(project, "--role", "other_admin", code=1)
    assert "field 'username' is not 'other_admin'" in refused.json["error"]["message"]
    assert "--role" in refused.json["error"]["hint"]
    assert "catalog" not in refused.json["error"]["hint"]


def test_it_waits_for_an_approval(project: Project, instance: Instance) -> None:
    project.env = "prod"
    project.write(ORDERS)
    assert project.run("bootstrap", "-e", "prod").code == 3
    dry = bootstrap(project, "--dry-run")
    assert kinds(dry)[0] == "create_delegated_admin"
    assert instance.su("SELECT 1 FROM pg_roles WHERE rolname = 'pgtenant_admin'") == []
    assert not project.has_secret("rds/provisioner")
    assert {row["status"] for row in project.audit_rows()} == {"dry_run"}
    project.environ["ALLOW_DB_PROVISION"] = "true"
    bootstrap(project)
    assert project.run("bootstrap", "-e", "prod", "--undo", "--dry-run").code == 0
    del project.environ["ALLOW_DB_PROVISION"]
    assert project.run("bootstrap", "-e", "prod", "--undo").code == 3


def test_a_maintenance_database_of_somebody_else_is_explained(
    project: Project, instance: Instance
) -> None:
    """On some instances the database `postgres` is the provider's."""
    instance.su("GRANT CONNECT, TEMPORARY ON DATABASE postgres TO PUBLIC")
    project.write(ORDERS)
    admin = instance.admin
    project.write_secret("rds/master", admin.user, admin.password, "postgres")
    left = bootstrap(project, code=4).json["left"]
    assert [item["statement"] for item in left] == [
        'GRANT CONNECT ON DATABASE "postgres" TO "pgtenant_admin"',
        'REVOKE ALL ON DATABASE "postgres" FROM PUBLIC',
    ]
    assert {item["executor"] for item in left} == {"rdsadmin, which owns it"}


@pytest.mark.major(min=16)
def test_a_role_that_is_not_the_masters_to_give_is_named(
    project: Project, instance: Instance
) -> None:
    project.write(ORDERS)
    project.converge()
    comment = json.dumps({"managed_by": "pgtenant", "environment": "dev", "entry": "old"})
    instance.su("CREATE ROLE old_user")
    instance.su(f"COMMENT ON ROLE old_user IS '{comment}'")
    (left,) = bootstrap(project, code=4).json["left"]
    assert "may not grant ADMIN on old_user" in left["message"]
    instance.su(left["statement"])
    bootstrap(project)


def test_a_half_made_database_is_finished_first(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    project.converge()
    instance.su("DROP DATABASE orders")
    marker = {
        "managed_by": "pgtenant",
        "environment": "dev",
        "entry": "orders",
        "creating": "orders",
    }
    instance.su(f"COMMENT ON ROLE orders_user IS '{json.dumps(marker)}'")
    with psycopg.connect(instance.admin_conninfo(), autocommit=True) as master:
        master.execute("CREATE DATABASE orders ALLOW_CONNECTIONS false")
    refused = bootstrap(project, code=1)
    assert "run `pgtenant apply -e dev` once more" in refused.json["error"]["message"]
    project.converge()
    bootstrap(project)


def test_the_superuser_of_a_self_hosted_server(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    server = instance.server
    project.write_secret("rds/master", server.superuser, server.superuser_password, "postgres")
    project.converge()
    mark = instance.log_mark()
    assert bootstrap(project).json["left"] == []
    project.settings = {"secrets": {"admin": "goldenpath/{env}/rds/provisioner"}}
    project.write_settings()
    project.converge()
    assert project.plan("--detailed-exitcode").code == 0
    assert not [s for s in sent(instance.log_since(mark)) if "NOSUPERUSER" in s]


def test_it_stores_in_aws(aws_project: Project) -> None:
    aws_project.write(ORDERS)
    bootstrap(aws_project)
    assert "goldenpath/dev/rds/provisioner" in aws_project.moto.names()  # type: ignore[union-attr]
    aws_project.settings["secrets"] = {"admin": "goldenpath/{env}/rds/provisioner"}
    aws_project.write_settings()
    aws_project.converge()
    assert bootstrap(aws_project).json["changed"] is False


def test_the_master_may_be_named(project: Project, instance: Instance) -> None:
    project.write(ORDERS)
    admin = instance.admin
    project.secret_path("rds/master").unlink()
    project.write_secret("rds/root", admin.user, admin.password, admin.dbname)
    bootstrap(project, "--master-secret", "goldenpath/dev/rds/root")
    own = project.run("bootstrap", "-e", "dev", "--master-secret", "goldenpath/dev/rds/provisioner")
    assert own.code == 64
    assert "pgtenant_admin's own" in own.err


def test_its_secret_lies_beside_the_applications(project: Project) -> None:
    project.write(ORDERS)
    (project.root / ".secrets/goldenpath").rename(project.root / ".secrets/acme")
    of_acme = {"app": "acme/{env}/{entry}/postgres", "admin": "acme/{env}/rds/master"}
    project.settings = {"secrets": of_acme}
    project.write_settings()
    made = bootstrap(project).json
    assert made["secret"] == "acme/dev/rds/provisioner"
    assert (project.root / ".secrets" / f"{made['secret']}.json").exists()
    project.settings["secrets"]["admin"] = made["admin_setting"]
    project.write_settings()
    project.converge()
    assert bootstrap(project).json["changed"] is False
    back = project.run("bootstrap", "-e", "dev", "--undo")
    assert 'admin = "acme/{env}/rds/master"' in back.out


def test_what_people_read(project: Project) -> None:
    project.write(ORDERS)
    project.converge()
    said = project.run("bootstrap", "-e", "dev").out
    assert "+ role pgtenant_admin  (LOGIN CREATEROLE CREATEDB" in said
    assert 'admin = "goldenpath/{env}/rds/provisioner"' in said
    assert "nothing to do" in project.run("bootstrap", "-e", "dev").out


def test_it_waits_for_the_run_lock(project: Project, instance: Instance) -> None:
    """The lock lives where an `apply` takes it, whoever is the admin."""
    project.write(ORDERS)
    with psycopg.connect(instance.admin_conninfo(), autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        held = bootstrap(project, "--lock-timeout", "0", code=1)
        assert "another run holds the instance" in held.json["error"]["message"]
        assert not project.has_secret("rds/provisioner")
    bootstrap(project)
    secret = stored(project)
    with instance.connect(secret["username"], secret["password"], secret["dbname"]) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        assert project.apply("--lock-timeout", "0").code == 1  # as the master


def test_a_run_that_died_after_storing_the_secret_goes_on(project: Project) -> None:
    project.write(ORDERS)
    project.write_secret("rds/provisioner", "pgtenant_admin", "kept-from-before", "platform")
    assert kinds(bootstrap(project))[0] == "create_delegated_admin"
    assert stored(project)["password"] == "kept-from-before"
    assert logs_in(project)
