"""Adoptions and bootstraps that are killed between a COMMIT and its record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgtenant.audit.journal import journal_path
from support.instance import Instance
from support.project import Project
from support.siege import SHOP

from .journals import killed_at, planned, recorded, records, settled, sizes


@pytest.fixture
def project(instance: Instance, tmp_path: Path) -> Project:
    project = Project(root=tmp_path, instance=instance)
    project.environ["PGTENANT_RUN_ID"] = "killed"
    project.write(SHOP)
    return project


def unwritten(project: Project) -> None:
    for path in (project.audit, journal_path(project.audit)):
        path.unlink()


def test_an_apply_settles_an_adoption(project: Project, instance: Instance) -> None:
    def unmark() -> None:
        for role in ("shop_user", "shop_reader"):
            instance.su(f"COMMENT ON ROLE {role} IS NULL")
        unwritten(project)

    project.converge()
    unmark()
    adopting = ("adopt", "-e", "dev", "--all")
    assert project.run(*adopting).code == 0
    end = sizes(project)[0]
    unmark()
    assert killed_at(project, end, *adopting)
    project.environ["PGTENANT_RUN_ID"] = "adopted"
    assert project.run(*adopting).code == 0
    assert "no end, 1 planned change(s) open" in project.run("audit", "runs", "-e", "dev").out
    project.converge("--run-id", "next")
    found = records(project)
    assert recorded(found, "killed") == []
    done = settled(found, "next") + recorded(found, "adopted")
    assert sorted(done) == sorted(planned(found, "killed"))
    assert len(settled(found, "next")) == 1
    listed = project.run("audit", "runs", "-e", "dev").out
    assert "no end, settled by run next\n" in listed
    assert project.run("audit", "verify", "-e", "dev").code == 0


def test_a_bootstrap_settles_a_bootstrap(project: Project, instance: Instance) -> None:
    bootstrap = ("bootstrap", "-e", "dev")
    assert project.run(*bootstrap).code == 0
    end = sizes(project)[0]
    instance.su("DROP OWNED BY pgtenant_admin", dbname="platform")
    instance.su("DROP ROLE pgtenant_admin")
    project.secret_path("rds/provisioner").unlink()
    unwritten(project)
    assert killed_at(project, end, *bootstrap)  # the secret is stored, and nothing else is done
    project.environ["PGTENANT_RUN_ID"] = "next"
    assert project.run(*bootstrap).code == 0
    found = records(project)
    assert recorded(found, "killed") == []
    (stored,) = settled(found, "next")
    assert stored == planned(found, "killed")[0]
    done = [stored, *recorded(found, "next")]
    assert sorted(done) == sorted(planned(found, "killed"))
    assert project.audit_rows()[0]["action"] == "store_secret"
    assert project.run("audit", "verify", "-e", "dev").code == 0


@pytest.mark.slow
def test_an_apply_settles_sessions_that_were_ended(project: Project, instance: Instance) -> None:
    terminate = ("verify", "instance", "-e", "dev", "--terminate", "--yes")

    def left_behind() -> psycopg.Connection[Any]:
        instance.su("GRANT CONNECT ON DATABASE billing TO shop_user")
        session = project.tenant("shop_user", "billing")
        instance.su("REVOKE CONNECT ON DATABASE billing FROM shop_user")
        return session

    instance.su("CREATE DATABASE billing")
    instance.su("REVOKE ALL ON DATABASE billing FROM PUBLIC")
    project.converge()
    unwritten(project)
    project.environ["PGTENANT_RUN_ID"] = "killed"
    with left_behind():
        assert project.run(*terminate).code == 0
    found = records(project)
    assert recorded(found, "killed") == planned(found, "killed") != []
    assert project.run("audit", "verify", "-e", "dev").code == 0
    end = sizes(project)[0]
    unwritten(project)
    with left_behind() as session:
        assert killed_at(project, end + 2, *terminate)
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    project.converge("--run-id", "next")
    found = records(project)
    assert recorded(found, "killed") == []
    assert settled(found, "next") == planned(found, "killed") != []
    said = [r["message"] for r in project.audit_rows() if r["action"] == "end_session"]
    assert len(said) == 1
    assert "a session that is gone does not say who ended it" in said[0]
    assert project.run("audit", "verify", "-e", "dev").code == 0
