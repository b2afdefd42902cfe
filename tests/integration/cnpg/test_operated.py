"""Where an operator keeps roles and databases, `apply` does the rest, and the two never fight."""

from __future__ import annotations

import re

import psycopg
import pytest

from pgtenant.cli import main
from support.cnpg import SHOP, GitOps
from support.cnpg_cluster import ADMIN, START, SharedCluster

OTHER = {"database_name": "billing", "username": "billing-user"}
EDITOR = {"database_name": "shop_orders", "username": "shop-editor", "access_level": "editor"}
READER = {"database_name": "shop_orders", "username": "shop-bi", "access_level": "reader"}
ENTRIES = {"shop": SHOP, "billing": OTHER, "shop_editor": EDITOR, "shop_bi": READER}
MEMBERSHIPS = (
    "SELECT g.rolname::text, m.rolname::text, a.admin_option, a.inherit_option, a.set_option"
    " FROM pg_auth_members a JOIN pg_roles g ON g.oid = a.roleid"
    " JOIN pg_roles m ON m.oid = a.member WHERE m.rolname = 'pgtenant_admin' ORDER BY 1"
)


@pytest.fixture
def synced(shared: SharedCluster) -> SharedCluster:
    """A cluster that the operator has made everything in."""
    shared.declare(ENTRIES)
    shared.gitops.rendered()
    assert shared.sync().failed == {}
    return shared


