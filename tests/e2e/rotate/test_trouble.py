"""A step that fails: the password so far is in force, and nothing pending is left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from e2e.rotate.shop import in_order, rotate, rotated, stored, unchanged, write_shop
from pgtenant.errors import SecretError, ServerError
from pgtenant.rotation.stages import PENDING
from pgtenant.secrets.file_versions import FileVersions
from pgtenant.usecases.rotate import switch
from support.instance import Instance
from support.processes import holding, until
from support.project import Project


def failed(project: Project, *reasons: str, back: bool = True) -> None:
    before = stored(project)
    result = rotate(project, "shop")
    assert result.code == 1, result.output
    (one,) = result.json["rotation"]
    assert one["state"] == "failed"
    for reason in reasons:
        assert reason in one["reason"]
    assert result.json["records"][-1]["status"] == "error"
    if back:
        assert stored(project) == before
        assert stored(project, stage=PENDING) == {}


@contextlib.contextmanager
def no_room(project: Project) -> Iterator[None]:
    """Have the application use all of its connections."""
    limit = 5  # afterwards there is one for each login of the test, as if no session ever ended
    write_shop(project, connection_limit=limit)
    project.converge()
    until_gone(project)
    with contextlib.ExitStack() as sessions:
        for _ in range(limit):
            sessions.enter_context(project.tenant("shop_user", "shop"))
        yield
    until_gone(project)


def until_gone(project: Project) -> None:
    """Wait until the server has ended the application's sessions."""
    none = "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = 'shop_user')"
    until(project.instance, none, [])


@pytest.mark.every_major
def test_a_login_that_has_no_room(shop: Project) -> None:
    with no_room(shop):
        failed(shop, "could not be proven by a login", "the password so far is in force")
    unchanged(shop)
    rotated(shop, "shop")
    in_order(shop)


def test_a_password_that_is_refused_right_away(
    files: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_: object) -> None:
        raise ServerError("the server refuses it", sqlstate="28P01")

    with monkeypatch.context() as patch:
        patch.setattr(switch, "prove", refuses)
        failed(files, "the server refuses it", "the password so far is in force")
    unchanged(files)


def test_a_statement_that_does_not_get_its_lock(files: Project, instance: Instance) -> None:
    files.settings = {"server": {"lock_timeout": "300ms"}}
    files.write_settings()
    with holding(instance, "SELECT FROM pg_authid WHERE rolname = 'shop_user' FOR UPDATE"):
        failed(files, "setting the password of shop_user")
    unchanged(files)


def test_a_store_that_fails_to_promote(files: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuses(*_: object) -> None:
        raise SecretError("the store is out of order", hint="mend it")

    with monkeypatch.context() as patch:
        patch.setattr(FileVersions, "promote", refuses)
        failed(files, "the store is out of order", "the password so far is in force")
    unchanged(files)
    rotated(files, "shop")
    in_order(files)


def test_a_pending_file_that_is_in_the_way(files: Project) -> None:
    before = stored(files)
    in_the_way = files.secret_path("shop/postgres.pending")
    in_the_way.mkdir()
    failed(files, str(in_the_way), back=False)
    assert stored(files) == before
    unchanged(files)
    in_the_way.rmdir()
    rotated(files, "shop")
    in_order(files)


def test_the_others_are_gone_on_with_when_asked(files: Project) -> None:
    with no_room(files):
        result = rotate(files, "--all")
        assert result.code == 1
        assert [one["state"] for one in result.json["rotation"]] == ["failed", "to_do"]
        result = rotate(files, "--all", "--no-fail-fast")
        assert [one["state"] for one in result.json["rotation"]] == ["failed", "rotated"]
    in_order(files, "shop-ro/postgres")
