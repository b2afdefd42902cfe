"""A converged project, and what the analysis finds in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import pytest

from pgtenant import settings
from pgtenant.access import Hole, analyse
from pgtenant.secrets.store import open_store
from pgtenant.usecases.access import read_access
from pgtenant.usecases.inputs import load_catalog, load_inputs
from pgtenant.usecases.look import connected
from support.instance import Instance
from support.project import Project

Analyse: TypeAlias = Callable[[], tuple[Hole, ...]]

ENTRIES: dict[str, dict[str, Any]] = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "orders_rw": {
        "database_name": "orders",
        "username": "orders_editor",
        "access_level": "editor",
    },
    "orders_ro": {
        "database_name": "orders",
        "username": "orders_reader",
        "access_level": "reader",
        "createdb": False,
    },
    "billing": {"database_name": "billing", "username": "billing_user"},
}


@pytest.fixture
def converged(project: Project, instance: Instance) -> Project:
    """Two tenants, the first with an editor, a reader and a table; nothing is open."""
    project.write(ENTRIES)
    project.converge()
    instance.su("REVOKE ALL ON DATABASE platform FROM PUBLIC")
    instance.su("REVOKE ALL ON DATABASE postgres FROM PUBLIC")
    instance.su("REVOKE ALL ON DATABASE template1 FROM PUBLIC")
    with project.tenant("orders_user", "orders") as owner:
        owner.execute("CREATE TABLE t (n int, secret text)")
        owner.execute("CREATE SEQUENCE q")
        owner.execute("CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'")
        owner.execute("CREATE TYPE mood AS ENUM ('good')")
    return project


@pytest.fixture
def holes(converged: Project) -> Analyse:
    """Read the instance as the admin, as `verify` does, and compare it with the catalog."""

    async def found() -> tuple[Hole, ...]:
        loaded = settings.load(converged.root, environ={}, overrides={})
        catalog = load_catalog(loaded, "dev", ())
        store = open_store("file", directory=loaded.secrets.directory, project=loaded.root)
        inputs = await load_inputs(loaded, "dev", catalog, store)
        async with connected(inputs) as instance:
            return analyse(await read_access(instance), inputs.desired)

    return lambda: asyncio.run(found())
