"""A dump that is proven: what is hidden from its owner, what fails, and what a crash leaves."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from e2e.retire.shop import (
    OTHER,
    OWNER,
    days_pass,
    found_for,
    in_place_of,
    opened,
    retire,
)
from support.instance import Instance
from support.project import Project, Result
from support.siege import memberships

NEWEST = pytest.mark.major(max=17)
"""Of the distributions only the demo's has a `pg_dump`."""

CONTENT = """
CREATE SCHEMA tenant_a;
CREATE TABLE tenant_a.orders (id serial PRIMARY KEY, tenant_id text, note text);
INSERT INTO tenant_a.orders (tenant_id, note) SELECT 'a', n::text FROM generate_series(1, 500) n;
ALTER TABLE tenant_a.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON tenant_a.orders
    USING (tenant_id = nullif(current_setting('app.current_tenant', true), ''));
CREATE TABLE parts (id int, day date) PARTITION BY RANGE (day);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO parts SELECT n, '2026-02-02' FROM generate_series(1, 40) n;
CREATE VIEW seen AS SELECT * FROM tenant_a.orders;
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
CREATE INDEX ON parts (twice(id));
CREATE TABLE "odd 'name" ("x y" text);
SELECT lo_from_bytea(4711, 'a large object');
"""
STATE = """
SELECT d.datallowconn, pg_get_userbyid(d.datdba) FROM pg_database d WHERE d.datname = 'shop'
UNION ALL SELECT NULL, rolname FROM pg_roles WHERE rolname ~ 'pgtenant_dump|shop'
UNION ALL SELECT NULL, datname FROM pg_database WHERE datname ~ 'pgtenant_proof'
UNION ALL SELECT NULL, shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname ~ '^shop'
"""


def closed(project: Project, instance: Instance, content: str = CONTENT) -> None:
    found_for(instance)
    opened(project)
    with project.tenant("shop_user", "shop") as owner:
        owner.execute(content.encode())
    assert retire(project, "disable").code == 0
    days_pass(instance, 30)
    project.write(OTHER)


def drop(project: Project, *flags: str) -> Result:
    to = project.root / "dumps"
    to.mkdir(exist_ok=True)
    return retire(project, "drop", "--dump-to", str(to), "--confirm", "shop", *flags)


def dumps(project: Project) -> list[Path]:
    return sorted((project.root / "dumps").iterdir())


def forced(instance: Instance) -> list[tuple[Any, ...]]:
    query = "SELECT relname FROM pg_class WHERE relforcerowsecurity"
    instance.su("ALTER DATABASE shop ALLOW_CONNECTIONS true")
    try:
        with psycopg.connect(instance.superuser_conninfo("shop")) as root:
            return root.execute(query).fetchall()
    finally:
        instance.su("ALTER DATABASE shop ALLOW_CONNECTIONS false")


@pytest.mark.every_major
def test_dumped_proven_dropped(project: Project, instance: Instance) -> None:
    closed(project, instance)
    held = [one for one in memberships(instance) if "shop" not in str(one)]
    done = drop(project)
    assert done.code == 0, done.output
    assert instance.su(STATE) == []
    assert memberships(instance) == held
    after, archive = dumps(project)
    assert [path.stat().st_mode & 0o777 for path in (after, archive)] == [0o600, 0o600]
    assert 'ALTER TABLE "tenant_a"."orders" FORCE' in after.read_text()
    (row,) = [r for r in done.json["records"] if r["action"] == "dump_database"]
    assert hashlib.sha256(archive.read_bytes()).hexdigest() in row["message"]
    assert "541 rows" in row["message"]
    assert "1 large objects" in row["message"]

    # The oracle: PostgreSQL's own programs bring it back.
    program = found_for(instance).directory / "pg_restore"
    instance.su("CREATE DATABASE again TEMPLATE template0")
    subprocess.run(
        [program, "--no-owner", "--no-acl", "--dbname", instance.superuser_conninfo("again"),
         str(archive)],
        check=False,
        capture_output=True,
    )  # fmt: skip
    with psycopg.connect(instance.superuser_conninfo("again")) as root:
        root.execute(after.read_bytes())
        assert root.execute("SELECT count(*) FROM tenant_a.orders").fetchall() == [(500,)]
        assert root.execute(
            "SELECT relname FROM pg_class WHERE relforcerowsecurity"
        ).fetchall() == [("orders",)]


