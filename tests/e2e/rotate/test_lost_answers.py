"""A promotion that ends with an error: what the store says now is in force."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.rotate.shop import (
    admitted,
    in_order,
    refused,
    rotate,
    rotated,
    stored,
    unchanged,
    write_shop,
)
from pgtenant.errors import SecretError
from pgtenant.rotation.stages import PREVIOUS, Versions
from pgtenant.secrets import file_versions
from pgtenant.secrets.file_versions import FileVersions
from support.project import Project

ADMIN = "rds/master"
_promote, _versions = FileVersions.promote, FileVersions.versions


async def _answer_is_lost(*arguments: Any) -> None:
    await _promote(*arguments)
    raise SecretError("the answer was lost")


@pytest.mark.parametrize("rotation", ["single", "alternate"])
def test_done_all_the_same(files: Project, monkeypatch: pytest.MonkeyPatch, rotation: str) -> None:
    write_shop(files, rotation=rotation)
    files.converge()
    before = stored(files)
    with monkeypatch.context() as patch:
        patch.setattr(FileVersions, "promote", _answer_is_lost)
        rotated(files, "shop")
    assert in_order(files)["password"] != before["password"]


def test_done_all_the_same_for_the_admin(files: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise OSError(5, "Input/output error")

    before = stored(files, ADMIN)
    with monkeypatch.context() as patch:
        patch.setattr(file_versions, "sync_directory", fails)
        result = rotate(files, "--admin")
    assert result.code == 1
    assert "Input/output error" in result.err
    refused(files, before)
    admitted(files, stored(files, ADMIN))
    rotated(files, "--admin")
    in_order(files, ADMIN)


@pytest.mark.parametrize("done", [True, False])
def test_nobody_can_say(files: Project, monkeypatch: pytest.MonkeyPatch, *, done: bool) -> None:
    asked = False

    async def promote(*arguments: Any) -> None:
        nonlocal asked
        if done:
            await _promote(*arguments)
        asked = True
        raise SecretError("the answer was lost")

    async def versions(*arguments: Any) -> Versions:
        if asked:
            raise SecretError("there is no way to the store")
        return await _versions(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(FileVersions, "promote", promote)
        patch.setattr(FileVersions, "versions", versions)
        result = rotate(files, "shop")
    (one,) = result.json["rotation"]
    assert (
        "no way to the store. The server has its password, and nothing was taken back"
        in (one["reason"])
    )
    rotated(files, "shop")
    in_order(files)


def test_another_version_came_between(files: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    path = files.secret_path("shop/postgres")

    async def promote(*_: object) -> None:
        text = path.read_text()
        path.unlink()
        path.touch(mode=0o600)
        path.write_text(text)
        raise SecretError("another one came between")

    with monkeypatch.context() as patch:
        patch.setattr(FileVersions, "promote", promote)
        result = rotate(files, "shop")
    assert "another version has become current" in result.json["rotation"][0]["reason"]
    files.converge()
    admitted(files, stored(files))
    unchanged(files)
    rotated(files, "shop")
    in_order(files)


def test_an_admin_whose_previous_password_is_in_force(files: Project) -> None:
    rotated(files, "--admin")
    former = stored(files, ADMIN)
    rotated(files, "--admin")
    last = stored(files, ADMIN)
    files.instance.su(f"ALTER ROLE {former['username']} PASSWORD '{former['password']}'")
    refused(files, last)
    assert stored(files, ADMIN, PREVIOUS) == former
    rotated(files, "--admin")
    assert in_order(files, ADMIN)["password"] not in {former["password"], last["password"]}


def test_an_admin_with_no_password_that_logs_in(files: Project) -> None:
    rotated(files, "--admin")
    files.instance.su(f"ALTER ROLE {stored(files, ADMIN)['username']} PASSWORD 'fake-other'")
    result = rotate(files, "--admin")
    assert result.code == 1
    assert "no version that is AWSPREVIOUS logs in either" in result.err
