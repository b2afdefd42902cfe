"""What is easily overlooked when an entry goes: guests, other entries' roles, what was opened."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest

from e2e.retire.shop import (
    OTHER,
    OWNER,
    ROLES,
    SHOP,
    admitted,
    days_pass,
    opened,
    refused,
    retire,
)
from e2e.retire.test_drop import LEFT, drop, reasons
from pgtenant.postgres.lock import KEY
from support.instance import Instance
from support.oracle import versions
from support.project import Project, Result

LOGINS = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND rolname ~ '^(shop|bank)' ORDER BY 1"
CAFE = {"cafe": {"database_name": "cafe", "username": "cafe_user"}}
BANK_READER = {
    "bank-ro": {"database_name": "bank", "username": "bank_reader", "access_level": "reader"}
}


def logins(instance: Instance) -> set[str]:
    return {name for (name,) in instance.su(LOGINS)}


def taken(result: Result) -> set[str]:
    """All that roles lose in other databases."""
    steps = result.json["retirement"]["steps"]
    return {item for step in steps if step["kind"] == "clean_up" for item in step["items"]}


def remembers(instance: Instance, role: str, **what: Any) -> None:
    """Change what a role's marker remembers."""
    query = "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s"
    ((comment,),) = instance.su(query, [role])
    marker = json.loads(comment)
    marker["retired"].update(what)
    instance.su(f"COMMENT ON ROLE {role} IS '{json.dumps(marker)}'")


def test_the_days_count_from_when_it_was_closed_last(project: Project, instance: Instance) -> None:
    opened(project)
    assert retire(project, "disable").code == 0
    days_pass(instance, 30)
    project.write(OTHER)
    instance.su("ALTER ROLE shop_user LOGIN")
    instance.su("ALTER DATABASE shop ALLOW_CONNECTIONS true")
    notes = {d["role"]: d for d in project.plan().json["drift"] if d["kind"] == "reopened"}
    assert "shop_user, shop can be used all the same" in notes["shop_user"]["message"]
    assert "shop_user, shop can be used again" in reasons(drop(project))
    assert retire(project, "disable").code == 0
    assert "0.0 days ago" in reasons(drop(project))
    back = retire(project, "disable", "--undo")
    assert back.code == 0
    admitted(project, *ROLES)


def test_what_can_be_used_all_the_same_is_looked_at(project: Project, instance: Instance) -> None:
    opened(project)
    assert retire(project, "disable").code == 0
    for role in ROLES:
        instance.su(f"ALTER ROLE {role} LOGIN")
    instance.su("ALTER DATABASE shop ALLOW_CONNECTIONS true")
    instance.su("GRANT CONNECT ON DATABASE shop TO PUBLIC")
    assert {d["kind"] for d in project.plan().json["drift"]} >= {"reopened"}
    applied = project.apply()
    told = {r["username"]: (r["status"], r["message"]) for r in applied.json["records"]}
    assert told["shop_user"][0] == "warning"
    assert "can be used all the same" in told["shop_user"][1]
    proven = project.run("verify", "-e", "dev", "--format", "json")
    assert proven.code == 1
    assert proven.json["roles"] == 4


def test_a_reader_of_another_entry_is_left_alone(project: Project, instance: Instance) -> None:
    opened(project, OWNER | OTHER | BANK_READER)
    with project.tenant("shop_user", "shop") as owner:
        owner.execute("GRANT CONNECT ON DATABASE shop TO bank_reader")
    project.write(OWNER | OTHER)
    done = retire(project, "disable")
    assert done.code == 0, done.output
    assert "bank_reader may CONNECT to it" in " ".join(done.json["retirement"]["notes"])
    assert logins(instance) == {"bank_reader", "bank_user"}
    days_pass(instance, 30, ("shop_user",))
    project.write(OTHER)
    assert drop(project).code == 0
    project.tenant("bank_reader", "bank").close()


def test_what_others_hold_through_it_is_shown(project: Project, instance: Instance) -> None:
    opened(project, OWNER | OTHER | CAFE)
    with project.tenant("bank_user", "bank") as bank:
        bank.execute("CREATE TABLE rates (id int)")
        bank.execute("GRANT CONNECT ON DATABASE bank TO shop_user, cafe_user")
        bank.execute("GRANT SELECT ON rates TO shop_user WITH GRANT OPTION")
    with project.tenant("shop_user", "bank") as guest:
        guest.execute("GRANT SELECT ON rates TO cafe_user")
    assert retire(project, "disable").code == 0
    days_pass(instance, 30, ("shop_user",))
    project.write(OTHER | CAFE)
    before = versions(instance, ["bank"])
    assert "SELECT of cafe_user on table public.rates in bank" in reasons(drop(project))
    assert versions(instance, ["bank"]) == before
    shown = drop(project, "--allow-owned", "--dry-run")
    assert "SELECT of cafe_user on table public.rates" in taken(shown)
    with project.tenant("bank_user", "bank") as bank:  # the owner grants it instead
        bank.execute("REVOKE SELECT ON rates FROM shop_user CASCADE")
        bank.execute("GRANT SELECT ON rates TO cafe_user")
    assert drop(project).code == 0
    with project.tenant("cafe_user", "bank") as cafe:
        cafe.execute("SELECT FROM rates")


