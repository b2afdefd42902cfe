"""Traps of RDS."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest

from pgtenant.postgres.failures import failed
from support.instance import Instance
from support.oracle import changing, sent
from support.project import Project, make_marked

ORDERS = {"orders": {"database_name": "orders", "username": "orders_user"}}
READER = {
    "orders-ro": {
        "database_name": "orders",
        "username": "orders_reader",
        "access_level": "reader",
    }
}
LIKE_RDS = (
    "local all all scram-sha-256",
    # RDS lets members of rds_iam log in with a token only, whichever way they are members.
    "host all +rds_iam 0.0.0.0/0 reject",
    "host all +rds_iam ::/0 reject",
    "host all all 0.0.0.0/0 scram-sha-256",
    "host all all ::/0 scram-sha-256",
)


class PrivateInstance(Protocol):
    def __call__(self, **options: Any) -> Instance: ...


def _iam(entry: dict[str, str]) -> dict[str, str]:
    return entry | {"auth": "iam"}


@pytest.mark.every_major
def test_the_admin_is_never_locked_out_through_rds_iam(
    private_instance: PrivateInstance, tmp_path: Path
) -> None:
    """Terraform's provider granted the new owner to itself in one connection and went on in the
    next, so that with an owner in rds_iam RDS refused its password and the grant stayed
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/289,
    https://github.com/hashicorp/terraform-provider-postgresql/issues/120)."""
    instance = private_instance(hba=LIKE_RDS)
    project = Project(root=tmp_path, instance=instance)
    project.write({"orders": _iam(ORDERS["orders"])} | READER)
    if instance.major < 16:
        project.converge()
    else:
        # PostgreSQL makes whoever creates a role a member of it, with ADMIN.
        project.write(ORDERS | READER)
        project.converge()
        project.write({"orders": _iam(ORDERS["orders"])} | READER)
        blocked = project.apply()
        assert blocked.code == 4
        assert "would take it along" in project.audit.read_text()
    assert instance.su("SELECT pg_has_role('platform_admin', 'rds_iam', 'MEMBER')") == [(False,)]
    # More work on the same owner, each step on connections of its own.
    project.write({"orders": _iam(ORDERS["orders"])})
    assert project.apply().code in {0, 4}
    psycopg.connect(instance.admin_conninfo()).close()


@pytest.mark.major(max=15)
def test_every_loan_of_a_member_of_rds_iam_stays_inside_its_transaction(
    project: Project, instance: Instance
) -> None:
    """An operator granted each role it made to itself, and the first one with IAM took the
    operator's own password login away
    (https://github.com/movetokube/postgres-operator/issues/315)."""
    project.write({"orders": _iam(ORDERS["orders"])} | READER)
    mark = instance.log_mark()
    project.converge()
    open_loans: dict[str, bool] = {}
    loans = 0
    for process, statement in re.findall(
        r"\[(\d+)\] platform_admin@\S+ LOG:  (?:statement|execute [^:]*): +([^\n]*)",
        instance.log_since(mark),
    ):
        if statement.startswith('GRANT "orders_user" TO "platform_admin"'):
            open_loans[process], loans = True, loans + 1
        elif statement.startswith('REVOKE "orders_user" FROM "platform_admin"'):
            open_loans[process] = False
        elif statement.startswith("COMMIT"):
            assert not open_loans.get(process), "a loan was committed"
    assert loans >= 2
    assert instance.su("SELECT pg_has_role('platform_admin', 'rds_iam', 'MEMBER')") == [(False,)]


@pytest.mark.every_major
def test_no_attribute_is_named_that_only_a_superuser_may_name(
    project: Project, instance: Instance
) -> None:
    """Crossplane's provider sent every attribute with each update, and PostgreSQL refuses
    NOSUPERUSER, NOREPLICATION and NOBYPASSRLS from anybody but a superuser, also where nothing
    changes (https://github.com/crossplane-contrib/provider-sql/issues/25)."""
    project.write(ORDERS | READER)
    mark = instance.log_mark()
    project.converge()
    for change in ("NOLOGIN", "NOCREATEDB", "CREATEROLE", "CONNECTION LIMIT 3", "PASSWORD 'x'"):
        instance.su(f"ALTER ROLE orders_user {change}")
        project.converge()
    bootstrapped = project.run("bootstrap", "-e", "dev")
    assert bootstrapped.code == 0, bootstrapped.output
    ours = [s for s in changing(instance.log_since(mark)) if re.match(r"(ALTER|CREATE) ROLE", s)]
    assert len(ours) >= 10
    powers = re.compile(r"\b(NO)?(SUPERUSER|REPLICATION|BYPASSRLS)\b")
    assert [s for s in ours if powers.search(s)] == []


