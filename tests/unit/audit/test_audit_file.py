from __future__ import annotations

import csv
import dataclasses
import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pgtenant.audit import Action, Record, Status, lockfile, open_csv, read_rows
from pgtenant.audit.rows import HEADER, render_rows
from pgtenant.errors import AuditError, ExitCode

RECORD = Record(
    timestamp_utc="2026-01-16T10:30:00Z",
    environment="dev",
    build_id="manual",
    run_id="local-1",
    database="größe",
    username='=u"x',
    action=Action.CREATE_ROLE,
    status=Status.SUCCESS,
    duration_ms=45,
    message='Created, "as declared"\n',
)


def about(message: str) -> Record:
    return dataclasses.replace(RECORD, message=message)


def messages(path: Path) -> list[str]:
    return [row["message"] for row in read_rows(path.read_text())]


def test_a_new_file_gets_its_directories_and_a_header(tmp_path: Path) -> None:
    path = tmp_path / "governance" / "dev" / "audit.csv"
    with open_csv(path) as audit:
        assert path.read_text() == HEADER
        audit.append([])
        assert path.read_text() == HEADER
        audit.append([RECORD, about("second")])
    with open_csv(path) as audit:
        audit.append([about("third")])
    assert path.read_text() == HEADER + render_rows([RECORD, about("second"), about("third")])


def test_an_empty_file_gets_a_header(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    path.touch()
    open_csv(path).close()
    assert path.read_text() == HEADER


def test_a_file_that_a_spreadsheet_saved_is_still_ours(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    path.write_bytes(b"\xef\xbb\xbf" + HEADER.encode().replace(b"\n", b"\r\n"))
    with open_csv(path) as audit:
        audit.append([about("hello")])
    assert messages(path) == ["hello"]


def test_cut_off_at_every_byte_the_next_record_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    whole = (HEADER + render_rows([RECORD, RECORD])).encode()
    last = {name: str(value) for name, value in RECORD.as_dict().items()}
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        with open_csv(path) as audit:
            audit.append([RECORD])
        text = path.read_bytes().decode()
        assert {len(row) for row in csv.reader(text.splitlines())} == {10}, length
        assert read_rows(text)[-1] == last, length
        kept = whole[:length].decode(errors="ignore")  # all but half a character
        assert text.startswith(kept), length


@pytest.mark.parametrize(
    "content", ["a,b,c\n", "x", HEADER.upper(), "\n" + HEADER, "timestamp_utc\n", "\0" * 4096]
)
def test_another_file_is_refused_and_not_touched(tmp_path: Path, content: str) -> None:
    path = tmp_path / "audit.csv"
    path.write_text(content)
    with pytest.raises(AuditError, match="is not an audit file") as caught:
        open_csv(path)
    assert caught.value.exit_code is ExitCode.FAILED
    assert "another path" in caught.value.hint
    assert path.read_text() == content


def test_paths_that_can_not_be_an_audit_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere/audit.csv")
    (tmp_path / "loop").symlink_to("loop")
    for path, expected in [
        (tmp_path / "dangling", "is a link to nowhere/audit.csv, whose directory is not there"),
        (tmp_path / "loop", "Too many levels of symbolic links"),
        (tmp_path, "Is a directory"),
        (tmp_path / "plain" / "audit.csv", "can't be written"),
        (tmp_path / "fifo", "is not a regular file"),
        (Path("/dev/null"), "is not a regular file"),
        (tmp_path / ("x" * 300), "File name too long"),
        (Path("/proc/nowhere/audit.csv"), "can't be written"),
    ]:
        with pytest.raises(AuditError, match=expected) as caught:
            open_csv(path)
        assert "path" in caught.value.hint
        assert "space" not in caught.value.hint
        assert str(path) in caught.value.message


def test_a_file_that_is_replaced_during_a_run_gets_the_next_records(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    with open_csv(path) as audit:
        audit.append([about("first")])
        path.rename(tmp_path / "rotated.csv")
        audit.append([about("second")])
        (tmp_path / "checkout.csv").write_text(HEADER + render_rows([about("checked out")]))
        (tmp_path / "checkout.csv").rename(path)
        audit.append([about("third")])
    assert messages(tmp_path / "rotated.csv") == ["first"]
    assert messages(path) == ["checked out", "third"]


def test_a_file_that_someone_empties_gets_its_header_again(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    with open_csv(path) as audit:
        audit.append([about("first")])
        os.truncate(path, 0)
        audit.append([about("second")])
    assert messages(path) == ["second"]


def test_a_lock_that_is_never_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockfile, "LOCK_WAIT", 0.05)
    path = tmp_path / "audit.csv"
    with open_csv(path) as audit, path.open() as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(AuditError, match="locked by another process"):
            audit.append([RECORD])
        fcntl.flock(other, fcntl.LOCK_UN)
        audit.append([about("afterwards")])
    assert messages(path) == ["afterwards"]


def test_threads_never_interleave(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    with open_csv(path) as audit:

        def work(number: int) -> None:
            for turn in range(20):
                audit.append([about(f"{number} {turn}"), about(f"{number} {turn}")])

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    found = messages(path)
    assert found[::2] == found[1::2]
    assert sorted(found[::2]) == sorted(f"{n} {t}" for n in range(6) for t in range(20))


WRITER = """
import dataclasses, sys
from pathlib import Path
from pgtenant.audit import Action, Record, Status, open_csv
path, number, turns = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
sys.stdin.read()  # all begin together
def record(turn, part):
    return Record(timestamp_utc="2026-01-16T10:30:00Z", environment="dev", build_id="manual",
        run_id=number, database="d", username="u", action=Action.CHECK, status=Status.SUCCESS,
        duration_ms=part, message=f"{turn} " + "x" * 3000)
for turn in range(turns):
    with open_csv(path) as audit:
        audit.append([record(turn, part) for part in range(3)])
"""


def test_processes_never_interleave(tmp_path: Path) -> None:
    path = tmp_path / "new" / "audit.csv"  # made by all of them at the same time
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), str(number), "25"], stdin=subprocess.PIPE
        )
        for number in range(5)
    ]
    for writer in writers:
        assert writer.stdin
        writer.stdin.close()
    assert [writer.wait(120) for writer in writers] == [0] * 5
    text = path.read_text()
    assert text.count(HEADER) == 1
    rows = read_rows(text)
    assert len(rows) == 5 * 25 * 3
    for start in range(0, len(rows), 3):
        block = rows[start : start + 3]
        assert len({(row["run_id"], row["message"]) for row in block}) == 1
        assert [row["duration_ms"] for row in block] == ["0", "1", "2"]


