"""Schema files run on a login of the tenant: whatever they try, they stay the tenant."""

from __future__ import annotations

import pytest

from support.instance import Instance
from support.project import Project
from support.siege import SHOP, ask, memberships, standing

ENTRIES = {**SHOP, "shop": {**SHOP["shop"], "initial_schema": "evil.sql"}}

TRIES = (
    "RESET ROLE",
    "SET ROLE platform_admin",
    "SET ROLE NONE",
    "SET SESSION AUTHORIZATION platform_admin",
    "RESET SESSION AUTHORIZATION",
    "SET SESSION AUTHORIZATION DEFAULT",
    "ALTER ROLE shop_user CREATEROLE",
    "ALTER ROLE shop_user SUPERUSER",
    "CREATE ROLE minion LOGIN",
    "GRANT platform_admin TO shop_user",
    "GRANT shop_user TO platform_admin",
    "ALTER ROLE platform_admin PASSWORD 'stolen'",
    "COMMENT ON ROLE shop_user IS 'nobody'",
)

SCHEMA = """
CREATE TABLE public.seen (place text, try text, who text, session text);
CREATE FUNCTION public.attack(place text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    attempt text;
BEGIN
    FOREACH attempt IN ARRAY ARRAY[{tries}] LOOP
        BEGIN
            EXECUTE attempt;
        EXCEPTION WHEN OTHERS THEN
            NULL;
        END;
        INSERT INTO public.seen VALUES (place, attempt, current_user, session_user);
    END LOOP;
    RETURN 1;
END $$;
CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.attack('trigger');
    RETURN NEW;
END $$;
CREATE TABLE public.bait (n int DEFAULT public.attack('default'), s text);
CREATE TRIGGER bite BEFORE INSERT ON public.bait FOR EACH ROW EXECUTE FUNCTION public.fire();
INSERT INTO public.bait (s) VALUES ('x');
DO $$ BEGIN PERFORM public.attack('do'); END $$;
"""


def write_schema(project: Project, text: str) -> None:
    directory = project.root / "schemas"
    directory.mkdir(exist_ok=True)
    (directory / "evil.sql").write_text(text)


@pytest.mark.every_major
def test_code_in_a_schema_stays_the_tenant(project: Project, instance: Instance) -> None:
    tries = ", ".join("'" + attempt.replace("'", "''") + "'" for attempt in TRIES)
    write_schema(project, SCHEMA.format(tries=tries))
    project.write(ENTRIES)
    project.converge()
    rows = ask(instance, "SELECT place, count(*) FROM seen GROUP BY 1 ORDER BY 1", "shop")
    assert rows == [("default", len(TRIES)), ("do", len(TRIES)), ("trigger", len(TRIES))]
    assert ask(instance, "SELECT DISTINCT who, session FROM seen", "shop") == [
        ("shop_user", "shop_user")
    ]
    flags = "SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = 'shop_user'"
    assert instance.su(flags) == [(False, False)]
    assert instance.su("SELECT FROM pg_roles WHERE rolname = 'minion'") == []
    assert standing(instance) == []
    assert not any(row[:2] == ("platform_admin", "shop_user") for row in memberships(instance))
    assert project.plan("--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE a (); COMMIT; CREATE TABLE b ();",
        "CREATE TABLE a (); COMMIT; BEGIN; CREATE TABLE b ();",
        "CREATE TABLE a (); ROLLBACK; CREATE TABLE b ();",
        "CREATE TABLE a (); COMMIT AND CHAIN;",
        "CREATE TABLE a (); ROLLBACK AND CHAIN;",
        "BEGIN; CREATE TABLE a (); COMMIT;",
        "CREATE TABLE a (); PREPARE TRANSACTION 'x';",
        "CREATE TABLE a (); COMMIT; BEGIN; SET search_path = public;",
    ],
)
def test_a_schema_that_ends_its_transaction_is_refused(
    project: Project, instance: Instance, text: str
) -> None:
    write_schema(project, text)
    project.write(ENTRIES)
    failed = project.apply()
    assert failed.code == 1
    assert "transaction" in failed.json["error"]["message"]
    assert "Traceback" not in failed.output
    comments = instance.su(
        "SELECT description FROM pg_shdescription WHERE description LIKE '%initial_schema%'"
    )
    assert comments == []
    assert "apply_schema" in {c["kind"] for c in project.plan().json["changes"]}


def test_unqualified_names_of_a_schema_go_to_public(project: Project, instance: Instance) -> None:
    write_schema(project, "CREATE TABLE plain (n int); INSERT INTO plain VALUES (1);")
    project.write(ENTRIES)
    project.converge()
    assert ask(instance, "SELECT n FROM public.plain", "shop") == [(1,)]