@pytest.mark.every_major
def test_a_role_that_has_such_a_power_is_blocked_not_altered(
    project: Project, instance: Instance
) -> None:
    """Terraform's provider ran into `must be superuser to alter superusers` in the middle of a run
    (https://github.com/hashicorp/terraform-provider-postgresql/issues/157)."""
    project.write(ORDERS)
    make_marked(instance, "orders_user", "orders", power="REPLICATION")
    mark = instance.log_mark()
    assert project.apply().code == 4
    assert [s for s in changing(instance.log_since(mark)) if "ALTER ROLE" in s] == []
    assert 'ALTER ROLE "orders_user" NOREPLICATION' in project.plan().out.replace("\\", "")


@pytest.mark.every_major
def test_pg_authid_is_never_read(project: Project, instance: Instance) -> None:
    """Crossplane's provider read pg_authid, and Terraform's pg_shadow, which on RDS nobody may
    (https://github.com/crossplane-contrib/provider-sql/pull/27,
    https://github.com/hashicorp/terraform-provider-postgresql/issues/67)."""
    project.write(ORDERS | READER)
    mark = instance.log_mark()
    project.converge()
    project.plan()
    project.run("bootstrap", "-e", "dev")
    project.run("bootstrap", "-e", "dev", "--undo")
    log = instance.log_since(mark)
    assert len(sent(log)) > 20
    # As a name in quotes it is only the class of a comment, which everybody may look up.
    read = log.replace("'pg_authid'::regclass", "")
    assert not re.search(r"pg_authid|pg_shadow", read)


def test_no_password_is_ever_sent_in_clear(project: Project, instance: Instance) -> None:
    """Terraform's provider sends `PASSWORD '…'` as it is, and the server's log keeps it
    (https://github.com/cyrilgdn/terraform-provider-postgresql/issues/155)."""
    project.write(ORDERS)
    mark = instance.log_mark()
    project.converge()
    project.run("bootstrap", "-e", "dev")
    set_ = [s for s in changing(instance.log_since(mark)) if "PASSWORD" in s]
    assert len(set_) == 2
    assert all("PASSWORD 'SCRAM-SHA-256$" in s for s in set_)


@pytest.mark.major(min=16)
def test_what_a_creator_gets_by_itself_is_left_alone(project: Project, instance: Instance) -> None:
    """CloudNativePG's managed roles revoke the ADMIN that PostgreSQL gives to whoever creates a
    role, which then can't manage what it made
    (https://github.com/cloudnative-pg/cloudnative-pg/issues/11448)."""
    project.write(ORDERS)
    project.converge()
    held = (
        "SELECT admin_option, inherit_option, set_option FROM pg_auth_members"
        " WHERE roleid = 'orders_user'::regrole AND member = 'platform_admin'::regrole"
    )
    assert instance.su(held) == [(True, False, False)]
    project.converge("--authoritative")
    assert instance.su(held) == [(True, False, False)]
    assert project.plan().json["drift"] == []


@pytest.mark.every_major
def test_restricted_password_commands_are_named_before_the_first_change(
    private_instance: PrivateInstance, tmp_path: Path
) -> None:
    """AWS's own rotation function fails in the middle where only members of rds_password may set
    passwords (https://github.com/aws-samples/aws-secrets-manager-rotation-lambdas/pull/50)."""
    instance = private_instance(settings={"rds.restrict_password_commands": "on"})
    project = Project(root=tmp_path, instance=instance)
    project.write(ORDERS)
    mark = instance.log_mark()
    refused = project.apply()
    assert refused.code == 1
    assert "rds.restrict_password_commands is on" in refused.json["error"]["message"]
    statement = refused.json["error"]["hint"].splitlines()[1].split(";  --")[0]
    assert [s for s in changing(instance.log_since(mark)) if s.startswith("CREATE")] == []
    assert project.run("bootstrap", "-e", "dev").code == 1
    instance.su(statement.strip())
    project.converge()
    # What sets no password needs no such right.
    instance.su('REVOKE rds_password FROM "platform_admin"')
    instance.su("ALTER ROLE orders_user NOCREATEDB")
    project.converge()


def test_a_refused_password_command_is_explained(project: Project, instance: Instance) -> None:
    """RDS refuses password commands with a check of its own, outside of PostgreSQL and without a
    documented SQLSTATE, so a tool shows nothing but `must be a member of rds_password`
    (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Appendix.PostgreSQL.CommonDBATasks.RestrictPasswordMgmt.html)."""
    del project
    with psycopg.connect(instance.admin_conninfo()) as session:
        with pytest.raises(psycopg.Error) as raised:
            session.execute(
                "DO $$BEGIN RAISE 'must be a member of rds_password to alter passwords'; END$$"
            )
        error = failed(raised.value, doing="role orders_user", where="platform")
    assert "GRANT rds_password" in error.hint
    assert "RENAME" in error.hint
