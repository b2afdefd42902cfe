"""`--trust-markers`: what a run then leaves out, what it finds all the same, and what it misses."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from pgtenant.planning import trust
from pgtenant.planning.marker import Marker, parse
from support.instance import Instance
from support.project import Project

TRUST = "--trust-markers"
ENTRIES = {
    f"{app}-{level}": {
        "database_name": app,
        "username": f"{app}_{level}",
        "access_level": level,
    }
    for app in ("shop", "wiki")
    for level in ("owner", "editor", "reader")
}
ROLES = sorted(entry["username"] for entry in ENTRIES.values())
ALL_TRUSTED = {"databases": 2, "logins": 6, "logins_without_version": 6}


@pytest.fixture
def noted(project: Project) -> Project:
    """A project whose markers speak for everything, with a table and a function in one database."""
    project.write(ENTRIES)
    project.converge()
    project.converge(TRUST)
    with project.tenant("shop_owner", "shop") as owner:
        owner.execute("CREATE TABLE goods (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)")
        owner.execute("CREATE FUNCTION price() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    assert quiet(project)
    return project


@pytest.mark.every_major
def test_an_unchanged_instance_takes_one_connection_whatever_its_size(
    tmp_path: Path, private_instance: Callable[..., Instance]
) -> None:
    instance = private_instance(settings={"log_connections": "on"})
    project = Project(tmp_path, instance)
    project.write(ENTRIES)
    project.converge()
    project.converge(TRUST)
    with project.tenant("shop_owner", "shop") as owner:
        owner.execute("CREATE SCHEMA stock CREATE TABLE parts (id serial PRIMARY KEY)")
        owner.execute("CREATE VIEW stock.all_parts AS SELECT * FROM stock.parts")
        owner.execute("CREATE TYPE stock.pair AS (a int, b int)")
        owner.execute("CREATE MATERIALIZED VIEW stock.few AS SELECT 1 AS one")
        owner.execute("CREATE TABLE log (at date, what text) PARTITION BY RANGE (at)")
        owner.execute("CREATE TABLE log1 PARTITION OF log DEFAULT")
        owner.execute("CREATE INDEX ON log (at)")
    for command in ("plan", "apply"):
        mark = instance.log_mark()

        result = project.run(command, "-e", "dev", "--format", "json", TRUST)

        assert result.code == 0
        assert result.json["trusted"] == ALL_TRUSTED
        assert instance.log_since(mark).count("connection authorized") == 1
    rows = project.audit_rows()
    assert rows[-1]["message"].startswith("markers trusted: 2 databases not opened, 6 logins not")
    assert "the database was not opened, and the password is not proven" in rows[-2]["message"]
    assert fully_quiet(project)


def test_what_it_says_to_people(noted: Project) -> None:
    text = noted.run("plan", "-e", "dev", TRUST).out
    assert "6 entries are as declared" in text
    assert "markers trusted: 2 databases not opened, 6 logins not proven" in text
    assert "trusted" not in noted.plan().json


FOUND: tuple[tuple[LiteralString, LiteralString], ...] = (
    (
        "REVOKE USAGE ON SCHEMA public FROM shop_reader",
        "GRANT USAGE ON SCHEMA public TO shop_reader",
    ),
    ("REVOKE ALL ON goods FROM shop_reader", "GRANT SELECT ON goods TO shop_reader"),
    (
        "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM shop_reader",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO shop_reader",
    ),
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO wiki_reader",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM wiki_reader",
    ),
    ("GRANT SELECT ON goods TO wiki_reader", "REVOKE SELECT ON goods FROM wiki_reader"),
    ("GRANT UPDATE (id) ON goods TO shop_reader", "REVOKE UPDATE (id) ON goods FROM shop_reader"),
    (
        "GRANT EXECUTE ON FUNCTION price() TO shop_reader",
        "REVOKE EXECUTE ON FUNCTION price() FROM shop_reader",
    ),
)
MISSED: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("REVOKE INSERT ON goods FROM shop_editor", "GRANT INSERT ON goods TO shop_editor"),
    ("GRANT UPDATE ON goods TO shop_reader", "REVOKE UPDATE ON goods FROM shop_reader"),
    (
        "ALTER DEFAULT PRIVILEGES GRANT DELETE ON TABLES TO shop_reader",
        "ALTER DEFAULT PRIVILEGES REVOKE DELETE ON TABLES FROM shop_reader",
    ),
    (
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    ),
    (
        "SET ROLE pg_database_owner; CREATE TABLE public.hidden (); RESET ROLE",
        "DROP TABLE public.hidden",
    ),
)


@pytest.mark.every_major
def test_what_shows_from_outside_and_what_does_not(noted: Project) -> None:
    """Who stands in an ACL shows, and on how many objects; with which words does not."""
    for done, undone in FOUND:
        with noted.tenant("shop_owner", "shop") as owner:
            owner.execute(done)
            seen = noted.plan(TRUST).json
            owner.execute(undone)
        assert seen["trusted"]["databases"] == 1, done
        assert found(seen) != ([], []), done
    for done, undone in MISSED:
        with noted.tenant("shop_owner", "shop") as owner:
            owner.execute(done)
            assert quiet(noted), done
            assert not fully_quiet(noted), done
            owner.execute(undone)
    assert quiet(noted)


@pytest.mark.slow
def test_what_was_missed_is_trusted_no_more_once_it_was_seen(noted: Project) -> None:
    with noted.tenant("shop_owner", "shop") as owner:
        owner.execute("REVOKE INSERT ON goods FROM shop_editor")
        owner.execute("ALTER ROLE shop_owner PASSWORD 'fake-by-hand'")
    assert quiet(noted)
    noted.converge()
    assert inside(noted, "shop_editor") is None
    assert inside(noted, "wiki_editor")
    assert noted.plan(TRUST).json["trusted"]["databases"] == 1
    noted.converge(TRUST)
    assert quiet(noted)
    assert fully_quiet(noted)


def test_what_the_superuser_of_the_cluster_owns_is_missed(noted: Project) -> None:
    noted.instance.su("CREATE TABLE public.odd ()", dbname="shop")
    assert quiet(noted)
    assert noted.plan().json["drift"]


def test_what_belongs_to_somebody_else_is_found(noted: Project) -> None:
    noted.instance.su("CREATE ROLE guest")
    noted.instance.su("CREATE TABLE public.odd (); ALTER TABLE odd OWNER TO guest", dbname="shop")
    assert noted.plan(TRUST).json["drift"]


def test_a_database_made_anew_under_the_old_name_is_opened(project: Project) -> None:
    """Also where it was restored with its comment."""
    project.write({"shop": {"database_name": "shop", "username": "shop_owner"}})
    project.converge(TRUST)
    assert inside(project, "shop_owner") is None  # the next run looks at what this one made
    project.converge(TRUST)
    assert quiet(project)
    project.instance.su("DROP DATABASE shop")
    project.instance.su("CREATE DATABASE shop OWNER shop_owner")
    comment = Marker(environment="dev", entry="shop").text()
    project.instance.su(psycopg.sql.SQL("COMMENT ON DATABASE shop IS {}").format(comment))
    assert project.plan(TRUST).json["trusted"]["databases"] == 0


def test_an_extension_that_a_superuser_made_is_trusted(project: Project) -> None:
    project.write(
        {"shop": {"database_name": "shop", "username": "shop_owner", "extensions": ["file_fdw"]}}
    )
    project.apply()
    project.instance.su("CREATE EXTENSION file_fdw", dbname="shop")
    project.converge(TRUST)
    assert quiet(project)
    assert project.converge(TRUST).code == 0
    assert inside(project, "shop_owner")
    assert quiet(project)


@pytest.mark.slow
def test_a_changed_catalog_and_a_new_format_open_it(
    noted: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = {
        **ENTRIES,
        "shop-editor": {**ENTRIES["shop-editor"], "access_level": "reader"},
    }
    noted.write(changed)
    planned = noted.plan(TRUST).json
    assert planned["trusted"]["databases"] == 1
    assert "revoke_objects" in {change["kind"] for change in planned["changes"]}
    noted.converge(TRUST)
    assert quiet(noted)

    noted.write(ENTRIES)  # back, in full: what the markers said of the other catalog goes
    noted.converge()
    assert inside(noted, "shop_reader") is None
    noted.converge(TRUST)
    assert quiet(noted)

    monkeypatch.setattr(trust, "_FORMAT", trust._FORMAT + 1)
    assert noted.plan(TRUST).json["trusted"]["databases"] == 0
    noted.converge(TRUST)
    assert quiet(noted)


def test_what_fails_inside_leaves_no_fingerprint(noted: Project) -> None:
    with noted.tenant("shop_owner", "shop") as owner:
        owner.execute("REVOKE USAGE ON SCHEMA public FROM shop_reader, shop_editor")
    with grants_fail(noted.instance, "shop"):
        assert noted.apply(TRUST, "--no-fail-fast").code == 1
        assert inside(noted, "shop_reader") is None
        assert inside(noted, "shop_editor") is None
        assert noted.plan(TRUST).json["trusted"]["databases"] == 1
        assert noted.apply().code == 1
    assert inside(noted, "wiki_reader")
    noted.converge(TRUST)
    assert quiet(noted)
    assert fully_quiet(noted)


def test_an_initial_schema_is_looked_at_before_it_is_trusted(project: Project) -> None:
    project.write(
        {
            "shop": {
                "database_name": "shop",
                "username": "shop_owner",
                "initial_schema": "basic-app",
                "extensions": ["hstore"],
            }
        }
    )
    project.converge(TRUST)
    assert inside(project, "shop_owner") is None
    project.converge(TRUST)
    assert inside(project, "shop_owner")
    assert quiet(project)


def test_a_tenant_can_not_vouch_for_itself(noted: Project) -> None:
    said = noted.instance.su("SELECT shobj_description('shop_owner'::regrole, 'pg_authid')")[0][0]
    noted.converge()
    forget(noted, *ROLES)
    with noted.tenant("shop_owner", "shop") as owner:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            owner.execute(psycopg.sql.SQL("COMMENT ON ROLE shop_owner IS {}").format(said))
        owner.execute(psycopg.sql.SQL("COMMENT ON DATABASE shop IS {}").format(said))
    assert noted.plan(TRUST).json["trusted"]["databases"] == 0


@pytest.mark.slow
def test_only_some_entries_speak_for_themselves_alone(project: Project) -> None:
    project.write(ENTRIES)
    project.converge()
    assert project.plan(TRUST).json["trusted"]["databases"] == 0
    project.converge(TRUST, "--only", "shop-reader")
    assert inside(project, "shop_reader")
    assert inside(project, "shop_owner") is None
    assert project.plan(TRUST).json["trusted"]["databases"] == 0
    project.converge(TRUST)
    assert quiet(project)
    chosen = project.plan(TRUST, "--only", "shop-reader").json
    assert chosen["trusted"] == {"databases": 1, "logins": 1, "logins_without_version": 1}


def test_it_counts_what_no_look_of_the_run_has_seen(noted: Project) -> None:
    with noted.tenant("shop_owner", "shop") as owner:
        owner.execute("REVOKE USAGE ON SCHEMA public FROM shop_editor")
    noted.instance.su("ALTER ROLE shop_editor NOLOGIN")
    noted.instance.su("ALTER ROLE wiki_reader CONNECTION LIMIT 3")
    done = noted.run("apply", "-e", "dev", "--format", "json", TRUST)
    assert done.code == 0, done.output
    assert done.json["trusted"] == {"databases": 1, "logins": 3, "logins_without_version": 3}


def test_a_saved_plan_keeps_to_the_mode(noted: Project, tmp_path: Path) -> None:
    saved = str(tmp_path / "plan.json")
    noted.instance.su("ALTER ROLE shop_reader CONNECTION LIMIT 3")
    assert noted.plan(TRUST, "--out", saved).code == 0
    done = noted.run("apply", saved, "--format", "json")
    assert done.code == 0, done.output
    assert done.json["trusted"] == ALL_TRUSTED
    journal = noted.audit.with_suffix(".journal.jsonl").read_text()
    assert "apply --trust-markers" in journal


@pytest.mark.slow
def test_a_secret_that_has_changed_is_found_by_its_version(aws_project: Project) -> None:
    project = aws_project
    project.write(ENTRIES)
    project.converge()
    project.converge(TRUST)
    trusted = project.plan(TRUST).json
    assert trusted["changes"] == []
    assert trusted["trusted"] == {"databases": 2, "logins": 6, "logins_without_version": 0}

    project.write_secret("shop-reader/postgres", "shop_reader", "fake-rotated", "shop")
    planned = project.plan(TRUST).json
    assert "update_password" in {change["kind"] for change in planned["changes"]}
    assert planned["trusted"] == {"databases": 2, "logins": 5, "logins_without_version": 0}
    project.converge(TRUST)
    assert project.plan(TRUST).json["trusted"]["logins"] == 5  # set by a run, tried by the next
    project.converge(TRUST)
    assert project.plan(TRUST).json["trusted"]["logins"] == 6
    with project.instance.connect("shop_reader", "fake-rotated", "shop"):
        pass


def quiet(project: Project) -> bool:
    """Whether a run that trusts markers opens nothing, and finds nothing."""
    seen = project.plan(TRUST).json
    owners = project.catalog.read_text().count('_owner"')
    return found(seen) == ([], []) and seen["trusted"]["databases"] == owners


def fully_quiet(project: Project) -> bool:
    """Whether a full look finds nothing."""
    return found(project.plan().json) == ([], [])


def found(seen: Any) -> tuple[list[Any], list[Any]]:
    """What a plan has found, without what the markers are to say of it."""
    changes = [change for change in seen["changes"] if change["kind"] != "mark_role"]
    return changes, seen["drift"]


def inside(project: Project, role: str) -> str | None:
    """The fingerprint in a role's marker."""
    ((comment,),) = project.instance.su(
        psycopg.sql.SQL("SELECT shobj_description({}::regrole, 'pg_authid')").format(role)
    )
    marker = parse(comment)
    assert marker is not None
    return marker.inside


def forget(project: Project, *roles: str) -> None:
    """Take the fingerprints out of markers."""
    for role in roles:
        mark = {"managed_by": "pgtenant", "environment": "dev", "entry": role.replace("_", "-")}
        if not role.endswith("owner"):
            mark["access_level"] = role.partition("_")[2]
        project.instance.su(
            psycopg.sql.SQL("COMMENT ON ROLE {} IS {}").format(
                psycopg.sql.Identifier(role), json.dumps(mark)
            )
        )


@contextlib.contextmanager
def grants_fail(instance: Instance, database: str) -> Iterator[None]:
    """Let every `GRANT` in a database fail during the block."""
    instance.su("CREATE SCHEMA siege", dbname=database)
    instance.su(
        "CREATE FUNCTION siege.refuse() RETURNS event_trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE 'refused'; END$$",
        dbname=database,
    )
    instance.su(
        "CREATE EVENT TRIGGER refuse ON ddl_command_start WHEN TAG IN ('GRANT')"
        " EXECUTE FUNCTION siege.refuse()",
        dbname=database,
    )
    yield
    instance.su("DROP EVENT TRIGGER refuse", dbname=database)
    instance.su("DROP SCHEMA siege CASCADE", dbname=database)
