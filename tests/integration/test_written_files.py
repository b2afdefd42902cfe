"""What is written to a path that somebody names: in one piece, or into what is there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pgtenant.files import replace_given


def test_a_file_is_replaced_in_one_piece_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    replace_given(path, b"one")
    path.chmod(0o640)
    with path.open("rb") as before:
        replace_given(path, b"two")
        assert before.read() == b"one"  # who reads it sees the whole old one
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    link = tmp_path / "latest.html"
    link.symlink_to(tmp_path / "there" / "report.html")
    replace_given(link, b"page")
    assert link.is_symlink()
    assert (tmp_path / "there" / "report.html").read_bytes() == b"page"


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(b"one")
    with pytest.raises(OSError, match="No space left"):
        replace_given(Path("/dev/full"), b"two")
    with pytest.raises(FileNotFoundError):
        replace_given(tmp_path / "no" / "report.html", b"two")
    with pytest.raises(IsADirectoryError):
        replace_given(tmp_path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_into_when_somebody_reads(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(OSError, match="nobody reads from this pipe"):
        replace_given(path, b"page")
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    replace_given(path, b"page")
    assert os.read(reader, 100) == b"page"
    os.close(reader)
    assert stat.S_ISFIFO(path.stat().st_mode)
