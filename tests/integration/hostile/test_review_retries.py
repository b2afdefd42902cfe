"""Which failures are tried again: never a tenant's own."""

from __future__ import annotations

import pytest

from support.instance import Instance
from support.project import Project
from support.siege import SHOP


@pytest.mark.parametrize("state", ["23505", "55006"])
def test_a_tenants_own_error_is_not_tried_again(
    project: Project, instance: Instance, state: str
) -> None:
    project.write(SHOP | {"shop": {**SHOP["shop"], "initial_schema": "schema.sql"}})
    path = project.root / "schemas" / "schema.sql"
    path.parent.mkdir()
    path.write_text(
        f"DO $$ BEGIN RAISE EXCEPTION 'pg_class and template0' USING ERRCODE = '{state}'; END $$;"
    )
    mark = instance.log_mark()
    applied = project.apply()
    assert applied.code != 0
    assert instance.log_since(mark).count("statement: DO $$ BEGIN RAISE") == 1