def test_all_of_what_goes_is_in_the_json(project: Project, instance: Instance) -> None:
    opened(project, OWNER | OTHER)
    with project.tenant("bank_user", "bank") as bank:
        bank.execute("CREATE SCHEMA desk; GRANT USAGE, CREATE ON SCHEMA desk TO shop_user")
        bank.execute("GRANT CONNECT ON DATABASE bank TO shop_user")
    with project.tenant("shop_user", "bank") as guest:
        for number in range(30):
            guest.execute(f"CREATE TABLE desk.t{number:02} ()".encode())
    assert retire(project, "disable").code == 0
    days_pass(instance, 30, ("shop_user",))
    project.write(OTHER)
    shown = drop(project, "--allow-owned", "--dry-run")
    assert {f"table desk.t{number:02}" for number in range(30)} <= taken(shown)
    to = ("--dump-to", str(project.root), "--confirm", "shop", "--allow-owned")
    assert "which no dump of its own holds" in reasons(retire(project, "drop", *to))


def test_a_guest_is_thrown_out(project: Project) -> None:
    opened(project, OWNER | OTHER)
    with project.tenant("shop_user", "shop") as owner:
        owner.execute("GRANT CONNECT ON DATABASE shop TO bank_user")
    guest = project.tenant("bank_user", "shop")
    done = retire(project, "disable")
    assert done.code == 0, done.output
    with pytest.raises(psycopg.OperationalError):
        guest.execute("SELECT 1")
    ended = [r for r in done.json["records"] if r["action"] == "end_session"]
    assert [(r["username"], r["status"]) for r in ended] == [("bank_user", "success")]


def test_who_can_not_be_ended_is_not_said_to_be(project: Project, instance: Instance) -> None:
    opened(project, OWNER | OTHER)
    with psycopg.connect(instance.superuser_conninfo("shop")) as root:
        done = retire(project, "disable")
        assert done.code == 1
        assert root.execute("SELECT 1").fetchall() == [(1,)]
    ended = {r["status"] for r in done.json["records"] if r["action"] == "end_session"}
    assert ended == {"error"}
    assert retire(project, "disable").code == 0


def test_a_member_without_a_database_has_no_dump(project: Project, instance: Instance) -> None:
    opened(project)
    with project.tenant("shop_user", "shop") as owner:
        owner.execute("CREATE SCHEMA desk; GRANT USAGE, CREATE ON SCHEMA desk TO shop_editor")
    with project.tenant("shop_editor", "shop") as editor:
        editor.execute("CREATE TABLE desk.mine AS SELECT generate_series(1, 5) n")
    assert retire(project, "disable", key="shop-rw").code == 0
    days_pass(instance, 30, ("shop_editor",))
    project.write({k: v for k, v in (SHOP | OTHER).items() if k != "shop-rw"})
    to = ("--dump-to", str(project.root), "--confirm", "shop_editor")
    assert "no dump of its own holds" in reasons(
        retire(project, "drop", *to, "--allow-owned", key="shop-rw")
    )
    with project.tenant("shop_user", "shop") as owner:
        owner.execute("DROP SCHEMA desk CASCADE")
    done = project.run("retire", "-e", "dev", "shop-rw", "--stage", "drop", *to)
    assert done.code == 64, done.output
    assert "no database of its own" in done.err


def test_verify_knows_what_waits_for_its_removal(project: Project) -> None:
    opened(project)
    passed = project.run("verify", "-e", "dev", "--format", "json")
    assert retire(project, "disable").code == 0
    project.write(OTHER)
    proven = project.run("verify", "-e", "dev", "--format", "json")
    assert (proven.code, proven.json["holes"]) == (passed.code, [])


def test_a_moment_without_a_zone(project: Project, instance: Instance) -> None:
    opened(project, OWNER | OTHER)
    assert retire(project, "disable").code == 0
    remembers(instance, "shop_user", at="2026-01-01T00:00:00")
    project.write(OTHER)
    assert "it is in service" in reasons(drop(project))


@pytest.mark.parametrize("declared", [True, False])
def test_it_is_not_clear_which_database(
    project: Project, instance: Instance, *, declared: bool
) -> None:
    opened(project)
    if declared:
        instance.su("ALTER DATABASE shop OWNER TO bank_user")
    else:
        with project.tenant("shop_user", "shop") as owner:
            owner.execute("CREATE DATABASE extra")
            owner.execute("COMMENT ON DATABASE shop IS NULL")
        project.write(OTHER)
    before = versions(instance, ["bank"])
    done = retire(project, "disable")
    assert done.code == 1
    says = "belongs to bank_user, and not to shop_user" if declared else "owns extra, shop"
    assert says in " ".join(done.output.split())
    assert versions(instance, ["bank"]) == before


