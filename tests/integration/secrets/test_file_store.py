from __future__ import annotations

import asyncio
import os
import traceback
from typing import TYPE_CHECKING

import pytest

from pgtenant.errors import SecretError
from pgtenant.secrets import open_store

if TYPE_CHECKING:
    from pathlib import Path

SENTINEL = "sentinel-Pa55word"


def put(project: Path, name: str, text: str | bytes = SENTINEL, mode: int = 0o600) -> Path:
    path = project / ".secrets" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def fetch(project: Path, *names: str) -> dict[str, str | SecretError]:
    store = open_store("file", directory=".secrets", project=project)
    return dict(asyncio.run(store.fetch(names)))


def error(project: Path, name: str) -> SecretError:
    found = fetch(project, name)[name]
    assert isinstance(found, SecretError)
    shown = "".join(traceback.format_exception(found)) + repr(vars(found))
    assert SENTINEL not in shown
    assert found.hint
    return found


def test_secrets_are_files_below_the_projects_directory(tmp_path: Path) -> None:
    put(tmp_path, "goldenpath/dev/keycloak/postgres", "größe")
    put(tmp_path, "flat", "2", mode=0o640)
    assert fetch(tmp_path, "goldenpath/dev/keycloak/postgres", "flat", "flat") == {
        "goldenpath/dev/keycloak/postgres": "größe",
        "flat": "2",
    }
    assert fetch(tmp_path) == {}


def test_an_absolute_directory(tmp_path: Path) -> None:
    put(tmp_path, "flat")
    store = open_store("file", directory=str(tmp_path / ".secrets"), project=tmp_path / "nowhere")
    assert asyncio.run(store.fetch(["flat"])) == {"flat": SENTINEL}


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o666, 0o004, 0o777])
def test_a_file_that_everybody_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = put(tmp_path, "open", mode=mode)
    found = error(tmp_path, "open")
    assert found.message == f"secret open: the file {path} can be read by every user"
    assert found.hint == f"chmod o-rwx '{path}'"


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o440, 0o660, 0o620])
def test_only_the_mode_of_the_file_itself_counts(tmp_path: Path, mode: int) -> None:
    path = put(tmp_path, "private", mode=mode)
    path.parent.chmod(0o777)
    assert fetch(tmp_path, "private") == {"private": SENTINEL}


def test_one_bad_secret_does_not_keep_others_from_being_read(tmp_path: Path) -> None:
    put(tmp_path, "good")
    put(tmp_path, "open", mode=0o644)
    found = fetch(tmp_path, "missing", "good", "open")
    assert found["good"] == SENTINEL
    assert isinstance(found["missing"], SecretError)
    assert isinstance(found["open"], SecretError)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / ".secrets/goldenpath/dev/x/postgres.json"
    found = error(tmp_path, "goldenpath/dev/x/postgres")
    assert found.message == f"secret goldenpath/dev/x/postgres: the file {path} does not exist"


@pytest.mark.parametrize(
    "name",
    ["../outside", "a/../../outside", "/etc/passwd", "", "a//b", "./a", "a/", "a\0b", "a\nb", ".."],
)
def test_names_that_would_leave_the_directory(tmp_path: Path, name: str) -> None:
    put(tmp_path, "../outside")
    put(tmp_path, "a/b")
    assert "would leave the directory" in error(tmp_path, name).message


@pytest.mark.parametrize("mode", [0o602, 0o622])
def test_what_every_user_can_write_is_nobodys_secret(tmp_path: Path, mode: int) -> None:
    path = put(tmp_path, "open", mode=mode)
    found = error(tmp_path, "open")
    assert found.message == f"secret open: the file {path} can be written by every user"
    assert found.hint == f"chmod o-rwx '{path}'"


def test_links_are_followed_as_kubernetes_makes_them(tmp_path: Path) -> None:
    real = put(tmp_path, "..2026_01_16/flat")
    (tmp_path / ".secrets/flat.json").symlink_to(real)
    assert fetch(tmp_path, "flat") == {"flat": SENTINEL}
    real.chmod(0o644)
    assert "can be read by every user" in error(tmp_path, "flat").message


def test_what_is_not_a_readable_text_file(tmp_path: Path) -> None:
    put(tmp_path, "binary", b"\xff" + SENTINEL.encode())
    assert "is not UTF-8 text" in error(tmp_path, "binary").message
    put(tmp_path, "large", SENTINEL * 10_000)
    assert "is larger than 64 KiB" in error(tmp_path, "large").message
    (tmp_path / ".secrets/directory.json").mkdir(mode=0o700)
    assert "can't be read: Is a directory" in error(tmp_path, "directory").message
    os.mkfifo(tmp_path / ".secrets/fifo.json", 0o600)
    assert "is not a regular file" in error(tmp_path, "fifo").message
    (tmp_path / ".secrets/loop.json").symlink_to("loop.json")
    assert "can't be read" in error(tmp_path, "loop").message
    assert "can't be read" in error(tmp_path, "x" * 300).message
    assert "can't be read: Not a directory" in error(tmp_path, "binary.json/x").message
