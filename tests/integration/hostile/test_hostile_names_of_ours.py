"""Hostile names of what pgtenant itself works with: the admin, its database, and every command."""

from __future__ import annotations

import contextlib

import pytest
from psycopg import sql

from pgtenant.catalog.load import parse
from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP, as_tenant, ask, name

ADMINS = (
    'x"; DROP ROLE platform_admin; --',
    "pwn SUPERUSER --",
    "' host=203.0.113.9 user='",
    "postgresql://203.0.113.9/x",
    "%s {0} \\ $$",
    "\u202eMyUser\u00fc\u200b",
    "Select",
)
"""What a secret can name: no control characters, which no secret of ours needs."""
TENANTS = (*ADMINS, "two\nlines\r", "\x1b]0;owned\x07", "n" * 63)
"""What an application can call its own."""


def assert_clean(text: str) -> None:
    assert not [c for c in text if not c.isprintable() and c != "\n"], ascii(text)[:2000]


def powers(instance: Instance) -> list[tuple[object, ...]]:
    """The roles that can do more than an application's."""
    return instance.su(
        "SELECT rolname FROM pg_roles"
        " WHERE rolsuper OR rolreplication OR rolbypassrls OR rolcreaterole ORDER BY 1"
    )


@pytest.mark.parametrize("admin", ADMINS, ids=ascii)
def test_an_admin_of_any_name(project: Project, instance: Instance, admin: str) -> None:
    """Its role and its database: both names come from a secret, and go into SQL and conninfo."""
    password = password_of("admin")
    made = sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}")
    ask(instance, made.format(name(admin), sql.Literal(password)), "postgres")
    owned = sql.SQL("CREATE DATABASE {0} OWNER {0}").format(name(admin))
    ask(instance, owned, "postgres")
    before = powers(instance)
    project.write(SHOP)
    project.write_secret("rds/master", admin, password, admin)
    for arguments in (
        ("plan", "-e", "dev", "--sql"),
        ("apply", "-e", "dev"),
        ("adopt", "-e", "dev", "--all"),
        ("bootstrap", "-e", "dev", "--dry-run"),
        ("import", "-e", "dev"),
    ):
        result = project.run(*arguments)
        assert result.code == 0, result.output
        assert_clean(result.output)
    assert project.plan("--detailed-exitcode").code == 0
    assert powers(instance) == before
    with project.tenant("shop_user", "shop"):
        pass


@pytest.mark.parametrize("role", ADMINS, ids=ascii)
def test_a_delegated_admin_of_any_name(project: Project, instance: Instance, role: str) -> None:
    project.write(SHOP)
    project.converge()
    before = powers(instance)
    result = project.run("bootstrap", "-e", "dev", "--role", role)
    if not role.isprintable():
        assert result.code == 64
        assert powers(instance) == before
        return
    assert result.code == 0, result.output
    assert_clean(result.output)
    assert powers(instance) == sorted([*before, (role,)])
    assert project.run("bootstrap", "-e", "dev", "--role", role, "--undo").code == 0
    project.converge()


def test_every_command_among_hostile_names(project: Project, instance: Instance) -> None:
    """What applications made, granted, and call themselves while they are connected."""
    project.write(SHOP)
    project.converge()
    for text in TENANTS:
        as_tenant(
            instance,
            "shop_user",
            "shop",
            sql.SQL("CREATE SCHEMA {}").format(name(text)),
            sql.SQL("CREATE TABLE {} ()").format(sql.Identifier(text, text)),
            sql.SQL("CREATE FUNCTION {}() RETURNS int LANGUAGE sql AS 'SELECT 1'").format(
                sql.Identifier(text, text)
            ),
            sql.SQL("CREATE TYPE {} AS ENUM ()").format(sql.Identifier(text, f"{text[:60]}_t")),
            sql.SQL("CREATE DATABASE {}").format(name(text)),
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(name(text), sql.Literal(text)),
            sql.SQL("ALTER ROLE shop_user SET application_name = {}").format(sql.Literal(text)),
            client_encoding="utf8",
        )
        ask(instance, sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(name(text)), "postgres")
        ask(
            instance,
            sql.SQL("GRANT USAGE ON SCHEMA {0} TO {0}").format(name(text)),
            "shop",
        )
        ask(
            instance,
            sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE shop_user GRANT ALL ON TABLES TO {}").format(
                name(text)
            ),
            "shop",
        )
    marked = instance.su("SELECT shobj_description('shop_user'::regrole, 'pg_authid')")[0][0]
    for text in TENANTS:
        comment = sql.SQL("COMMENT ON ROLE shop_user IS {}").format(
            sql.Literal(f"{text}\n{marked}")
        )
        ask(instance, comment, "postgres")
    before = powers(instance)
    with contextlib.ExitStack() as stack:
        for text in TENANTS[:4]:
            stack.enter_context(
                instance.connect(
                    "shop_user",
                    password_of("shop_user"),
                    "shop",
                    application_name=text,
                    client_encoding="utf8",
                )
            )
        for arguments in (
            ("plan", "-e", "dev", "--authoritative"),
            ("adopt", "-e", "dev", "--all"),
            ("apply", "-e", "dev", "--authoritative"),
            ("bootstrap", "-e", "dev"),
            ("adopt", "-e", "dev", "--all", "--format", "json"),
        ):
            result = project.run(*arguments)
            assert result.code == 0, result.output
            assert_clean(result.output)
        imported = project.run("import", "-e", "dev")
    assert imported.code == 0, imported.err
    assert_clean(imported.output)
    assert [entry.key for entry in parse(imported.out.encode(), display="a.tfvars").entries]
    assert powers(instance) == sorted([*before, ("pgtenant_admin",)])
    assert_clean(project.audit.read_text().replace("\r\n", "\n"))
