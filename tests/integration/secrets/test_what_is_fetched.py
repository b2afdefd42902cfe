"""Whose secrets a command asks for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from pgtenant import settings
from pgtenant.usecases.inputs import load_catalog, load_inputs

ADMIN = {"username": "a", "password": "fake", "host": "h.invalid", "port": 1, "dbname": "d"}
CATALOG = 'application_databases = { shop = { database_name = "shop", username = "shop_user" } }'


class Store:
    """A store that holds the admin's secret alone, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def fetch(self, names: Sequence[str]) -> Mapping[str, str]:
        self.asked += names
        return dict.fromkeys(names, json.dumps(ADMIN))

    def version(self, name: str) -> str:
        return f"version of {name}"

    async def put(self, name: str, text: str) -> None:
        raise AssertionError(name, text)


@pytest.mark.parametrize("passwords", [True, False])
def test_what_looks_at_the_instance_alone_needs_the_admin_s(
    tmp_path: Path, *, passwords: bool
) -> None:
    path = tmp_path / "envs" / "dev-rds" / "terraform.tfvars"
    path.parent.mkdir(parents=True)
    path.write_text(CATALOG)
    found = settings.load(tmp_path, environ={}, overrides={})
    catalog, store = load_catalog(found, "dev", ()), Store()
    admin = found.admin_secret("dev")

    asyncio.run(load_inputs(found, "dev", catalog, store, fail_fast=False, passwords=passwords))
    assert store.asked == [admin, *["goldenpath/dev/shop/postgres"] * passwords]
