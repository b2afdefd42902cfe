"""Several files, written together or not at all, also when the process dies at any call."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pgtenant.errors import PgtenantError
from pgtenant.together import STAGING, Change, alone, write

BEFORE = {"a.txt": b"old a", "sub/b.txt": b"old b", "new/c.txt": None}
AFTER = {"a.txt": b"new a", "sub/b.txt": b"new b", "new/c.txt": b"new c"}

# Dies, as the kernel would end it, at the n-th call that could change anything on the disk.
DYING = """
import os, signal, sys
from pathlib import Path
from pgtenant.together import Change, alone, write

root, deadly = Path(sys.argv[1]), int(sys.argv[2])
count = 0

def watch(event, arguments):
    global count
    changing = event in {"os.rename", "os.mkdir", "os.remove", "os.rmdir"}
    if event == "open" and isinstance(arguments[2], int):
        changing = arguments[2] & (os.O_CREAT | os.O_WRONLY)
    if changing and str(root) in str(arguments[0]):
        count += 1
        if count == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

changes = [
    Change(root / "a.txt", b"old a", b"new a"),
    Change(root / "sub/b.txt", b"old b", b"new b"),
    Change(root / "new/c.txt", None, b"new c"),
]
sys.addaudithook(watch)
with alone(root):
    write(root, changes)
"""

# Once the first file is in its place, no other can be made, as when the disk is full; with a third
# argument nothing can be renamed from then on either.
FULL = """
import errno, os, sys
from pathlib import Path
from pgtenant.errors import PgtenantError
from pgtenant.together import Change, alone, write

root, broken, full = Path(sys.argv[1]), len(sys.argv) > 2, False

def watch(event, arguments):
    global full
    creates = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
    if full and (creates or event == "os.rename" and broken):
        raise OSError(errno.ENOSPC, "No space left on device", str(arguments[0]))
    full = full or event == "os.rename" and str(arguments[1]).endswith("a.txt")

sys.addaudithook(watch)
changes = [Change(root / "a.txt", b"old a", b"new a"), Change(root / "file/b.txt", None, b"")]
with alone(root):
    try:
        write(root, changes)
    except PgtenantError as error:
        sys.stdout.write(error.hint)
