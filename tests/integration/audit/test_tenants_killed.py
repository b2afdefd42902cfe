"""Changes to tenants that are killed between a COMMIT and its record, at every one."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.instance import Instance
from support.project import Project

from .journals import killed_at, planned, recorded, records, settled, sizes

ADD = ("tenant", "add", "-e", "dev", "qualisys", "acme-corp", "globex")
RETIRE = ("tenant", "retire", "-e", "dev", "qualisys", "acme-corp", "globex")


@pytest.fixture
def project(instance: Instance, tmp_path: Path) -> Project:
    project = Project(root=tmp_path, instance=instance)
    template = tmp_path / "schemas" / "tenants"
    template.mkdir(parents=True)
    (template / "1.sql").write_text("CREATE TABLE t (tenant_id uuid PRIMARY KEY)")
    entry = {
        "database_name": "qualisys_master",
        "username": "app_user",
        "tenancy": {"template": "tenants"},
    }
    project.write({"qualisys": entry})
    project.converge()
    return project


def unwritten(project: Project) -> None:
    for path in project.audit.parent.glob("rds_provision_audit*"):
        path.unlink()


def schemas(project: Project) -> set[str]:
    asked = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^(tenant|retired)_'"
    return {name for (name,) in project.instance.su(asked, dbname="qualisys_master")}


@pytest.mark.slow
@pytest.mark.parametrize("command", [ADD, RETIRE])
def test_the_next_run_settles_and_finishes(project: Project, command: tuple[str, ...]) -> None:
    def before() -> None:
        with project.tenant("app_user", "qualisys_master") as app:
            for schema in schemas(project):
                app.execute(f"DROP SCHEMA {schema} CASCADE".encode())
        if command is RETIRE:
            assert project.run(*ADD).code == 0
        unwritten(project)
        project.environ["PGTENANT_RUN_ID"] = "killed"

    before()
    assert project.run(*command).code == 0
    ends, wanted = sizes(project), schemas(project)
    for end in ends:
        before()
        killed = killed_at(project, end, *command)
        project.environ["PGTENANT_RUN_ID"] = "next"
        result = project.run(*command)
        assert result.code == 0, result.output
        assert schemas(project) == wanted
        found = records(project)
        done = [*recorded(found, "killed"), *settled(found, "next"), *recorded(found, "next")]
        assert sorted(done) == sorted(planned(found, "killed")), (end, killed)
        assert project.run("audit", "verify", "-e", "dev").code == 0
        assert "open" not in project.run("audit", "runs", "-e", "dev").out
