"""`pgtenant init` in real directories."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pgtenant.cli import main
from pgtenant.platform.directory import write
from pgtenant.platform.layout import layout
from pgtenant.platform.options import check_options

PATHS = [file.path for file in layout(check_options({}))]


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


def times(root: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in root.rglob("*")}


def test_a_second_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "new" / "repository"
    assert main(["init", str(root)]) == 0
    assert f"{len(PATHS)} files laid out" in capsys.readouterr().out
    assert sorted(tree(root)) == sorted(map(str, PATHS))
    before = times(root)
    assert main(["init", str(root)]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert times(root) == before


def test_no_git_and_no_other_program_is_run(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "seen = []\n"
        "sys.addaudithook(lambda event, args: seen.append(event))\n"
        "from pgtenant.cli import main\n"
        f"code = main(['init', {str(tmp_path / 'new')!r}])\n"
        "bad = {'subprocess.Popen', 'os.exec', 'os.posix_spawn', 'os.fork', 'socket.connect'}\n"
        "sys.exit(code or len(bad & set(seen)))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "new" / ".git").exists()


def test_a_new_git_repository_is_no_hindrance(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "pgtenant.toml").exists()


def test_what_an_interrupted_run_left_is_completed(tmp_path: Path) -> None:
    write(tmp_path, layout(check_options({}))[:7])
    assert main(["init", str(tmp_path)]) == 0
    assert sorted(tree(tmp_path)) == sorted(map(str, PATHS))


@pytest.mark.parametrize("number", [7, len(PATHS)])
def test_what_a_killed_run_left_half_written_is_deleted(number: int, tmp_path: Path) -> None:
    write(tmp_path, layout(check_options({}))[:number])
    for directory in (tmp_path, tmp_path / ".github" / "scripts"):
        (directory / ".pgtenant-init.x1y2").write_text("hal")
    assert main(["init", str(tmp_path)]) == 0
    assert sorted(tree(tmp_path)) == sorted(map(str, PATHS))


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    assert main(["init", str(tmp_path / "new")]) == 0
    assert sorted(tree(tmp_path / "new")) == sorted(map(str, PATHS))
    mine = tmp_path / "pgtenant.toml"
    mine.write_text("mine\n")
    with pytest.raises(Exception, match=r"pgtenant\.toml can't be written"):
        write(tmp_path, layout(check_options({})))
    assert mine.read_text() == "mine\n"


def test_a_directory_with_anything_else_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("mine\n")
    assert main(["init", str(tmp_path)]) == 64
    assert "thesis.txt" in capsys.readouterr().err
    assert sorted(tree(tmp_path)) == ["thesis.txt"]


def test_a_repository_in_use_is_complete_and_left_alone(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path)]) == 0
    (tmp_path / "governance" / "dev").mkdir(parents=True)
    (tmp_path / "notes.md").write_text("ours\n")
    assert main(["init", str(tmp_path)]) == 0


def _edit(root: Path) -> None:
    (root / "envs/dev-rds/terraform.tfvars").write_text("application_databases = { mine = {} }\n")


def _make_a_directory(root: Path) -> None:
    (root / "envs/dev-rds/terraform.tfvars").unlink()
    (root / "envs/dev-rds/terraform.tfvars").mkdir()


def _link_the_file(root: Path) -> None:
    target = root / "envs/dev-rds/terraform.tfvars"
    target.rename(root.parent / "elsewhere.tfvars")
    target.symlink_to(root.parent / "elsewhere.tfvars")


def _link_a_directory(root: Path) -> None:
    (root / "envs").rename(root.parent / "envs")
    (root / "envs").symlink_to(root.parent / "envs")


def _make_executable(root: Path) -> None:
    (root / "envs/dev-rds/terraform.tfvars").chmod(0o755)


@pytest.mark.parametrize(
    "change", [_edit, _make_a_directory, _link_the_file, _link_a_directory, _make_executable]
)
def test_what_differs_is_named_and_kept(
    change: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "repository"
    assert main(["init", str(root)]) == 0
    (root / "README.md").unlink()
    change(root)
    before = tree(root)
    assert main(["init", str(root)]) == 64
    said = capsys.readouterr().err
    assert "envs/dev-rds/terraform.tfvars" in said
    assert "overwrites nothing" in said
    assert tree(root) == before


def test_other_options_are_other_files(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path)]) == 0
    before = tree(tmp_path)
    assert main(["init", str(tmp_path), "--prefix", "acme"]) == 64
    assert tree(tmp_path) == before


def test_a_hostile_prefix_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", str(tmp_path / "new"), "--prefix", 'x"; drop role y; --']) == 64
    assert "--prefix" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_modes_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        assert main(["init", str(tmp_path / "new")]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new" / "pgtenant.toml").stat().st_mode) == 0o640
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").rglob("*.tf")} == {
        0o640
    }


def test_a_file_where_the_directory_should_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("")
    assert main(["init", str(tmp_path / "taken")]) == 64
    assert main(["init", str(tmp_path / "taken" / "below")]) == 1
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["\udcff", "a\nb", "ünï cödé"])
def test_odd_directory_names(name: str, tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / name)]) == 0
    assert (tmp_path / name / "pgtenant.toml").exists()


def test_nobody_else_is_overwritten_in_between(tmp_path: Path) -> None:
    files = layout(check_options({}))
    (tmp_path / "pgtenant.toml").write_text("mine\n")
    with pytest.raises(Exception, match=r"pgtenant\.toml can't be written"):
        write(tmp_path, files)
    assert (tmp_path / "pgtenant.toml").read_text() == "mine\n"
    assert not list(tmp_path.rglob(".pgtenant-init.*"))
