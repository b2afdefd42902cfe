"""A template makes a tenant whole or not at all, and never gets out of its schema."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from integration.tenants.conftest import DATABASE, ISOLATION, OWNER, Tenants
from pgtenant.errors import UsageError
from pgtenant.planning.tenants.adding import Bring
from pgtenant.planning.tenants.findings import Problem
from pgtenant.planning.tenants.record import TenantRecord, read_record, with_record
from pgtenant.planning.tenants.slugs import Tenant
from pgtenant.planning.tenants.templates import Template, TemplateFile, due
from pgtenant.postgres.options import CATALOG_FIRST
from pgtenant.postgres.tenant_work import Brought, bring_up

TABLES = TemplateFile(
    "001_tables.sql",
    """
    CREATE TABLE plans (tenant_id uuid PRIMARY KEY, name text);
    CREATE TABLE notes (tenant_id uuid NOT NULL, id int, PRIMARY KEY (tenant_id, id));
    ALTER TABLE notes ALTER id TYPE bigint; -- rewritten, through a table that is gone again
    CREATE TABLE draft (id int);
    DROP TABLE draft;
    DO $$ BEGIN
        PERFORM 1 / 0;
    EXCEPTION WHEN division_by_zero THEN
        CREATE TYPE mood AS ENUM ('ok');
    END $$;
    """,
)


def make(
    tenants: Tenants, *files: str | TemplateFile, rehearse: bool = False, known: bool = False
) -> Brought:
    template = Template.of(
        file if isinstance(file, TemplateFile) else TemplateFile(f"{number:03}.sql", file)
        for number, file in enumerate(files)
    )
    record = TenantRecord("dev", "qualisys", "c", template.digests)
    bring = Bring(Tenant("tenant_c", "c"), template.files, record, None, new=True)
    return carry_out(tenants, bring, rehearse=rehearse, known=known)


def carry_out(
    tenants: Tenants, bring: Bring, *, rehearse: bool = False, known: bool = False
) -> Brought:
    async def run() -> Brought:
        async with tenants.session() as session:
            return await bring_up(session, bring, ISOLATION, rehearse=rehearse, known=known)

    return asyncio.run(run())


def schemas(tenants: Tenants) -> list[str]:
    return [schema.name for schema in tenants.look().schemas]


@pytest.mark.every_major
def test_a_tenant_is_made_whole(tenants: Tenants) -> None:
    made_with = make(tenants, TABLES)
    assert made_with.findings == ()
    assert made_with.statements[0] == 'CREATE SCHEMA "tenant_c"'
    assert f"-- {TABLES.name} {TABLES.digest}" in made_with.statements
    assert tenants.judge() == ()
    made = next(schema for schema in tenants.look().schemas if schema.name == "tenant_c")
    record = read_record(made.comment)
    assert record is not None
    assert record.template == {TABLES.name: TABLES.digest}
    names = {name for group in tenants.look("tenant_c").relations for _, name in group.names}
    assert names == {"plans", "notes"}


def test_a_tenant_without_a_template(tenants: Tenants) -> None:
    assert make(tenants).findings == ()
    assert "tenant_c" in schemas(tenants)


def test_what_is_not_ours_to_mend_is_told(tenants: Tenants) -> None:
    found = make(tenants, "CREATE TABLE t (id int)").findings
    assert {finding.problem for finding in found} == {Problem.NO_COLUMN}


HALF_WAY = {
    "an error in the second file": ("CREATE TABLE t (tenant_id uuid)", "SELECT 1 / 0"),
    "an error in one file": ("CREATE TABLE t (tenant_id uuid); SELECT nothing",),
    "COMMIT": ("CREATE TABLE t (tenant_id uuid); COMMIT",),
    "ROLLBACK": ("CREATE TABLE t (tenant_id uuid); ROLLBACK; BEGIN",),
    "COMMIT in a block": ("DO $$ BEGIN CREATE TABLE t (id int); COMMIT; END $$",),
    "no SQL": ("CREATE TABEL t",),
}
LEAVING = {
    "a table": "CREATE TABLE public.t (id int)",
    "another tenant's": "CREATE TABLE tenant_a.t (id int)",
    "a table through search_path": "SET search_path = public; CREATE TABLE t (id int)",
    "in a subtransaction": (
        "DO $$ BEGIN CREATE TABLE public.t (id int); RAISE EXCEPTION 'x';"
        " EXCEPTION WHEN raise_exception THEN CREATE TABLE public.u (id int); END $$"
    ),
    "a schema": "CREATE SCHEMA other",
    "a function": "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a function replaced": (
        "CREATE OR REPLACE FUNCTION public.there() RETURNS int LANGUAGE sql AS 'SELECT 2'"
    ),
    "a function dropped": "DROP FUNCTION public.there()",
    "a type": "CREATE DOMAIN public.d AS text",
    "a row": "INSERT INTO public.shared VALUES (1)",
    "a row deleted": "DELETE FROM public.shared",
    "a table altered": "ALTER TABLE public.shared ADD COLUMN more int",
    "a table dropped": "DROP TABLE public.shared",
    "a table truncated": "TRUNCATE public.shared",
    "a table moved": "ALTER TABLE public.shared SET SCHEMA tenant_c",
    "a foreign key": "CREATE TABLE t (id int REFERENCES public.shared)",
    "row security off": "ALTER TABLE tenant_a.orders DISABLE ROW LEVEL SECURITY",
    "a schema dropped": "DROP SCHEMA tenant_b CASCADE",
    "its own schema dropped": "DROP SCHEMA tenant_c CASCADE",
    "a grant": "GRANT CREATE ON SCHEMA public TO PUBLIC",
    "a grant on a table": "GRANT SELECT ON public.shared TO PUBLIC",
    "a grant on another tenant's table": "GRANT SELECT ON tenant_a.orders TO PUBLIC",
    "a grant on a function": "GRANT EXECUTE ON FUNCTION public.there() TO PUBLIC",
    "a grant on a type": f"GRANT USAGE ON TYPE public.colour TO {OWNER}",
    "a function in place of a type": (
        "CREATE TYPE mine AS ENUM ('x'); DROP TYPE mine; CREATE DOMAIN public.d AS text"
    ),
    "default privileges": "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
    "a setting": f"ALTER ROLE {OWNER} SET work_mem = '1MB'",
    "a setting of the database": f"ALTER DATABASE {DATABASE} SET work_mem = '1MB'",
    "a comment on another tenant": "COMMENT ON SCHEMA tenant_a IS 'x'",
    "a comment on a function": "COMMENT ON FUNCTION public.there() IS 'x'",
    "a comment on the database": f"COMMENT ON DATABASE {DATABASE} IS 'x'",
    "another tenant renamed": "ALTER SCHEMA tenant_a RENAME TO tenant_z",
    "a number of a sequence": "SELECT nextval('public.numbers')",
    "a password": f"ALTER ROLE {OWNER} PASSWORD 'not-a-real-one'",
    "a large object": "SELECT lo_create(0)",
    "text search": "CREATE TEXT SEARCH CONFIGURATION public.words (COPY = pg_catalog.simple)",
    "statistics": (
        "CREATE TABLE t (tenant_id uuid PRIMARY KEY, a int, b int);"
        " CREATE STATISTICS public.both ON a, b FROM t"
    ),
    "an operator dropped": "DROP OPERATOR public.=== (int, int)",
    "a collation dropped": "DROP COLLATION public.plain",
    "behind catalogs of one's own": (
        "CREATE TEMPORARY TABLE pg_class ON COMMIT DROP AS"
        " SELECT * FROM pg_catalog.pg_class WHERE false;"
        " CREATE TEMPORARY TABLE pg_namespace ON COMMIT DROP AS"
        " SELECT * FROM pg_catalog.pg_namespace WHERE false;"
        " CREATE TEMPORARY TABLE pg_type ON COMMIT DROP AS"
        " SELECT * FROM pg_catalog.pg_type WHERE false;"
        " CREATE TABLE public.t (id int)"
    ),
    "a temporary table": "CREATE TEMPORARY TABLE t (id int)",
    "cursors closed": "CLOSE ALL",
    "a cursor in the place of another": (
        "CLOSE ALL; DECLARE pgtenant_touched CURSOR FOR SELECT '', '', '' WHERE false;"
        " DELETE FROM public.shared"
    ),
    "put off to the COMMIT": (
        "CREATE TABLE t (id int);"
        " CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN INSERT INTO public.shared VALUES (7); RETURN NULL; END';"
        " CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION f(); INSERT INTO t VALUES (1)"
    ),
}


@pytest.mark.slow
@pytest.mark.every_major
def test_nothing_stays_of_what_failed(tenants: Tenants) -> None:
    tenants.run(
        "CREATE TABLE public.shared (id int PRIMARY KEY)",
        "CREATE SEQUENCE public.numbers",
        "CREATE TYPE public.colour AS ENUM ('red')",
        "CREATE FUNCTION public.there() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE OPERATOR public.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)",
        'CREATE COLLATION public.plain FROM "C"',
    )
    before = tenants.look()
    for name, files in HALF_WAY.items():
        with pytest.raises(UsageError, match="failed") as refused:
            make(tenants, *files)
        assert "00" in refused.value.message, name
    escaped: list[tuple[str, str]] = []
    for name, text in LEAVING.items():
        # It is the last file that leaves: the ones before it hide nothing.
        with pytest.raises(UsageError) as refused:
            make(tenants, TABLES, "SELECT 1", text)
        if "leaves its schema" not in refused.value.message and "cursors" not in str(refused.value):
            escaped.append((name, refused.value.message))
    assert escaped == []
    assert tenants.look() == before
    assert tenants.instance.su("SELECT count(*) FROM shared", dbname=DATABASE) == [(0,)]


def test_what_is_made_elsewhere_is_seen_also_of_known_files(tenants: Tenants) -> None:
    tenants.run("CREATE TABLE public.shared (id int)")
    for text in (
        "CREATE TABLE public.t (id int)",
        "ALTER TABLE public.shared ADD more int",
        "INSERT INTO public.shared VALUES (1)",
        "CREATE TYPE public.colour AS ENUM ('red')",
    ):
        with pytest.raises(UsageError, match="leaves its schema"):
            make(tenants, TABLES, text, known=True)


def test_a_rehearsal_leaves_nothing(tenants: Tenants) -> None:
    before = tenants.look()
    assert make(tenants, TABLES, rehearse=True).findings == ()
    assert tenants.look() == before


@pytest.mark.every_major
def test_a_tenant_that_is_there_gets_new_files(tenants: Tenants) -> None:
    make(tenants, TABLES)
    tenants.run("COMMENT ON SCHEMA tenant_c IS 'Ask Ann'", "CREATE TABLE public.shared (id int)")
    late = TemplateFile(
        "002_late.sql",
        "CREATE TABLE late (tenant_id uuid PRIMARY KEY, mood mood DEFAULT 'ok');"
        " ALTER TABLE notes ADD body text; CREATE INDEX ON notes (tenant_id, body);"
        " CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'; DROP FUNCTION one()",
    )
    record = TenantRecord(
        "dev", "qualisys", "c", {TABLES.name: TABLES.digest, late.name: late.digest}
    )
    # The comment has changed since it was read.
    bring = Bring(Tenant("tenant_c", "c"), (late,), record, "Ask Bob", new=False)
    assert carry_out(tenants, bring).findings == ()
    assert tenants.judge() == ()
    made = next(schema for schema in tenants.look().schemas if schema.name == "tenant_c")
    assert made.comment == with_record("Ask Ann", record)
    assert read_record(made.comment) == record
    for leaving in ("GRANT SELECT ON public.shared TO PUBLIC", "DROP TABLE tenant_a.orders"):
        again = replace(bring, files=(TemplateFile("003.sql", leaving),))
        with pytest.raises(UsageError, match="leaves its schema"):
            carry_out(tenants, again)


def test_a_cursor_over_the_commit_does_not_run(tenants: Tenants) -> None:
    tenants.run("CREATE TABLE public.shared (id int PRIMARY KEY)")
    make(
        tenants,
        "CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS"
        " 'BEGIN EXECUTE ''INSERT INTO public.shared VALUES (7)''; RETURN 1; END';"
        " DECLARE late CURSOR WITH HOLD FOR SELECT f()",
    )
    assert tenants.instance.su("SELECT count(*) FROM shared", dbname=DATABASE) == [(0,)]


def test_a_session_is_as_before_behind_a_template(tenants: Tenants) -> None:
    async def run() -> tuple[object, ...] | None:
        async with tenants.session() as session:
            file = TemplateFile("1.sql", "SET work_mem = '1MB'; SET search_path = public")
            record = TenantRecord("dev", "qualisys", "c")
            bring = Bring(Tenant("tenant_c", "c"), (file,), record, None, new=True)
            await bring_up(session, bring, ISOLATION)
            shown = "SELECT current_setting('search_path'), current_setting('work_mem')"
            return await (await session.execute(shown)).fetchone()

    assert asyncio.run(run()) == (CATALOG_FIRST, "4MB")


def test_new_files_of_a_template_are_due() -> None:
    one, two = TemplateFile("1.sql", "SELECT 1"), TemplateFile("2.sql", "SELECT 2")
    assert due(Template.of([two, one]), {}, "s") == (one, two)
    assert due(Template.of([two, one]), {"1.sql": one.digest}, "s") == (two,)
    assert due(Template.of([one]), {"0.sql": "gone", "1.sql": one.digest}, "s") == ()
    with pytest.raises(UsageError, match="has changed since it ran in s"):
        due(Template.of([one]), {"1.sql": two.digest}, "s")
    with pytest.raises(UsageError, match="would run in s after"):
        due(Template.of([one, two]), {"2.sql": two.digest}, "s")
