"""`pgtenant audit verify`, `head` and `export`, as somebody at a shell uses them."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path

import pytest

from pgtenant.audit.rows import read_rows
from pgtenant.cli import main

from .conftest import SQL, Files


@pytest.fixture(autouse=True)
def _in_the_project(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files.root)
    for name in [name for name in os.environ if name.startswith("PGTENANT_")]:
        monkeypatch.delenv(name)


def audit(*arguments: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["audit", *map(str, arguments)])
    return code, out.getvalue(), err.getvalue()


def test_what_fits(files: Files) -> None:
    files.run("a")
    for source in (["-e", "dev"], [files.journal], [files.csv]):
        code, out, _ = audit("verify", *source)
        assert code == 0
        assert "4 records fit; no published head was given" in out


def test_what_was_edited(files: Files) -> None:
    files.run("a")
    files.journal.write_bytes(files.journal.read_bytes().replace(b"second", b"se\\u0063ond"))
    code, out, _ = audit("verify", "-e", "dev")
    assert code == 1
    assert f"{files.journal.name}: line 3, seq 3: edited: " in out
    for command in (["head"], ["export", "--format", "csv"], ["export", "--format", "json"]):
        code, out, err = audit(*command, "-e", "dev")
        assert (code, out) == (1, "")
        assert "line 3, seq 3: edited" in err


def test_a_csv_that_was_edited(files: Files) -> None:
    files.run("a")
    files.csv.write_text(files.csv.read_text().replace("second", "zweite"))
    code, out, _ = audit("verify", "-e", "dev")
    assert code == 1
    assert f"{files.csv.name}: line 3, seq 3: edited" in out
    files.csv.unlink()
    code, out, _ = audit("verify", "-e", "dev")
    assert code == 0
    assert "there is no CSV" in out


def test_a_published_head(files: Files) -> None:
    files.run("a")
    code, head, _ = audit("head", "-e", "dev")
    assert code == 0
    seq, digest = head.split()
    assert seq == "4"
    published = files.root / "heads.txt"
    published.write_text(head)
    files.run("b")
    published.write_text(published.read_text() + "\n" + audit("head", "-e", "dev")[1])
    for flags in (["--head", digest], ["--head", head.strip()], ["--head-file", published]):
        code, out, _ = audit("verify", "-e", "dev", *flags)
        assert code == 0
        assert "published head(s) are in it" in out
    lines = files.journal.read_bytes().splitlines(keepends=True)
    files.journal.write_bytes(b"".join(lines[:5]))
    files.csv.unlink()
    assert audit("verify", "-e", "dev")[0] == 0  # nothing inside can tell
    code, out, _ = audit("verify", "-e", "dev", "--head-file", published)
    assert code == 1
    assert "line 6, seq 6: truncated: the journal ends at seq 5" in out
    files.journal.unlink()
    code, out, _ = audit("verify", "-e", "dev", "--head", digest)
    assert code == 1
    assert "truncated" in out


def test_a_crash_keeps_no_one_from_the_records_before_it(files: Files) -> None:
    files.run("a")
    with files.journal.open("ab") as file:
        file.write(b'{"cut')
    assert audit("verify", "-e", "dev")[0] == 1
    code, out, err = audit("export", "-e", "dev", "--format", "csv")
    assert code == 0
    assert len(read_rows(out)) == 2
    assert "truncated" in err
    files.run("b")
    code, out, _ = audit("verify", "-e", "dev")
    assert code == 0
    assert "the 5 bytes that were left are kept" in out


def test_export_both_ways(files: Files) -> None:
    files.run("a")
    assert audit("export", "-e", "dev", "--format", "csv")[1] == files.csv.read_text()
    assert audit("export", files.csv, "--format", "csv")[1] == files.csv.read_text()
    assert audit("export", "-e", "dev", "--format", "json")[1] == files.journal.read_text()
    from_csv = [
        json.loads(line) for line in audit("export", files.csv, "--format", "json")[1].splitlines()
    ]
    from_journal = [json.loads(line) for line in files.journal.read_text().splitlines()]
    records = [one for one in from_journal if one["kind"] == "record"]
    assert [one["sql"] for one in records] == [list(SQL)] * 2
    assert [one["entry"] for one in records] == ["größe"] * 2
    assert from_csv == [{name: one[name] for name in from_csv[0]} for one in records]
    assert from_csv[0]["duration_ms"] == 45
    assert from_csv[0]["username"] == '=u"x'
    files.journal.unlink()
    assert audit("export", "-e", "dev", "--format", "csv")[1] == files.csv.read_text()


def test_export_since(files: Files) -> None:
    files.run("a")
    everything = audit("export", "-e", "dev", "--format", "csv", "--since", "2020-01-01")[1]
    assert everything == files.csv.read_text()
    for source in ("dev",), ("dev", "--since", "9999"):
        code, out, _ = audit("export", "--format", "json", "-e", *source)
        assert (code, bool(out)) == (0, source == ("dev",))


def test_a_journal_that_is_gone_and_one_that_was_never_begun(files: Files) -> None:
    code, _, err = audit("verify", "-e", "dev")
    assert code == 64
    assert "there is no journal" in err
    assert "the first `pgtenant apply` begins it" in err
    files.run("a")
    files.journal.unlink()
    code, _, err = audit("verify", "-e", "dev")
    assert code == 64
    assert "the CSV has 2 row(s): it was deleted or moved away" in err
    assert "the first" not in err


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("fifo", "is not a regular file"),
        ("null", "is not a regular file"),
        ("directory", "is a directory"),
        ("dangling", "is a link to nowhere, which is not there"),
        ("loop", "can't be read: Too many levels of symbolic links"),
    ],
)
@pytest.mark.parametrize("which", ["journal", "csv"])
def test_what_is_no_file_is_named_at_once(files: Files, which: str, kind: str, says: str) -> None:
    files.run("a")
    path = files.journal if which == "journal" else files.csv
    path.unlink()
    match kind:
        case "fifo":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case _:
            targets = {"null": "/dev/null", "dangling": "nowhere", "loop": path.name}
            path.symlink_to(targets[kind])
    code, out, err = audit("verify", "-e", "dev")
    assert (code, out) == (64, "")
    assert f"{path.name} {says}" in err


def test_heads_from_a_pipe(files: Files) -> None:
    files.run("a")
    fifo = files.root / "heads"
    os.mkfifo(fifo)
    code, _, err = audit("verify", "-e", "dev", "--head-file", fifo)
    assert code == 64
    assert "is a pipe that nobody writes to" in err
    reading, writing = os.pipe()  # as a shell's `<(…)` is
    os.write(writing, audit("head", "-e", "dev")[1].encode())
    os.close(writing)
    code, out, _ = audit("verify", "-e", "dev", "--head-file", f"/dev/fd/{reading}")
    os.close(reading)
    assert code == 0
    assert "1 published head(s) are in it" in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify"],
        ["verify", "-e", "dev", "governance"],
        ["verify", "-e", "dev"],
        ["verify", "-e", "../etc"],
        ["verify", "missing.csv"],
        ["verify", "/proc/self/mem"],
        ["verify", "-e", "dev", "--head", "abc"],
        ["verify", "-e", "dev", "--head-file", "missing"],
        ["verify", "-e", "dev", "--head-file", "empty"],
        ["head", "-e", "dev"],
        ["export", "-e", "dev"],
        ["export", "-e", "dev", "--format", "csv"],
        ["upload", "-e", "dev"],
        ["upload", "-e", "dev", "--to", "http://bucket"],
    ],
)
def test_wrong_use(files: Files, arguments: list[str]) -> None:
    (files.root / "empty").write_text("\n")
    code, out, err = audit(*arguments)
    assert code == 64
    assert out == ""
    assert "Traceback" not in err
