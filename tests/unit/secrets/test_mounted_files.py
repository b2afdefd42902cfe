"""A secret that Kubernetes has mounted: a directory with a file for each field."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from pgtenant.errors import MissingSecretError, SecretError
from pgtenant.secrets.files import FileStore

FIELDS = {"username": "shop", "password": "fake", "host": "db", "port": "5432", "dbname": "shop"}


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """A directory as the kubelet makes it: links to a directory whose name has a date."""
    data = tmp_path / "shop" / "..2026_11_22"
    data.mkdir(parents=True)
    for name, value in (FIELDS | {"jdbc-uri": "not read"}).items():
        (data / name).write_text(value)
        (data / name).chmod(0o440)
        (tmp_path / "shop" / name).symlink_to(data / name)
    return tmp_path


def read(directory: Path, name: str) -> str | SecretError:
    return asyncio.run(FileStore(directory).fetch([name]))[name]


def test_its_fields_are_read(mounted: Path) -> None:
    assert json.loads(str(read(mounted, "shop"))) == FIELDS


def test_a_file_with_all_of_it_comes_first(mounted: Path) -> None:
    (mounted / "shop.json").touch(mode=0o600)
    (mounted / "shop.json").write_text("{}")
    assert read(mounted, "shop") == "{}"


def test_a_field_that_everyone_can_read_is_refused(mounted: Path) -> None:
    (mounted / "shop" / "password").resolve().chmod(0o444)
    refused = read(mounted, "shop")
    assert isinstance(refused, SecretError)
    assert "can be read by every user" in refused.message


def test_one_that_is_not_there_is_missing(mounted: Path) -> None:
    assert isinstance(read(mounted, "other"), MissingSecretError)
