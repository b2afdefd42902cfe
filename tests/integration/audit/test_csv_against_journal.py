"""What the CSV and the journal tell of each other: crashes, full disks, and hands."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from pgtenant.audit.crosscheck import crosscheck
from pgtenant.audit.reading import read_both
from pgtenant.audit.rows import HEADER, repair
from pgtenant.audit.runs import runs_of, unfinished
from pgtenant.audit.trail import open_trail
from pgtenant.audit.verify import Misfit, Why, verify

from .conftest import Files


def check(files: Files) -> tuple[Misfit | None, tuple[str, ...]]:
    data, text = read_both(files.journal, files.csv)
    verdict = verify(data)
    assert verdict.misfit is None
    assert text is not None
    return crosscheck(verdict.links, text)


def test_both_tell_the_same(files: Files) -> None:
    for run in range(3):
        files.run(f"run-{run}", ["ok", 'quotes ", and\nlines', "=formula", "ok", "x" * 40_000])
    assert check(files) == (None, ())


def test_a_spreadsheet_that_saved_the_csv_changed_nothing(files: Files) -> None:
    files.run("a")
    data = files.csv.read_bytes()
    files.csv.write_bytes(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    files.run("b")
    assert check(files) == (None, ())


def test_rows_from_before_the_journal_are_left_alone(files: Files) -> None:
    files.run("old")
    files.journal.unlink()
    files.run("new")
    misfit, notes = check(files)
    assert misfit is None
    assert notes == ("the CSV begins with 2 rows from before this journal",)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("first", "fairy", Why.EDITED),
        ("grant", "gift", Why.EDITED),
        ("run-b", "run-a", Why.EDITED),
        (",success,", ",blocked,", Why.EDITED),
    ],
)
def test_an_edited_cell_is_named(files: Files, old: str, new: str, why: Why) -> None:
    files.run("run-a")
    files.run("run-b")
    lines = files.csv.read_text().split("\n")
    lines[3] = lines[3].replace(old, new)
    files.csv.write_text("\n".join(lines))
    misfit, _ = check(files)
    assert misfit is not None
    assert (misfit.line, misfit.seq, misfit.why) == (4, 6, why)


@pytest.mark.parametrize("edit", ["edited", "removed", "another order"])
def test_a_header_that_is_another_is_named(files: Files, edit: str) -> None:
    files.run("a")
    header, rows = HEADER.rstrip("\n"), files.csv.read_text().removeprefix(HEADER)
    columns = header.split(",")
    first = {
        "edited": header.replace("status", "state") + "\n",
        "removed": "",
        "another order": ",".join([*columns[1:], columns[0]]) + "\n",
    }
    files.csv.write_text(first[edit] + rows)
    misfit, _ = check(files)
    assert misfit is not None
    assert (misfit.line, misfit.why) == (1, Why.EDITED)
    assert "header" in misfit.message


def test_a_crash_within_the_header_is_no_edit(files: Files) -> None:
    with open_trail(files.csv) as trail:
        asyncio.run(files.recorder(trail, "a").start({}))
    for size in range(len(HEADER)):
        files.csv.write_text(HEADER[:size])
        assert check(files)[0] is None


def test_an_inserted_row_is_named(files: Files) -> None:
    files.run("a")
    row = files.csv.read_text().split("\n")[1]
    with files.csv.open("a") as file:
        file.write(row.replace(",a,", ",z,") + "\n")
    files.run("b")
    misfit, _ = check(files)
    assert misfit is not None
    assert (misfit.line, misfit.why) == (4, Why.INSERTED)


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_removed_row_is_named(files: Files, gone: int) -> None:
    files.run("a", ["one", "two", "three"])
    lines = files.csv.read_text().split("\n")
    del lines[gone]
    files.csv.write_text("\n".join(lines))
    misfit, _ = check(files)
    assert misfit is not None
    assert (misfit.line, misfit.seq, misfit.why) == (0, 1 + gone, Why.REMOVED)


def test_a_row_that_was_torn_at_any_character_is_told_and_no_edit(files: Files) -> None:
    files.run("a", ["one", 'two, "größe"'])
    whole = files.csv.read_text()
    last = whole.rstrip("\n").rpartition("\n")[2]
    start = len(whole) - len(last) - 1
    for size in range(1, len(last)):
        files.csv.write_text(whole[:start] + last[:size] + repair(last[:size]))
        misfit, notes = check(files)
        assert misfit is None, size
        whole_again = files.csv.read_text() == whole  # only the last quote was missing
        assert whole_again or any("only a part" in note for note in notes)


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from conftest import Files, row
from pgtenant.audit.trail import open_trail
files = Files(Path(sys.argv[1]))
with open_trail(files.csv) as trail:
    recorder = files.recorder(trail, "killed")
    asyncio.run(recorder.start({}))
    asyncio.run(recorder.write([row("in both")]))
    trail.csv.append = lambda records: os.kill(os.getpid(), signal.SIGKILL)
    asyncio.run(recorder.write([row("in the journal only")]))
"""


