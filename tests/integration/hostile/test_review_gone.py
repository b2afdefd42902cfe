"""An owner drops its own undeclared database while a run is about to close it."""

from __future__ import annotations

from typing import Any

import pytest

from pgtenant.postgres import execute
from pgtenant.usecases import work
from support.instance import Instance
from support.project import Project
from support.siege import SHOP, as_tenant


@pytest.mark.parametrize(
    "how", ["DROP DATABASE scratch_b", "ALTER DATABASE scratch_b RENAME TO scratch_x"]
)
def test_a_database_that_is_gone_needs_no_closing(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    project.write({**SHOP, "shop": {**SHOP["shop"], "createdb": True}})
    project.converge()
    for name in ("scratch_a", "scratch_b", "scratch_c"):
        as_tenant(instance, "shop_user", "shop", f"CREATE DATABASE {name}")
    really = execute.run
    done: list[object] = []

    async def run(*arguments: Any, **options: Any) -> None:
        if not done:
            done.append(as_tenant(instance, "shop_user", "shop", how))
        await really(*arguments, **options)

    monkeypatch.setattr(work, "run", run)
    project.converge()
    assert done
    acls = instance.su(
        "SELECT datacl::text FROM pg_database WHERE datname IN ('scratch_a', 'scratch_c')"
    )
    assert all("{=" not in acl for (acl,) in acls)
    statuses = {row["status"] for row in project.audit_rows()}
    assert "error" not in {status.lower() for status in statuses}