"""


def prepared(root: Path) -> list[Change]:
    (root / "sub").mkdir()
    for name, data in BEFORE.items():
        if data is not None:
            (root / name).write_bytes(data)
    return [Change(root / name, BEFORE[name], data) for name, data in AFTER.items()]


def there(root: Path) -> dict[str, bytes | None]:
    paths = {name: root / name for name in BEFORE}
    return {name: path.read_bytes() if path.exists() else None for name, path in paths.items()}


def test_all_are_written_and_modes_stay(tmp_path: Path) -> None:
    changes = prepared(tmp_path)
    (tmp_path / "a.txt").chmod(0o640)
    with alone(tmp_path):
        write(tmp_path, changes)
    assert there(tmp_path) == AFTER
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640
    assert not (tmp_path / STAGING).exists()


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_bytes(b"old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    with alone(tmp_path):
        write(tmp_path, [Change(tmp_path / "link.txt", b"old", b"new")])
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_bytes() == b"new"


def test_none_is_written_when_one_can_not_be(tmp_path: Path) -> None:
    changes = prepared(tmp_path)
    (tmp_path / "new").write_bytes(b"a file where a directory is to be")
    with alone(tmp_path), pytest.raises(PgtenantError, match="can't be written"):
        write(tmp_path, changes)
    (tmp_path / "new").unlink()
    assert there(tmp_path) == BEFORE
    assert not (tmp_path / STAGING).exists()


@pytest.mark.slow
def test_whoever_comes_after_a_kill_finds_all_or_nothing(tmp_path: Path) -> None:
    outcomes = set()
    for deadly in range(1, 100):
        root = tmp_path / str(deadly)
        root.mkdir()
        prepared(root)
        command = [sys.executable, "-c", DYING, str(root), str(deadly)]
        code = subprocess.run(command, check=False, env=os.environ).returncode
        with alone(root):
            pass
        assert there(root) in (BEFORE, AFTER)
        assert not (root / STAGING).exists()
        outcomes.add(there(root) == AFTER)
        if code == 0:
            break
        assert code == -signal.SIGKILL
    else:
        pytest.fail("it never came to its end")
    assert outcomes == {True, False}


@pytest.mark.slow
def test_what_was_changed_since_a_kill_is_not_overwritten(tmp_path: Path) -> None:
    prepared(tmp_path)
    for deadly in range(1, 100):
        subprocess.run(
            [sys.executable, "-c", DYING, str(tmp_path), str(deadly)], check=False, env=os.environ
        )
        if (tmp_path / STAGING / "journal.json").exists():
            break
        with alone(tmp_path):
            pass
    (tmp_path / "a.txt").write_bytes(b"by hand")
    with pytest.raises(PgtenantError, match=r"a\.txt was changed since"), alone(tmp_path):
        pass
    assert (tmp_path / "a.txt").read_bytes() == b"by hand"
    assert (tmp_path / STAGING / "new-0").read_bytes() == b"new a"


@pytest.mark.parametrize("broken", [False, True])
def test_what_was_renamed_is_taken_back_on_a_full_disk_too(broken: bool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old a")
    (tmp_path / "file").write_bytes(b"where a directory is to be")
    command = [sys.executable, "-c", FULL, str(tmp_path), *["broken"] * broken]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert ("no file is different" in said) is not broken
    assert ("may be different" in said) is broken
    assert (tmp_path / "a.txt").read_bytes() == (b"new a" if broken else b"old a")
    assert (tmp_path / STAGING).exists() is broken


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def left_by_somebody(root: Path, journal: Any, staged: bytes = b"theirs") -> None:
    (root / STAGING).mkdir(parents=True)
    (root / STAGING / "new-0").write_bytes(staged)
    (root / STAGING / "journal.json").write_text(json.dumps(journal))


def step(path: str, before: bytes | None = b"ours") -> dict[str, Any]:
    known = None if before is None else digest(before)
    return {"path": path, "before": known, "after": digest(b"theirs")}


@pytest.mark.parametrize("variable", ["", "GIT_DIR", "GIT_LITERAL_PATHSPECS"])
def test_what_a_commit_has_brought_along_is_not_finished(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    root = tmp_path / "project"
    left_by_somebody(root, {"undo": False, "steps": [step("a.txt")]})
    (root / "a.txt").write_bytes(b"ours")
    subprocess.run(["git", "add", "--force", "."], cwd=root, check=True)
    with monkeypatch.context() as patch:
        if variable:
            patch.setenv(variable, "1")
        with pytest.raises(PgtenantError, match="is in git"), alone(root):
            pass
    assert (root / "a.txt").read_bytes() == b"ours"
    subprocess.run(["git", "rm", "--quiet", "-r", "--cached", STAGING], cwd=root, check=True)
    with alone(root):  # as after a kill
        pass
    assert (root / "a.txt").read_bytes() == b"theirs"
    (root / STAGING).mkdir()
    (tmp_path / ".git/HEAD").write_text("")
    with pytest.raises(PgtenantError, match="git can't say"), alone(root):
        pass


@pytest.mark.parametrize(
    "path", ["../outside.txt", "sub/../../outside.txt", "link.txt", "away/outside.txt", ".", "/"]
)
def test_a_journal_leads_nowhere_else(path: str, tmp_path: Path) -> None:
    root = tmp_path / "project"
    outside = tmp_path / "outside.txt"
    left_by_somebody(root, {"undo": False, "steps": [step(path)]})
    outside.write_bytes(b"ours")
    (root / "link.txt").symlink_to(outside)
    (root / "away").symlink_to(tmp_path)
    with pytest.raises(PgtenantError, match="is no place in"), alone(root):
        pass
    assert outside.read_bytes() == b"ours"


@pytest.mark.parametrize("path", [".git/hooks/x", ".GIT/config", "sub/.git/config"])
def test_a_journal_writes_nothing_of_git(path: str, tmp_path: Path) -> None:
    left_by_somebody(tmp_path, {"undo": False, "steps": [step(path, None)]})
    with pytest.raises(PgtenantError, match="is no place in"), alone(tmp_path):
        pass
    assert not (tmp_path / path).exists()


@pytest.mark.parametrize(
    "journal",
    [
        [],
        5,
        {"undo": False, "steps": 5},
        {"undo": 0, "steps": []},
        {"undo": False, "steps": [{"path": 5, "before": None, "after": None}]},
        {"undo": False, "steps": [["path"]]},
    ],
)
def test_a_journal_of_another_shape_is_told(journal: Any, tmp_path: Path) -> None:
    left_by_somebody(tmp_path, journal)
    with pytest.raises(PgtenantError, match=r"journal\.json"), alone(tmp_path):
        pass


def test_a_journal_without_what_it_speaks_of_is_told(tmp_path: Path) -> None:
    left_by_somebody(tmp_path, {"undo": False, "steps": [step("a.txt")]}, staged=b"other")
    (tmp_path / "a.txt").write_bytes(b"ours")
    with pytest.raises(PgtenantError, match="was changed since"), alone(tmp_path):
        pass
    assert (tmp_path / "a.txt").read_bytes() == b"ours"
