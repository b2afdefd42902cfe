"""`rotation = "alternate"` on a real server: two logins that act as one role."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from pgtenant.planning import guards
from support.instance import Instance
from support.load import under_load
from support.oracle import assert_allowed, changing, versions
from support.project import Project, Result, password_of

SHOP: dict[str, Any] = {"database_name": "shop", "username": "shop_user"}
READER: dict[str, Any] = {
    "database_name": "shop",
    "username": "shop_ro",
    "access_level": "reader",
}
SINGLE = {"shop": SHOP, "shop-ro": READER}
ALTERNATE = {"shop": SHOP | {"rotation": "alternate", "connection_limit": 30}, "shop-ro": READER}
SECOND = "shop_user_b"
ATTRIBUTES = """
SELECT rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolconnlimit
  FROM pg_roles WHERE rolname = 'shop_user_b'
"""
MEMBERSHIP = (
    "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'shop_user_b'::regrole"
)
SETTINGS = """
SELECT coalesce(d.datname, ''), c
  FROM pg_db_role_setting s
  LEFT JOIN pg_database d ON d.oid = s.setdatabase
 CROSS JOIN unnest(s.setconfig) c
 WHERE s.setrole = 'shop_user_b'::regrole ORDER BY 1, 2
"""
OWNER = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = %s"


@pytest.fixture
def alternating(project: Project, instance: Instance) -> Project:
    """An entry whose second login has its first password."""
    project.write(ALTERNATE)
    project.converge()
    instance.su(f"ALTER ROLE {SECOND} PASSWORD '{_literal(password_of(SECOND))}'")
    return project


def _literal(text: str) -> str:
    return text.replace("'", "''")


def in_use(project: Project, user: str) -> None:
    """Make the secret one of this login, as a rotation does."""
    project.write_secret("shop/postgres", user, password_of(user), "shop")


def kinds(result: Result) -> list[str]:
    return [change["kind"] for change in result.json["changes"]]


@pytest.mark.every_major
def test_on_and_off(project: Project, instance: Instance) -> None:
    project.write(SINGLE)
    project.converge()
    with project.tenant("shop_user", "shop") as client:
        client.execute("CREATE TABLE before (id int)")
        project.write(ALTERNATE)
        project.converge()
        assert client.execute("SELECT count(*) FROM before").fetchone() == (0,)
    assert instance.su(ATTRIBUTES) == [(True, True, False, False, 30)]
    assert instance.su(MEMBERSHIP) == [("shop_user",)]
    assert instance.su(SETTINGS) == [("", "role=shop_user")]
    assert kinds(project.plan("--detailed-exitcode")) == []

    instance.su(f"ALTER ROLE {SECOND} PASSWORD '{_literal(password_of(SECOND))}'")
    with project.tenant(SECOND, "shop") as session:
        assert session.execute("SELECT current_user::text").fetchone() == ("shop_user",)
        session.execute("CREATE TABLE made (id int)")
        session.execute("CREATE DATABASE shop_plugin")
        assert session.execute("SELECT count(*) FROM before").fetchone() == (0,)
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop_plugin'"
    assert instance.su(owner) == [("shop_user",)]
    assert instance.su(OWNER, ["made"], "shop") == [("shop_user",)]
    assert_allowed(project, "shop_ro", "shop", "SELECT * FROM made")
    project.converge()  # closes the new database to everybody else

    before = versions(instance, ["shop"])
    for user in (SECOND, "shop_user"):
        in_use(project, user)
        assert project.plan("--detailed-exitcode").code == 0
        project.converge()
    assert versions(instance, ["shop"]) == before

    in_use(project, SECOND)
    project.write(SINGLE)
    blocked = project.plan("--detailed-exitcode")
    assert blocked.code == 4
    assert "pgtenant rotate -e dev shop" in blocked.json["blocked"][0]["reason"]
    in_use(project, "shop_user")
    until_gone(instance)
    with project.tenant(SECOND, "shop"):
        blocked = project.plan("--detailed-exitcode")
        assert blocked.code == 4
        assert "1 open session" in blocked.json["blocked"][0]["reason"]
    until_gone(instance)
    assert kinds(project.plan()) == ["alter_role", "alter_role", "drop_second_login"]
    project.converge()
    assert instance.su(ATTRIBUTES) == []
    assert project.plan("--detailed-exitcode").code == 0
    assert_allowed(project, "shop_user", "shop", "SELECT * FROM made", "SELECT * FROM before")


@pytest.mark.every_major
def test_what_a_login_made_as_itself_goes_to_the_role(
    alternating: Project, instance: Instance
) -> None:
    with alternating.tenant(SECOND, "shop") as session:
        session.execute("CREATE DATABASE shop_plugin")
        session.execute("CREATE TABLE ours (id int)")
        session.execute("SET ROLE NONE")
        session.execute("CREATE SCHEMA mine CREATE TABLE mine (id int)")
        session.execute("CREATE FUNCTION mine.mine() RETURNS int LANGUAGE sql RETURN 1")
    alternating.converge()  # closes the database that it made
    with alternating.tenant(SECOND, "shop_plugin") as session:
        session.execute("SET ROLE NONE")
        session.execute("CREATE SCHEMA mine CREATE TABLE mine (id int)")
    assert instance.su(OWNER, ["mine"], "shop_plugin") == [(SECOND,)]

    found = alternating.plan("--detailed-exitcode")
    assert found.code == 2
    moved = [c["database"] for c in found.json["changes"] if c["kind"] == "reassign_owned"]
    assert moved == ["shop_plugin"]
    alternating.converge()
    for database in ("shop", "shop_plugin"):
        assert instance.su(OWNER, ["mine"], database) == [("shop_user",)]
    assert_allowed(alternating, "shop_ro", "shop", "SELECT * FROM mine.mine")
    assert alternating.plan("--detailed-exitcode").code == 0


@pytest.mark.every_major
def test_whatever_people_did_to_it_is_mended(alternating: Project, instance: Instance) -> None:
    instance.su("ALTER ROLE shop_user_b RESET role")
    instance.su("ALTER ROLE shop_user_b SET work_mem = '3MB'")
    instance.su("ALTER ROLE shop_user_b CREATEDB CONNECTION LIMIT 1")
    instance.su('ALTER ROLE shop_user SET search_path = shop, "$user", \'a "b", c\'')
    instance.su("ALTER ROLE shop_user IN DATABASE shop SET statement_timeout = '7s'")
    instance.su("ALTER ROLE shop_user SET log_statement = 'none'")  # only a superuser can
    admin = instance.admin
    with instance.connect(admin.user, admin.password, admin.dbname) as session:
        session.execute("REVOKE shop_user FROM shop_user_b")

    found = alternating.plan("--detailed-exitcode")
    assert found.code == 2
    assert {"alter_role", "join_first_login", "configure_second_login"} == set(kinds(found))
    (lacking,) = [d for d in found.json["drift"] if d["role"] == SECOND]
    assert "log_statement" in lacking["message"]
    instance.su(lacking["statement"])
    alternating.converge()
    assert instance.su(ATTRIBUTES) == [(True, True, False, False, 30)]
    assert instance.su(MEMBERSHIP) == [("shop_user",)]
    assert instance.su(SETTINGS) == [
        ("", "log_statement=none"),
        ("", "role=shop_user"),
        ("", 'search_path=shop, "$user", "a ""b"", c"'),
        ("shop", "statement_timeout=7s"),
    ]
    with alternating.tenant(SECOND, "shop") as session:
        assert session.execute("SHOW statement_timeout").fetchone() == ("7s",)
    assert alternating.plan("--detailed-exitcode").code == 0


@pytest.mark.every_major
@pytest.mark.major(min=16)
def test_a_membership_without_its_options_is_mended(
    alternating: Project, instance: Instance
) -> None:
    instance.su(
        "GRANT shop_user TO shop_user_b WITH INHERIT FALSE, SET FALSE GRANTED BY platform_admin"
    )
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        alternating.tenant(SECOND, "shop")
    assert kinds(alternating.plan()) == ["join_first_login"]
    alternating.converge()
    alternating.tenant(SECOND, "shop").close()
    assert alternating.plan("--detailed-exitcode").code == 0


def test_handing_over_locks_what_is_handed_over(alternating: Project) -> None:
    with alternating.tenant("shop_user", "shop") as session:
        session.execute("CREATE TABLE ours (id int)")
    with alternating.tenant(SECOND, "shop") as session:
        session.execute("SET ROLE NONE")
        session.execute("CREATE TABLE mine (id int)")
        session.execute("BEGIN")
        session.execute(f"REASSIGN OWNED BY {SECOND} TO shop_user")
        locks = session.execute(
            "SELECT DISTINCT relation::regclass::text, mode FROM pg_locks"
            " WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation >= 16384"
        ).fetchall()
        session.execute("ROLLBACK")
    assert locks == [("mine", "AccessExclusiveLock")]


@pytest.mark.every_major
def test_privileges_of_its_own_are_shown(alternating: Project, instance: Instance) -> None:
    default = "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public"
    with alternating.tenant(SECOND, "shop") as session:
        session.execute("SET ROLE NONE")
        session.execute(default)
        session.execute("CREATE TABLE mine (id int)")
    for _ in range(2):
        (found,) = [d for d in alternating.plan().json["drift"] if d["role"] == SECOND]
        assert (found["kind"], found["database"]) == ("privilege", "shop")
        alternating.converge()
    with alternating.tenant(SECOND, "shop") as session:
        session.execute("SET ROLE NONE")
        for statement in found["statement"].split("; "):
            session.execute(statement)
    plan = alternating.plan("--detailed-exitcode")
    assert (plan.code, [d for d in plan.json["drift"] if d["role"] == SECOND]) == (0, [])
    assert instance.su(OWNER, ["mine"], "shop") == [("shop_user",)]


@pytest.mark.every_major
def test_sessions_belong_to_the_login_that_they_began_with(alternating: Project) -> None:
    def denied(session: psycopg.Connection[Any], statement: str) -> None:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(statement)

    with (
        alternating.tenant("shop_user", "shop") as first,
        alternating.tenant(SECOND, "shop") as session,
        alternating.tenant(SECOND, "shop") as other,
    ):
        pid = other.info.backend_pid
        query = f"SELECT query FROM pg_stat_activity WHERE pid = {pid}"
        force = "DROP DATABASE shop_test WITH (FORCE)"
        session.execute("CREATE DATABASE shop_test")
        inside = alternating.tenant(SECOND, "shop_test")
        for one in (first, session):
            denied(one, f"SELECT pg_cancel_backend({pid})")
            denied(one, f"SELECT pg_terminate_backend({pid})")
            denied(one, force)
            assert one.execute(query).fetchone() == ("<insufficient privilege>",)
        denied(session, f"REASSIGN OWNED BY {SECOND} TO shop_user")
        session.execute("SET ROLE NONE")
        assert session.execute(query).fetchone() != ("<insufficient privilege>",)
        assert session.execute(f"SELECT pg_cancel_backend({pid})").fetchone() == (True,)
        session.execute(f"REASSIGN OWNED BY {SECOND} TO shop_user")
        session.execute(force)
        inside.close()


@pytest.mark.every_major
def test_a_login_while_it_is_taken_away(
    alternating: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    alternating.write(SINGLE)
    with alternating.tenant(SECOND, "shop") as session:
        session.execute("SET ROLE NONE")
        session.execute("CREATE TABLE mine (id int)")
        with monkeypatch.context() as patch:
            patch.setattr(guards, "_leaving", lambda *_: iter(()))  # it came in after the look
            late = alternating.apply()
        assert late.code == 1, late.output
        assert f"the second login {SECOND} has open sessions" in late.output
        assert instance.su(OWNER, ["mine"], "shop") == [(SECOND,)]
        blocked = alternating.plan("--detailed-exitcode").json["blocked"]
        assert "1 open session" in blocked[0]["reason"]
        assert SECOND in blocked[0]["executor"]
        assert "shop_user," not in blocked[0]["executor"]
    until_gone(instance)
    alternating.converge()
    assert instance.su(ATTRIBUTES) == []
    assert instance.su(OWNER, ["mine"], "shop") == [("shop_user",)]
    assert alternating.plan("--detailed-exitcode").code == 0


@pytest.mark.every_major
def test_both_logins_have_the_same_rights(alternating: Project, instance: Instance) -> None:
    in_use(alternating, SECOND)
    tables = "CREATE SCHEMA s CREATE TABLE t (id int); CREATE SEQUENCE s.q"
    assert_allowed(alternating, "shop_user", "shop", *tables.split("; "))
    powers = """
    SELECT has_database_privilege(r, 'shop', 'CONNECT, CREATE, TEMPORARY'),
           has_database_privilege(r, 'platform', 'CONNECT'),
           array(SELECT p FROM unnest(array['SELECT','INSERT','UPDATE','DELETE','TRUNCATE']) p
                  WHERE has_table_privilege(r, 's.t', p)),
           has_sequence_privilege(r, 's.q', 'USAGE'), has_schema_privilege(r, 's', 'CREATE'),
           pg_has_role(r, 'shop_user', 'USAGE')
      FROM unnest(array['shop_user', 'shop_user_b']) r
    """
    first, second = instance.su(powers, dbname="shop")
    assert first == second
    verified = alternating.run("verify", "-e", "dev", "--format", "json")
    assert verified.code == 0, verified.output
    access = alternating.run("access", "-e", "dev", "--format", "json")
    assert access.code == 0, access.output
    assert verified.json["holes"] == []


def test_a_role_of_that_name_is_in_the_way(project: Project, instance: Instance) -> None:
    instance.su("CREATE ROLE shop_user_b LOGIN")
    project.write(ALTERNATE)
    result = project.apply()
    assert result.code == 4
    assert "needs the name shop_user_b" in result.output
    instance.su("ALTER ROLE shop_user_b RENAME TO shop_user_b_old")
    project.converge()
    project.write(SINGLE | {"other": {"database_name": "other", "username": SECOND}})
    blocked = {one["entry"] for one in project.plan().json["blocked"]}
    assert "other" in blocked


def test_a_name_that_is_another_entrys(project: Project) -> None:
    other = {"database_name": "other", "username": SECOND}
    project.write({"shop": SHOP, "other": other})
    project.converge()
    in_use(project, SECOND)  # the tenant writes its own secret, and has no second login
    for command in (
        ("apply", "-e", "dev"),
        ("rotate", "-e", "dev", "shop"),
        ("connect", "-e", "dev", "shop"),
    ):
        refused = project.run(*command)
        assert refused.code == 1, refused.output
        assert "field 'username' is not 'shop_user'" in refused.output
    status = project.run("secret", "status", "-e", "dev")
    assert status.code == 1
    assert "field 'username' is not 'shop_user'" in " ".join(status.out.split())


def test_one_without_its_marker_is_adopted(alternating: Project, instance: Instance) -> None:
    for role in ("shop_user", SECOND):  # a restored instance may have lost its comments
        instance.su(f"COMMENT ON ROLE {role} IS NULL")
    assert alternating.plan("--detailed-exitcode").code == 4
    adopted = alternating.run("adopt", "-e", "dev", "shop", "--format", "json")
    assert adopted.code == 0, adopted.output
    assert alternating.plan("--detailed-exitcode").code == 0


def test_retirement_takes_both(alternating: Project, instance: Instance) -> None:
    def stage(*arguments: str) -> None:
        done = alternating.run("retire", "-e", "dev", "shop", *arguments)
        assert done.code == 0, done.output

    logins = "SELECT rolname::text FROM pg_roles WHERE rolname ~ '^shop' AND rolcanlogin ORDER BY 1"
    stage("--stage", "disable")
    assert instance.su(logins) == []
    stage("--stage", "disable", "--undo")
    assert instance.su(logins) == [("shop_ro",), ("shop_user",), (SECOND,)]


def test_a_server_from_nothing_with_the_second_login_in_use(
    project: Project, instance: Instance
) -> None:
    project.write(ALTERNATE)
    in_use(project, SECOND)
    project.converge()
    project.tenant(SECOND, "shop").close()
    assert project.plan("--detailed-exitcode").code == 0
    ((has_password,),) = instance.su(
        "SELECT rolpassword IS NOT NULL FROM pg_authid WHERE rolname = 'shop_user'"
    )
    assert not has_password
    instance.su("ALTER ROLE shop_user_b PASSWORD 'fake-by-hand'")
    assert kinds(project.plan()) == ["update_password"]
    project.converge()
    project.tenant(SECOND, "shop").close()


def test_extensions_and_schemas_are_made_by_the_role_itself(
    project: Project, instance: Instance
) -> None:
    entries = {"shop": ALTERNATE["shop"] | {"initial_schema": "basic-app"}}
    project.write(entries)
    in_use(project, SECOND)
    project.converge()
    owners = "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE oid > 16384"
    assert instance.su(owners, dbname="shop") == [("shop_user",)]
    assert project.plan("--detailed-exitcode").code == 0


def test_it_can_be_trusted(alternating: Project) -> None:
    alternating.converge("--trust-markers")
    assert alternating.plan("--trust-markers", "--detailed-exitcode").code == 0
    with alternating.tenant(SECOND, "shop") as session:
        session.execute("SET ROLE NONE")
        session.execute("CREATE TABLE mine (id int)")
    found = alternating.plan("--trust-markers", "--detailed-exitcode")
    assert "reassign_owned" in kinds(found)
    alternating.converge("--trust-markers")
    alternating.converge("--trust-markers")
    assert alternating.plan("--trust-markers", "--detailed-exitcode").code == 0


@pytest.mark.every_major
def test_nothing_is_lost_when_it_goes(alternating: Project, instance: Instance) -> None:
    with alternating.tenant(SECOND, "shop") as session:
        session.execute("SET ROLE NONE")
        session.execute("CREATE TABLE mine (id int)")
        session.execute("INSERT INTO mine VALUES (1)")
        session.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO shop_ro")
    with alternating.tenant("shop_user", "shop") as session:
        session.execute("CREATE TABLE ours (id int)")
        session.execute("GRANT SELECT ON ours TO shop_user_b")
        session.execute("GRANT CONNECT ON DATABASE shop TO shop_user_b")
    until_gone(instance)
    alternating.write(SINGLE)
    alternating.converge()
    assert instance.su(ATTRIBUTES) == []
    assert instance.su("SELECT id FROM mine", dbname="shop") == [(1,)]
    assert instance.su(OWNER, ["mine"], "shop") == [("shop_user",)]
    assert_allowed(alternating, "shop_ro", "shop", "SELECT * FROM mine")
    assert alternating.plan("--detailed-exitcode").code == 0


@pytest.mark.slow
@pytest.mark.every_major
def test_a_thousand_tables_under_a_running_client(project: Project, instance: Instance) -> None:
    project.write(SINGLE)
    project.converge()
    with project.tenant("shop_user", "shop") as session:
        session.execute(
            "DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('CREATE TABLE t%s (id int)', i);"
            " END LOOP; END $$"
        )
    project.write(ALTERNATE)
    assert locks_of(project, instance) == {("pg_catalog", "RowExclusiveLock")}

    def connect(fields: Any) -> psycopg.Connection[Any]:
        return project.tenant(fields["username"], "shop")

    with under_load(connect, {"username": "shop_user"}) as load:
        mark = instance.log_mark()
        project.converge()
        load.go_on(1)
        statements = changing(instance.log_since(mark))
        instance.su(f"ALTER ROLE {SECOND} PASSWORD '{_literal(password_of(SECOND))}'")
        load.deliver({"username": SECOND})
        load.deliver({"username": "shop_user"})
        until_gone(instance)
        project.write(SINGLE)
        project.converge()
        load.go_on(1)
    assert not load.failed
    assert not [s for s in statements if " ON " in s and "ROLE" not in s]
    assert instance.su(ATTRIBUTES) == []


def until_gone(instance: Instance) -> None:
    """Wait until the server has ended the second login's sessions."""
    question = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop_user_b'"
    while instance.su(question) != [(0,)]:
        pass


def locks_of(project: Project, instance: Instance) -> set[tuple[str, str]]:
    """What turning it on locks: the plan's own statements, asked before their COMMIT."""
    script = project.run("plan", "-e", "dev", "--format", "sql").out
    statements = [
        line
        for line in script.splitlines()
        if line and not line.startswith(("\\", "--", "BEGIN", "COMMIT"))
    ]
    admin = instance.admin
    with instance.connect(admin.user, admin.password, admin.dbname) as session:
        session.execute("BEGIN")
        for statement in statements:
            session.execute(statement)
        rows = session.execute(
            "SELECT DISTINCT coalesce(n.nspname, l.relation::text), l.mode FROM pg_locks l"
            "  LEFT JOIN pg_class c ON c.oid = l.relation"
            "  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation'"
            "   AND l.mode <> 'AccessShareLock'"
        ).fetchall()
        session.execute("ROLLBACK")
    return {(str(schema), str(mode)) for schema, mode in rows}