@pytest.mark.parametrize(
    "command",
    [
        ["adopt", "--all"],
        ["rotate", "shop"],
    ],
)
def test_commands_that_change_what_it_keeps_are_refused(
    gitops: GitOps, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    gitops.declare({"shop": SHOP})
    code = main([*command, "-e", "dev", "--project", str(gitops.root)])
    assert code == 64
    assert "kept by its CloudNativePG operator" in capsys.readouterr().err


@pytest.mark.every_major
def test_the_rest_is_done_by_sql(synced: SharedCluster) -> None:
    with synced.tenant("billing-user", "shop_orders") as stranger:
        assert stranger.execute("SELECT 1").fetchone() == (1,)  # open to PUBLIC until now
    with synced.tenant("shop-user", "shop_orders") as owner:
        owner.execute("CREATE TABLE before_it (x int)")
    synced.converge()
    with synced.tenant("shop-user", "shop_orders") as owner:
        owner.execute("CREATE TABLE after_it (x int)")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        synced.tenant("billing-user", "shop_orders")
    for table in ("before_it", "after_it"):
        with synced.tenant("shop-editor", "shop_orders") as editor:
            editor.execute(f"INSERT INTO {table} VALUES (1)")
        with synced.tenant("shop-bi", "shop_orders") as reader:
            assert reader.execute(f"SELECT x FROM {table}").fetchall() == [(1,)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(f"INSERT INTO {table} VALUES (2)")
    mark = synced.instance.log_mark()
    assert "4 entries as declared" in synced.converge().out
    log = synced.instance.log_since(mark)
    assert not re.search("GRANT |REVOKE |COMMENT ", log)


@pytest.mark.major(min=16)
def test_the_operator_changes_nothing_of_it_back(synced: SharedCluster) -> None:
    synced.converge()
    before = synced.instance.su(MEMBERSHIPS)
    operator = synced.sync()
    assert operator.failed == {}
    assert synced.instance.su(MEMBERSHIPS) == before
    done = synced.run("plan", "--detailed-exitcode")
    assert done.code == 0, done.output


@pytest.mark.major(min=16)
def test_the_admin_can_act_as_the_roles_and_has_nothing_of_them(synced: SharedCluster) -> None:
    rows = synced.instance.su(MEMBERSHIPS)
    assert rows == [
        (user, ADMIN, False, False, True)
        for user in sorted(entry["username"] for entry in ENTRIES.values())
    ]
    with synced.tenant("shop-user", "shop_orders") as owner:
        owner.execute("CREATE TABLE orders (x int)")
    with synced.tenant(ADMIN, "shop_orders") as admin:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            admin.execute("SELECT * FROM orders")
        for forbidden in (
            "CREATE ROLE more",
            "CREATE DATABASE more",
            'ALTER ROLE "shop-user" PASSWORD $$x$$',
            'GRANT "shop-user" TO "billing-user"',
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                admin.execute(forbidden)


def test_what_the_operator_has_not_made_is_blocked(shared: SharedCluster) -> None:
    shared.declare({"shop": SHOP})
    shared.gitops.rendered()
    assert shared.sync().failed == {}
    shared.declare(ENTRIES)
    done = shared.run("apply")
    assert done.code == 4, done.output
    for what in ("role billing-user", "role shop-editor", "database billing"):
        assert f"the operator has not made the {what} yet" in " ".join(done.output.split())
    assert shared.instance.su("SELECT 1 FROM pg_roles WHERE rolname = 'billing-user'") == []
    shared.gitops.rendered()
    assert shared.sync().failed == {}
    shared.converge()


def test_a_membership_that_is_missing_is_named(synced: SharedCluster) -> None:
    synced.instance.su('REVOKE "shop-user" FROM pgtenant_admin')
    done = synced.run("plan", "--detailed-exitcode")
    assert done.code == 2
    assert "not a member of shop-user: it has to stand under inRoles" in " ".join(done.out.split())
    assert synced.sync().failed == {}
    synced.converge()


def test_a_level_that_falls_is_revoked(synced: SharedCluster) -> None:
    with synced.tenant("shop-user", "shop_orders") as owner:
        owner.execute("CREATE TABLE orders (x int)")
    synced.converge()
    synced.declare(ENTRIES | {"shop_editor": EDITOR | {"access_level": "reader"}})
    synced.converge()
    with synced.tenant("shop-editor", "shop_orders") as reader:
        reader.execute("SELECT * FROM orders")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("INSERT INTO orders VALUES (1)")


def test_what_differs_and_is_the_operators_is_shown(synced: SharedCluster) -> None:
    synced.converge()
    synced.instance.su('ALTER ROLE "shop-user" NOCREATEDB')
    shop = SHOP | {"extensions": ["citext"]}
    synced.declare(ENTRIES | {"shop": shop})
    done = synced.run("plan", "--detailed-exitcode")
    said = " ".join(done.out.split())
    assert "createdb is False, not True; the operator keeps it" in said
    assert "the extension citext is not there; the operator keeps it" in said
    mark = synced.instance.log_mark()
    synced.converge()
    log = synced.instance.log_since(mark)
    assert not re.search("ALTER ROLE|CREATE EXTENSION", log)


def test_a_database_that_an_application_made_is_closed(synced: SharedCluster) -> None:
    with synced.tenant("shop-editor", START) as editor:
        editor.execute("CREATE DATABASE shop_scratch")
    synced.converge()
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        synced.tenant("billing-user", "shop_scratch")


def test_an_initial_schema_runs_once_on_the_owners_login(synced: SharedCluster) -> None:
    synced.declare(ENTRIES | {"shop": SHOP | {"initial_schema": "basic-app"}})
    [host] = {synced.instance.host}
    synced.gitops.secret(
        "shop", SHOP, "not-a-secret-of-shop/%", host=host, port=synced.instance.port
    )
    synced.converge()
    mark = synced.instance.log_mark()
    synced.converge()
    assert "CREATE " not in synced.instance.log_since(mark)
    with synced.tenant("shop-user", "shop_orders") as owner:
        owners = owner.execute(
            "SELECT DISTINCT tableowner::text FROM pg_tables WHERE schemaname !~ '^(pg_|info)'"
        ).fetchall()
    assert owners == [("shop-user",)]


def test_isolation_is_proven_there_too(synced: SharedCluster) -> None:
    for key, entry in ENTRIES.items():
        synced.gitops.secret(
            key, entry, f"not-a-secret-of-{key}/%", host=synced.instance.host,
            port=synced.instance.port,
        )  # fmt: skip
    synced.converge()
    done = synced.run("verify")
    assert done.code == 0, done.output
