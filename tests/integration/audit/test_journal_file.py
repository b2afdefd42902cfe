"""The journal stays one chain: many writers, killed ones, full disks, torn lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgtenant.audit import lockfile
from pgtenant.audit.chain import Kind, seal
from pgtenant.audit.journal import JournalFile, open_journal
from pgtenant.audit.verify import verify
from pgtenant.errors import AuditError
from pgtenant.secrets.secret import Secret

ONE = {"kind": "record", "run_id": "1", "timestamp_utc": "2026-01-16T10:30:00Z", "message": "ö"}


def append(path: Path, *messages: str) -> None:
    with open_journal(path) as journal:
        journal.append([{**ONE, "message": message} for message in messages])


def test_records_follow_each_other_over_runs(tmp_path: Path) -> None:
    path = tmp_path / "new" / "audit.journal.jsonl"
    append(path, "first", "second")
    append(path)
    append(path, "third")
    verdict = verify(path.read_bytes())
    assert verdict.misfit is None
    assert [link.text("message") for link in verdict.links] == ["first", "second", "third"]


def test_cut_off_at_every_byte_the_chain_goes_on_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "audit.journal.jsonl"
    append(path, "first", "größe" * 10)
    whole = path.read_bytes()
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        append(path, "next run")
        verdict = verify(path.read_bytes())
        assert verdict.misfit is None, size
        assert verdict.links[-1].text("message") == "next run"
        rest = whole[:size].rpartition(b"\n")[2]
        kept = [one for one in verdict.links if one.text("kind") == Kind.TORN]
        assert [one.text("fragment").encode() for one in kept] == ([rest] if rest else [])
        assert len(verdict.notes) == len(kept)


def test_a_fragment_of_any_bytes_is_kept_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "audit.journal.jsonl"
    append(path, "first")
    rest = bytes(range(256)).replace(b"\n", b"") * 700  # beyond a block
    with path.open("ab") as file:
        file.write(rest)
    append(path, "second")
    links = verify(path.read_bytes()).links
    assert links[1].text("fragment").encode("utf-8", "surrogateescape") == rest
    assert links[1].members["bytes"] == len(rest)
    append(path, "x" * 200_000)
    append(path, "after a long line")
    assert verify(path.read_bytes()).misfit is None


@pytest.mark.parametrize("content", [b"x", b"a,b\n", b"{}\n", b"\n", b"\0\n"])
def test_what_can_not_be_continued_is_refused_and_not_touched(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "audit.journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(AuditError, match="can't be continued") as caught:
        open_journal(path)
    assert "pgtenant audit verify" in caught.value.hint
    assert path.read_bytes() == content


def test_a_forged_last_record_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.journal.jsonl"
    append(path, "first")
    path.write_bytes(path.read_bytes().replace(b"first", b"other"))
    with pytest.raises(AuditError, match="can't be continued"):
        append(path, "second")


def test_a_secret_never_reaches_the_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.journal.jsonl"
    append(path, "first")
    before = path.read_bytes()
    with open_journal(path) as journal:
        for members in ({"sql": [Secret("fake")]}, {"entry": Secret("fake")}):
            with pytest.raises(TypeError):
                journal.append([ONE, members])
        assert path.read_bytes() == before
        journal.append([ONE])
    assert verify(path.read_bytes()).misfit is None


def test_a_lock_that_is_never_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockfile, "LOCK_WAIT", 0.05)
    path = tmp_path / "audit.journal.jsonl"
    refused = pytest.raises(AuditError, match="is locked by another process")
    with open_journal(path) as journal, JournalFile(path) as other, other.locked(), refused:
        journal.append([ONE])


WRITER = """
import sys
from pathlib import Path
from pgtenant.audit.journal import open_journal
path, number, turns = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
sys.stdin.read()  # all begin together
for turn in range(turns):
    with open_journal(path) as journal:
        journal.append([{"run_id": number, "turn": turn, "part": part, "x": "x" * 3000}
            for part in range(3)])
"""


def writer(path: Path, number: int, turns: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", WRITER, str(path), str(number), str(turns)]
    return subprocess.Popen(command, stdin=subprocess.PIPE)


def start(writers: list[subprocess.Popen[bytes]]) -> None:
    for one in writers:
        assert one.stdin
        one.stdin.close()


def test_processes_keep_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "new" / "audit.journal.jsonl"  # made by all of them at the same time
    writers = [writer(path, number, 25) for number in range(4)]
    start(writers)
    assert [one.wait(120) for one in writers] == [0] * 4
    verdict = verify(path.read_bytes())
    assert verdict.misfit is None
    assert len(verdict.links) == 4 * 25 * 3
    for number in range(4):
        mine = [one.members for one in verdict.links if one.text("run_id") == str(number)]
        assert [(m["turn"], m["part"]) for m in mine] == [
            (t, p) for t in range(25) for p in range(3)
        ]


def test_killed_processes_leave_a_chain_that_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.journal.jsonl"
    for round_ in range(1, 6):
        writers = [writer(path, number, 100_000) for number in range(2)]
        start(writers)
        while not path.exists() or path.stat().st_size < round_ * 100_000:
            assert all(one.poll() is None for one in writers)
        for one in writers:
            one.kill()
            one.wait()
        append(path, f"after {round_}")
        verdict = verify(path.read_bytes())
        assert verdict.misfit is None
        assert verdict.links[-1].text("message") == f"after {round_}"


FULL = """
import resource, sys
from pathlib import Path
from pgtenant.audit.journal import open_journal
from pgtenant.errors import AuditError
path, torn = Path(sys.argv[1]), sys.argv[2].encode()
with open_journal(path) as journal:
    journal.append([{"message": "first"}])
    with path.open("ab") as file:
        file.write(torn)
    before = path.read_bytes()
    # The file system takes 100 more bytes and not one beyond: a disk that fills up.
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, resource.RLIM_INFINITY))
    try:
        journal.append([{"message": "x" * 500}])
    except AuditError as error:
        print(error.message, "|", error.hint, "|", error.__cause__)
    assert path.read_bytes() == before
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.append([{"message": "after"}])
"""


@pytest.mark.parametrize("torn", ["", '{"cut off'])
def test_what_a_full_disk_takes_only_half_of_is_taken_back(tmp_path: Path, torn: str) -> None:
    path = tmp_path / "audit.journal.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(path), torn], check=True, capture_output=True, text=True
    )
    assert f"the journal {path} can't be written: File too large" in done.stdout
    assert "no further change is made" in done.stdout
    verdict = verify(path.read_bytes())
    assert verdict.misfit is None
    messages = [one.text("message") or one.text("fragment") for one in verdict.links]
    assert messages == ["first", *([torn] if torn else []), "after"]


def test_a_file_that_is_replaced_is_continued(tmp_path: Path) -> None:
    path, other = tmp_path / "audit.journal.jsonl", tmp_path / "checkout.jsonl"
    with open_journal(path) as journal:
        journal.append([ONE])
        other.write_bytes(seal({"message": "checked out"}, seq=1, previous="0" * 64).line)
        os.rename(other, path)  # noqa: PTH104
        journal.append([ONE])
    verdict = verify(path.read_bytes())
    assert verdict.misfit is None
    assert verdict.links[0].text("message") == "checked out"
