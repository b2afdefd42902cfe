"""A shop with an owner, an editor and a reader, to be closed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from psycopg import OperationalError, sql

from pgtenant.embedded.distribution import find_bundled
from pgtenant.errors import PgtenantError
from pgtenant.postgres import programs
from support.instance import Instance
from support.project import Project, Result

OWNER = {"shop": {"database_name": "shop", "username": "shop_user"}}
MEMBERS = {
    "shop-rw": {"database_name": "shop", "username": "shop_editor", "access_level": "editor"},
    "shop-ro": {"database_name": "shop", "username": "shop_reader", "access_level": "reader"},
}
OTHER = {"bank": {"database_name": "bank", "username": "bank_user"}}
SHOP = OWNER | MEMBERS
ROLES = ("shop_user", "shop_editor", "shop_reader")


def opened(project: Project, entries: dict[str, dict[str, str]] = SHOP | OTHER) -> None:
    """Have the shop and a bank made, with a row in the shop."""
    project.write(entries)
    project.converge()
    with project.tenant("shop_user", "shop") as owner:
        owner.execute("CREATE TABLE goods AS SELECT 1 AS id")


def retire(project: Project, stage: str, *flags: str, key: str = "shop") -> Result:
    return project.run("retire", "-e", "dev", key, "--stage", stage, *flags, "--format", "json")


def refused(project: Project, *roles: str) -> None:
    for role in roles:
        with pytest.raises(OperationalError):
            project.tenant(role, "shop").close()


def admitted(project: Project, *roles: str) -> None:
    for role in roles:
        with project.tenant(role, "shop") as session:
            session.execute("SELECT FROM goods")


def days_pass(instance: Instance, days: int, roles: tuple[str, ...] = ROLES) -> None:
    """Let the markers say that the shop was closed so many days earlier."""
    for role in roles:
        query = (
            "SELECT shobj_description(oid, 'pg_authid'), to_char((now() - %s * interval '1 day')"
            " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
            " FROM pg_roles WHERE rolname = %s"
        )
        ((comment, then),) = instance.su(query, [days, role])
        marker = json.loads(comment)
        marker["retired"]["at"] = then
        text = sql.Literal(json.dumps(marker, separators=(",", ":")))
        instance.su(sql.SQL("COMMENT ON ROLE {} IS {}").format(sql.Identifier(role), text))


def found_for(instance: Instance) -> programs.Programs:
    """The programs that pgtenant finds by itself, or a skip."""
    try:
        return programs.find_programs(instance.major, None, [find_bundled().root / "bin"])
    except PgtenantError as error:
        pytest.skip(error.message)


def in_place_of(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch, **scripts: str
) -> Path:
    """Have shell scripts run instead of `pg_dump` and `pg_restore`.

    Args:
        project: whose runs take them.
        instance: the server.
        monkeypatch: of the test.
        scripts: by the program's name, what is run instead of `exec "$real" "$@"`.

    Returns:
        A directory that they can write to.
    """
    to = project.root / "bin"
    to.mkdir()
    found = found_for(instance)
    for name in ("pg_dump", "pg_restore"):
        real = found.directory / name
        body = scripts.get(name, 'exec "$real" "$@"')
        (to / name).write_text(
            f'#!/bin/sh\nreal={real}\n[ "$1" = --version ] && exec "$real" "$@"\n{body}\n'
        )
        (to / name).chmod(0o755)
    monkeypatch.setenv("PGTENANT_RETIRE_PROGRAMS", str(to))
    return to