@NEWEST
def test_a_dump_that_fails_leaves_all_as_it_was(project: Project, instance: Instance) -> None:
    """Somebody else's table, which the owner can't read."""
    closed(project, instance)
    instance.su("CREATE ROLE stranger")
    instance.su("ALTER DATABASE shop ALLOW_CONNECTIONS true")
    with psycopg.connect(instance.superuser_conninfo("shop"), autocommit=True) as root:
        root.execute("CREATE TABLE theirs (); ALTER TABLE theirs OWNER TO stranger")
    instance.su("ALTER DATABASE shop ALLOW_CONNECTIONS false")
    before = instance.su(STATE)
    done = drop(project, "--allow-foreign")
    assert done.code == 1
    assert "permission denied for table theirs" in done.output
    assert instance.su(STATE) == before
    assert forced(instance) == [("orders",)]
    assert dumps(project) == []
    (row,) = [r for r in done.json["records"] if r["action"] == "dump_database"]
    assert row["status"] == "error"
    with psycopg.connect(instance.superuser_conninfo("postgres"), autocommit=True) as root:
        root.execute("ALTER DATABASE shop ALLOW_CONNECTIONS true")
        root.execute("DROP DATABASE shop")
        root.execute("DROP ROLE stranger")


@NEWEST
@pytest.mark.slow
@pytest.mark.parametrize("program", ["pg_dump", "pg_restore"])
def test_a_crash_in_the_window_is_mended(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    closed(project, instance)
    before = instance.su(STATE)
    # A program that kills its parent: nothing is cleaned up.
    in_place_of(project, instance, monkeypatch, **{program: "kill -9 $PPID"})
    (project.root / "dumps").mkdir(exist_ok=True)
    arguments = ("--dump-to", str(project.root / "dumps"), "--confirm", "shop")
    died = project.spawn("retire", "-e", "dev", "shop", "--stage", "drop", *arguments)
    assert died.code == -9, died.output
    assert instance.su(STATE) != before
    monkeypatch.delenv("PGTENANT_RETIRE_PROGRAMS")
    mended = retire(project, "disable")
    assert mended.code == 0, mended.output
    assert instance.su(STATE) == before
    assert forced(instance) == [("orders",)]
    done = drop(project)
    assert done.code == 0, done.output
    assert instance.su(STATE) == []
    assert project.run("audit", "verify", "-e", "dev").code == 0


@NEWEST
def test_a_dump_that_lost_rows_is_refused(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pg_dump that leaves a table's rows out: the archive still lists the table."""
    closed(project, instance)
    before = instance.su(STATE)
    less = 'exec "$real" "$@" --exclude-table-data=tenant_a.orders'
    in_place_of(project, instance, monkeypatch, pg_dump=less)
    done = drop(project)
    assert done.code == 1
    assert "tenant_a.orders: 500 rows, restored 0" in done.output
    assert instance.su(STATE) == before
    assert dumps(project) == []


def test_no_program_is_new_enough(project: Project, instance: Instance) -> None:
    opened(project, OWNER | OTHER)
    assert retire(project, "disable").code == 0
    days_pass(instance, 30, ("shop_user",))
    project.write(OTHER)
    project.settings["retire"] = {"programs": str(project.root)}
    project.write_settings()
    done = drop(project)
    assert done.code == 1
    assert "no pg_dump here is as new" in done.output
    assert instance.su("SELECT 1 FROM pg_database WHERE datname = 'shop'")
