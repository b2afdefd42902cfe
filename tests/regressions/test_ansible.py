"""Ansible's community.postgresql."""

from __future__ import annotations

from support.instance import Instance
from support.oracle import (
    assert_allowed,
    changing,
    database_powers,
    table_powers,
    versions,
)
from support.orders import BILLING, EDITOR, ORDERS, READER
from support.project import Project
from support.siege import as_tenant


def test_a_scram_password_is_always_changed(project: Project, instance: Instance) -> None:
    """A SCRAM verifier has a salt, so a comparison of hashes failed, and each run set the password
    again and said `changed`
    (https://github.com/ansible-collections/community.postgresql/issues/301,
    https://github.com/ansible/ansible/issues/49878)."""
    project.write(ORDERS | READER)
    project.converge()
    stored = "SELECT rolname, rolpassword, xmin::text FROM pg_authid WHERE rolname ~ '^orders'"
    before = instance.su(stored)
    again = project.converge()
    assert {record["status"] for record in again.json["records"]} == {"no_change"}
    assert instance.su(stored) == before


def test_check_mode_changes_things(project: Project, instance: Instance) -> None:
    """Check mode was reported to change roles nevertheless
    (https://github.com/ansible-collections/community.postgresql/issues/117)."""
    project.write(ORDERS | BILLING)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE t ()")
    as_tenant(instance, "orders_user", "orders", "GRANT CONNECT ON DATABASE orders TO PUBLIC")
    instance.su("ALTER ROLE billing_user NOLOGIN PASSWORD 'x'")
    new = {"new": {"database_name": "newdb", "username": "new_user"}}
    project.write(ORDERS | BILLING | READER | new)
    before = versions(instance, ["orders", "billing", "platform"])
    mark = instance.log_mark()
    assert project.plan("--detailed-exitcode").code == 2
    assert changing(instance.log_since(mark)) == []
    assert project.apply("--dry-run").code == 0
    assert versions(instance, ["orders", "billing", "platform"]) == before


def test_a_revoke_from_public_is_always_changed(project: Project, instance: Instance) -> None:
    """A revoke from PUBLIC was sent with each run, because the module had no way to see that it was
    done (https://github.com/ansible-collections/community.postgresql/issues/343,
    https://github.com/ansible-collections/community.postgresql/issues/44)."""
    project.write(ORDERS)
    project.converge()
    assert database_powers(instance, "public", "orders") == set()
    mark = instance.log_mark()
    project.converge()
    assert changing(instance.log_since(mark)) == []


def test_revoking_one_default_privilege_revokes_all(project: Project, instance: Instance) -> None:
    """Taking a default privilege away from sequences also took those on tables and types, because
    each change began with a revoke of everything (https://github.com/ansible/ansible/issues/64371)."""
    project.write(ORDERS | EDITOR | READER)
    project.converge()
    demoted = {"orders-rw": EDITOR["orders-rw"] | {"access_level": "reader"}}
    project.write(ORDERS | READER | demoted)
    mark = instance.log_mark()
    project.converge()
    sent = changing(instance.log_since(mark))
    assert not [s for s in sent if s.startswith("ALTER DEFAULT") and "REVOKE ALL" in s]
    assert not [s for s in sent if "orders_reader" in s]
    as_tenant(instance, "orders_user", "orders", "CREATE TABLE t ()", "CREATE SEQUENCE s")
    assert table_powers(instance, "orders_editor", "orders", "t") == {"SELECT"}
    assert_allowed(project, "orders_editor", "orders", "SELECT last_value FROM s")


def test_all_in_schema_is_what_is_there_now(project: Project, instance: Instance) -> None:
    """`ALL_IN_SCHEMA` meant the tables of that moment, usually none, and what migrations made after
    it was out of reach (https://github.com/ansible/ansible/issues/65951)."""
    project.write(ORDERS | EDITOR)
    project.converge()
    made = "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, n serial)"
    as_tenant(instance, "orders_user", "orders", made)
    assert_allowed(project, "orders_editor", "orders", "INSERT INTO t DEFAULT VALUES")


def test_settings_of_a_role_break_idempotence(project: Project, instance: Instance) -> None:
    """A search_path of the role made each run report a change
    (https://github.com/ansible-collections/community.postgresql/issues/931)."""
    project.write(ORDERS)
    project.converge()
    as_tenant(instance, "orders_user", "orders", "CREATE SCHEMA app")
    as_tenant(
        instance, "orders_user", "orders", 'ALTER ROLE orders_user SET search_path = app, "X"'
    )
    before = versions(instance, ["orders"])
    assert project.plan("--detailed-exitcode").code == 0
    project.converge()
    assert versions(instance, ["orders"]) == before