FULL = """
import resource, sys
from pathlib import Path
from pgtenant.audit import read_rows, open_csv
from pgtenant.errors import AuditError
sys.path.insert(0, sys.argv[2])
from test_audit_file import about
path = Path(sys.argv[1])
with open_csv(path) as audit:
    audit.append([about("first")])
    before = path.read_bytes()
    # The file system takes 100 more bytes and not one beyond: a disk that fills up.
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, resource.RLIM_INFINITY))
    try:
        audit.append([about("x" * 200)])
    except AuditError as error:
        print(error.message, "|", error.hint, "|", error.__cause__)
    assert path.read_bytes() == before
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    audit.append([about("after")])
"""


def test_what_a_full_disk_takes_only_half_of_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), str(Path(__file__).parent)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "can't be written: File too large" in done.stdout
    assert "no further change is made" in done.stdout
    assert messages(path) == ["first", "after"]


def test_a_process_that_is_killed_leaves_whole_records(tmp_path: Path) -> None:
    path = tmp_path / "audit.csv"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), "7", "100000"], stdin=subprocess.PIPE
    ) as writer:
        assert writer.stdin
        writer.stdin.close()
        while not path.exists() or path.stat().st_size < 100_000:
            assert writer.poll() is None
        writer.kill()
    with open_csv(path) as audit:  # the lock went with the process
        audit.append([about("next run")])
    assert messages(path)[-1] == "next run"
    assert {len(row) for row in csv.reader(path.read_text().splitlines())} == {10}