@pytest.mark.parametrize("following", ["next", "killed"])
def test_a_run_that_is_killed_between_the_two_writes(files: Files, following: str) -> None:
    """Also when the next run has its id, as a job that is repeated may."""
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(files.root), here], check=False, timeout=60
    )
    assert done.returncode == -9
    assert "in the journal only" not in files.csv.read_text()
    files.run(following)
    misfit, notes = check(files)
    assert misfit is None
    assert [note for note in notes if "lacks the last 1 records of run killed" in note]
    links = verify(files.journal.read_bytes()).links
    assert list(unfinished(links)) == [1]
    assert [
        note for note in verify(files.journal.read_bytes()).notes if "seq 1) has no end" in note
    ]
    lines = files.csv.read_text().split("\n")
    files.csv.write_text("\n".join([*lines[:-2], ""]))  # the second run's last row
    misfit, _ = check(files)
    assert misfit is not None
    assert (misfit.seq, misfit.why) == (links[-2].seq, Why.REMOVED)


def test_what_a_run_mends_before_it_opens_itself_is_its_own(files: Files) -> None:
    files.run("a")
    with files.journal.open("a") as file:
        file.write('{"cut')
    files.run("a")
    kinds = [
        (start, [link.text("kind") for link in run])
        for start, run in runs_of(verify(files.journal.read_bytes()).links).items()
    ]
    whole = ["run_started", "record", "record", "run_finished"]
    assert kinds == [(1, whole), (6, ["torn", *whole])]


FULL = """
import asyncio, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from conftest import Files, row
from pgtenant.audit.trail import open_trail
from pgtenant.errors import AuditError
files = Files(Path(sys.argv[1]))
with open_trail(files.csv) as trail:
    recorder = files.recorder(trail, "full")
    asyncio.run(recorder.start({}))
    asyncio.run(recorder.write([row("in both")]))
    with files.csv.open("a") as file:  # so that the CSV is the one that meets the limit
        file.write((row_ := files.csv.read_text().split("\\n")[1] + "\\n") * 100)
    size = files.csv.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
    try:
        asyncio.run(recorder.write([row("in the journal only")]))
    except AuditError as error:
        print(error.message)
    recorder.finish(1)
lines = files.csv.read_text().split("\\n")
files.csv.write_text("\\n".join(lines[:2]) + "\\n")
"""


def test_a_disk_that_fills_up_under_the_csv_only(files: Files) -> None:
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(files.root), here],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert "can't be written: File too large" in done.stdout
    assert files.csv.read_text().startswith(HEADER)
    misfit, notes = check(files)
    assert misfit is None  # because the run itself says so at its end
    assert [note for note in notes if "lacks the last 1 records of run full" in note]
    lines = files.csv.read_text().split("\n")
    files.csv.write_text(lines[0] + "\n")  # one more than the run has said
    misfit, _ = check(files)
    assert misfit is not None
    assert misfit.why is Why.REMOVED