def test_other_databases_of_the_owner_are_named(project: Project) -> None:
    opened(project)
    with project.tenant("shop_user", "shop") as owner:
        owner.execute("CREATE DATABASE extra")
    done = retire(project, "disable")
    assert "shop_user also owns extra" in " ".join(done.json["retirement"]["notes"])


def test_what_went_with_its_owner(project: Project, instance: Instance) -> None:
    opened(project)
    assert retire(project, "disable").code == 0
    undo = retire(project, "disable", "--undo", key="shop-ro")
    assert undo.code == 1
    assert "went out of service with the entry shop" in undo.output
    assert retire(project, "disable", key="shop-ro").code == 0  # on purpose, from now on
    assert retire(project, "disable", "--undo").code == 0
    assert logins(instance) == {"bank_user", "shop_editor", "shop_user"}
    refused(project, "shop_reader")
    assert retire(project, "disable", "--undo", key="shop-ro").code == 0
    admitted(project, "shop_reader")


@pytest.mark.parametrize("flag", ["--no-backup", "--allow-owned", "--confirm=shop"])
def test_flags_of_the_other_stage(project: Project, flag: str) -> None:
    project.write(OWNER)
    done = project.run("retire", "-e", "dev", "shop", "--stage", "disable", flag)
    assert done.code == 64
    assert "--stage drop" in " ".join(done.err.split())


def test_no_plan_has_it_dropped_by_hand(project: Project, instance: Instance) -> None:
    opened(project)
    assert retire(project, "disable").code == 0
    remembers(instance, "shop_user", dropping=True)
    instance.su("ALTER DATABASE shop OWNER TO platform_admin")
    project.write(OTHER)
    drift = project.plan().json["drift"]
    assert {d["role"] for d in drift} == set(ROLES)
    assert "its removal has begun" in next(d for d in drift if d["role"] == "shop_user")["message"]


def test_the_audit_says_how_it_was_decided(project: Project, instance: Instance) -> None:
    opened(project, OWNER | OTHER)
    assert retire(project, "disable").code == 0
    days_pass(instance, 30, ("shop_user",))
    project.write(OTHER)
    done = drop(project, "--allow-foreign")
    assert done.code == 0, done.output
    (why,) = [r["message"] for r in done.json["records"] if r["action"] == "check"]
    assert "30.0 days of at least 7" in why
    assert "--no-backup" in why
    assert "--allow-foreign" in why
    runs = project.run("audit", "runs", "-e", "dev")
    assert "retire --stage drop --no-backup --allow-foreign" in " ".join(runs.out.split())


def test_what_the_provider_has_in_it(project: Project, instance: Instance) -> None:
    """No shared catalog names what the bootstrap superuser owns."""
    opened(project, OWNER | OTHER)
    with psycopg.connect(instance.superuser_conninfo("shop"), autocommit=True) as root:
        root.execute("CREATE TABLE kept AS SELECT 1 AS n")
    assert retire(project, "disable").code == 0
    days_pass(instance, 30, ("shop_user",))
    project.write(OTHER)
    assert "rdsadmin own objects too" in reasons(drop(project))
    assert drop(project, "--allow-foreign").code == 0
    assert instance.su(LEFT) == []


def test_where_the_admin_can_not_look(project: Project, instance: Instance) -> None:
    opened(project, OWNER | OTHER)
    with project.tenant("shop_user", "shop") as owner:
        owner.execute("REVOKE CONNECT ON DATABASE shop FROM platform_admin")
    done = retire(project, "disable")
    assert done.code == 0, done.output
    assert "was not seen" in " ".join(done.json["retirement"]["notes"])
    days_pass(instance, 30, ("shop_user",))
    project.write(OTHER)
    assert "could not be seen when it was disabled" in reasons(drop(project))
    assert drop(project, "--allow-foreign").code == 0


def test_what_happens_while_the_name_is_typed(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others can work meanwhile, and it is looked at again."""
    opened(project, OWNER | OTHER)
    assert retire(project, "disable").code == 0
    days_pass(instance, 30, ("shop_user",))
    project.write(OTHER)

    def typed(*_: object, **__: object) -> str:
        admin = instance.admin
        with instance.connect(admin.user, admin.password, admin.dbname) as another:
            assert another.execute("SELECT pg_try_advisory_lock(%s)", [KEY]).fetchall() == [(True,)]
        instance.su("ALTER ROLE shop_user LOGIN")
        return "shop"

    monkeypatch.setattr("pgtenant.cli.retire.click.prompt", typed)
    monkeypatch.setattr("pgtenant.cli.retire._is_a_terminal", lambda: True)
    done = project.run("retire", "-e", "dev", "shop", "--stage", "drop", "--no-backup")
    assert done.code == 1, done.output
    assert "shop_user can be used again" in " ".join(done.output.split())
    assert instance.su("SELECT 1 FROM pg_database WHERE datname = 'shop'")
    instance.su("ALTER ROLE shop_user NOLOGIN")
    monkeypatch.setattr("pgtenant.cli.retire.click.prompt", lambda *_, **__: "shop")
    done = project.run("retire", "-e", "dev", "shop", "--stage", "drop", "--no-backup")
    assert done.code == 0, done.output
    assert instance.su(LEFT) == []
