"""Names that exist on the server are data: nothing in them is executed or printed raw."""

from __future__ import annotations

from psycopg import sql

from support.instance import Instance
from support.project import Project
from support.siege import SHOP, as_tenant, ask, name

NAMES = (
    'x"; DROP ROLE platform_admin; --',
    "x'; DROP ROLE platform_admin; --",
    "two\nlines\r\tand tabs",
    "\x1b[2J\x1b]0;owned\x07red\x1b[31m",
    "%s %(x)s %% %d {} {0} {x}",
    "back\\slash \\' \\n $$ $x$",
    "\u202eevil\u200b\u0085 \u00fc\u65e5\U0001f4a5",
    "n" * 63,
    " ",
    "-- comment",
    "/* never closed",
    "public",
    "Select",
)


STYLES = ("text", "json", "markdown")
"""Not `sql`: that is a script, exact to the byte."""


def assert_clean(text: str) -> None:
    assert not [c for c in text if not c.isprintable() and c != "\n"], ascii(text)[:2000]


def test_grants_reach_objects_of_any_name(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    statements: list[sql.Composed] = [
        sql.SQL("ALTER DEFAULT PRIVILEGES REVOKE ALL ON {} FROM shop_reader").format(sql.SQL(kind))
        for kind in ("TABLES", "SEQUENCES", "SCHEMAS")
    ]
    for text in NAMES:
        if text != "public":
            statements.append(sql.SQL("CREATE SCHEMA {}").format(name(text)))
        statements += [
            sql.SQL("CREATE TABLE {} ()").format(sql.Identifier(text, text)),
            sql.SQL("CREATE SEQUENCE {}").format(sql.Identifier(text, f"{text[:60]}_s")),
        ]
    as_tenant(instance, "shop_user", "shop", *statements, client_encoding="utf8")
    for text in NAMES[:-2]:
        foreign = sql.Identifier("public", f"{text[:60]}_f")
        ask(instance, sql.SQL("CREATE TABLE {} ()").format(foreign), "shop")
    for style in STYLES:
        assert_clean(project.run("plan", "-e", "dev", "--format", style).output)
    applied = project.run("apply", "-e", "dev")
    assert applied.code == 0, applied.output
    assert_clean(applied.output)
    assert_clean(project.audit.read_text().replace("\r\n", "\n"))
    lacking = ask(
        instance,
        "SELECT n.nspname, relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relowner = 'shop_user'::regrole AND relkind IN ('r', 'S')"
        " AND NOT (has_schema_privilege('shop_reader', n.oid, 'USAGE')"
        " AND CASE relkind WHEN 'r' THEN has_table_privilege('shop_reader', c.oid, 'SELECT')"
        " ELSE has_sequence_privilege('shop_reader', c.oid, 'SELECT') END)",
        "shop",
    )
    assert lacking == []
    assert project.plan("--detailed-exitcode").code == 0
    assert instance.su("SELECT count(*) FROM pg_roles WHERE rolname = 'platform_admin'") == [(1,)]


def test_databases_and_roles_of_any_name(project: Project, instance: Instance) -> None:
    project.write(SHOP)
    project.converge()
    names = [text for text in NAMES if text not in {"public", " "}]
    for text in names:
        as_tenant(
            instance,
            "shop_user",
            "shop",
            sql.SQL("CREATE DATABASE {}").format(name(text)),
            sql.SQL("ALTER DATABASE shop SET search_path = {}").format(sql.Literal(text)),
            client_encoding="utf8",
        )
        ask(instance, sql.SQL("CREATE ROLE {}").format(name(text)), "postgres")
        ask(instance, sql.SQL("GRANT {} TO shop_user").format(name(text)), "postgres")
        grant = sql.SQL("GRANT CONNECT ON DATABASE shop TO {} WITH GRANT OPTION").format(name(text))
        as_tenant(instance, "shop_user", "shop", grant, client_encoding="utf8")
    for style in STYLES:
        assert_clean(project.run("plan", "-e", "dev", "--format", style).output)
    applied = project.run("apply", "-e", "dev")
    assert applied.code == 0, applied.output
    assert_clean(applied.output)
    wanted = {row[0] for row in ask(instance, "SELECT datname FROM pg_database", "postgres")}
    assert set(names) <= wanted
    opened = ask(
        instance,
        "SELECT FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba))) a"
        " WHERE datname = ANY (%s) AND a.grantee = 0",
        "postgres",
        names,
    )
    assert opened == []
    assert project.plan("--detailed-exitcode").code == 0
