"""What is asked of tenants that have roles of their own."""

from __future__ import annotations

from typing import Any, Final

import psycopg
import pytest

from pgtenant.tenancy import tenant_role
from support.project import Project, Result

DATABASE: Final = "qualisys_master"
ACME, GLOBEX = (tenant_role(f"tenant_{slug}", DATABASE) for slug in ("acme_corp", "globex"))
COUNT: Final = "SELECT count(*) FROM tenant_{}.projects"


def tenant(project: Project, command: str, *arguments: str) -> Result:
    return project.run("tenant", command, "-e", "dev", "qualisys", *arguments)


def uuid_of(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def refused(connection: psycopg.Connection[tuple[Any, ...]], text: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(text)


def members(project: Project) -> list[tuple[str, str]]:
    return project.instance.su(
        "SELECT g.rolname::text, m.rolname::text FROM pg_auth_members a"
        " JOIN pg_roles g ON g.oid = a.roleid JOIN pg_roles m ON m.oid = a.member"
        " WHERE g.rolname LIKE '%@qualisys_master' AND m.rolname <> 'platform_admin' ORDER BY 1"
    )


def kinds(project: Project) -> list[str]:
    return [change["kind"] for change in project.plan("--detailed-exitcode").json["changes"]]


def drift(project: Project) -> str:
    return "\n".join(one["message"] for one in project.plan().json["drift"])


def mended(project: Project) -> None:
    """One apply is enough, and nothing of it is left to say."""
    done = project.apply()
    assert done.code == 0, done.output
    again = project.plan("--detailed-exitcode")
    assert again.json["changes"] == [], again.output
    assert again.json["drift"] == [], again.output
