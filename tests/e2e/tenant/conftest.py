"""An applied entry with tenants, a template for them, and a reader."""

from __future__ import annotations

from typing import Any

import pytest

from support.project import Project

ENTRY: dict[str, Any] = {
    "database_name": "qualisys_master",
    "username": "app_user",
    "createdb": False,
    "tenancy": {"template": "tenants", "tenants_file": "tenants.txt"},
}
OWN: dict[str, Any] = {
    **ENTRY,
    "tenancy": {"template": "tenants", "role_per_tenant": True},
}
READER: dict[str, Any] = {
    "database_name": "qualisys_master",
    "username": "report_user",
    "access_level": "reader",
}
TABLES = """
CREATE TABLE projects (tenant_id uuid, id bigint, name text, PRIMARY KEY (tenant_id, id));
CREATE TABLE tasks (
    tenant_id uuid, id bigint, project bigint, PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, project) REFERENCES projects (tenant_id, id));
"""


@pytest.fixture
def qualisys(project: Project) -> Project:
    """Nothing but the entry and its reader: no tenant is there."""
    template = project.root / "schemas" / "tenants"
    template.mkdir(parents=True)
    (template / "001_tables.sql").write_text(TABLES)
    (project.root / "tenants.txt").write_text("acme-corp # the first\n\nglobex\n")
    project.write({"qualisys": ENTRY, "reports": READER})
    project.converge()
    return project


def schemas(project: Project) -> list[str]:
    """Return the names of the schemas in the entry's database that are no system's."""
    found = project.instance.su(
        "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema|public)'"
        " ORDER BY 1",
        dbname="qualisys_master",
    )
    return [name for (name,) in found]


@pytest.fixture
def apart(project: Project) -> Project:
    """The entry with a role for each tenant, its reader, and two tenants."""
    template = project.root / "schemas" / "tenants"
    template.mkdir(parents=True)
    (template / "001_tables.sql").write_text(TABLES)
    project.write({"qualisys": OWN, "reports": READER})
    project.converge()
    made = project.run("tenant", "add", "-e", "dev", "qualisys", "acme-corp", "globex")
    assert made.code == 0, made.output
    return project
