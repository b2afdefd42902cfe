"""`pgtenant audit collect`: from what a Job printed, the audit that its files would have been."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pgtenant.audit.chain import Link, seal
from pgtenant.audit.origin import originals
from pgtenant.audit.rows import read_rows
from pgtenant.audit.verify import verify
from pgtenant.audit.wire import to_lines
from pgtenant.cli import main

from .conftest import Files

POD = "[pod/rds-provision-dev-12-x8k2p/pgtenant] 2026-01-16T10:30:00.123456789Z "


@pytest.fixture(autouse=True)
def _in_the_project(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files.root)
    for name in [name for name in os.environ if name.startswith("PGTENANT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def job(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of a pod."""
    return Files(tmp_path_factory.mktemp("job"))


def run(*arguments: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*map(str, arguments)])
    return code, out.getvalue(), err.getvalue()


def collect(lines: Sequence[str], *arguments: str) -> tuple[int, str, str]:
    Path("job.log").write_text("".join(f"{line}\n" for line in lines))
    return run("audit", "collect", "-e", "dev", "job.log", *arguments)


def links(files: Files) -> tuple[Link, ...]:
    verdict = verify(files.journal.read_bytes())
    assert verdict.misfit is None
    return verdict.links


def printed(files: Files) -> list[str]:
    """The journal's lines in the log of a pod, between others."""
    log = ["Plan for dev", '{"event": "audit", "message": "no journal"}']
    for link in links(files):
        log += [*to_lines(link), "  shop  role created"]
    return log


def kinds(files: Files) -> list[str]:
    return [link.text("kind") for link in links(files)]


def apart(files: Files) -> list[Path]:
    return [*files.csv.parent.glob("*.apart-*")]


def test_a_whole_log(files: Files, job: Files) -> None:
    job.run("a")
    code, out, err = collect(printed(job))
    assert (code, err) == (0, "")
    assert "run a (): 2 rows, exit code 0" in out
    assert "5 records fit\nhead: 5 " in out
    assert files.csv.read_text() == job.csv.read_text()
    assert kinds(files) == ["collected", *kinds(job)]
    first, *_ = links(files)
    assert first.members["command"] == "audit collect"
    assert first.members["no_end"] == []
    assert [was for was, _ in originals(links(files))] == [*links(job)]
    assert run("audit", "verify", "-e", "dev")[0] == 0


def test_the_same_log_again_changes_nothing(files: Files, job: Files) -> None:
    job.run("a")
    collect(printed(job))
    before = files.csv.read_bytes(), files.journal.read_bytes()
    assert collect(printed(job))[0] == 0
    assert collect([*printed(job), *printed(job)])[0] == 0
    assert (files.csv.read_bytes(), files.journal.read_bytes()) == before


def test_what_a_log_looks_like_elsewhere(files: Files, job: Files) -> None:
    """kubectl's prefixes, docker's and containerd's files, a shipper that sorts and wraps."""
    job.run("a", [f"message {n}" for n in range(6)])
    ways: list[Callable[[str], str]] = [
        lambda line: POD + line,
        lambda line: f"2026-01-16T10:30:00.1234567Z {POD}{line}",
        lambda line: f"2026-01-16T10:30:00.123456789Z stderr F {line}",
        lambda line: json.dumps({"log": f"{line}\n", "stream": "stderr", "time": "2026"}),
        lambda line: json.dumps({"kubernetes": {"pod": "x"}, "message": line}),
        lambda line: json.dumps(dict(reversed(json.loads(line).items()))),
        lambda line: f"\x1b[36m{line}\x1b[0m\r",
        lambda line: f'{{"event":"journal","rec{line} [INFO] {{}}',
    ]
    log = [
        ways[n % len(ways)](line) for n, link in enumerate(links(job)) for line in to_lines(link)
    ]
    code, out, err = collect(log)
    assert (code, err) == (0, ""), out
    assert files.csv.read_text() == job.csv.read_text()


def test_long_records_are_put_together_again(files: Files, job: Files) -> None:
    job.run("a", ["äß" * 20_000, '"\\' * 9_000])
    log = printed(job)
    assert max(map(len, log)) < 16_000
    assert sum('"part"' in line for line in log) > 10
    code, out, err = collect(log)
    assert (code, err) == (0, ""), out
    assert files.csv.read_text() == job.csv.read_text()


def test_any_order(files: Files, job: Files) -> None:
    """Two pods are followed at once, or a shipper does not keep the order."""
    job.run("a", ["one", "x" * 20_000])
    job.run("b")
    log = printed(job)
    random.Random(7).shuffle(log)
    code, out, err = collect(log)
    assert (code, err) == (0, ""), out
    assert files.csv.read_text() == job.csv.read_text()


def test_a_killed_run_is_collected_as_far_as_it_came(files: Files, job: Files) -> None:
    job.run("killed")
    whole = printed(job)
    cut = whole[: len(whole) - 3]
    cut[-1] = cut[-1][:-30]
    code, out, _ = collect(cut)
    assert code == 0
    assert "run killed (): 1 row, no end: the log stops, or the run was killed" in out
    assert "note: line 7: a record of which it is cut off" in out
    assert "run killed (since " in out  # what `audit verify` says of it, too
    assert links(files)[0].members["no_end"] == ["killed"]
    assert "no end" in run("audit", "runs", "-e", "dev")[1]
    # Somebody finds the rest.
    code, out, _ = collect(whole)
    assert (code, "exit code 0" in out) == (0, True), out
    assert files.csv.read_text() == job.csv.read_text()
    assert "no end" not in run("audit", "runs", "-e", "dev")[1]
    assert [one.members["started"] for one in links(files) if "started" in one.members] == [2]


def test_a_log_that_begins_late_continues_what_was_collected(files: Files, job: Files) -> None:
    job.run("a")
    collect(printed(job))
    first = len(printed(job))
    job.run("b")
    code, out, err = collect(printed(job)[first:])
    assert (code, err) == (0, ""), out
    assert files.csv.read_text() == job.csv.read_text()
    assert [one.text("run_id") for one in links(files)[-3:]] == ["b"] * 3


@pytest.mark.parametrize("gone", [2, 4], ids=["the first record", "one in the middle"])
def test_lost_lines(files: Files, job: Files, gone: int) -> None:
    """What holds is collected; the rest is nobody's word, and kept apart."""
    job.run("a")
    log = printed(job)
    del log[gone]
    code, out, err = collect(log)
    assert code == 1
    assert "is missing" in err
    (file,) = apart(files)
    assert file.name in err
    loose = file.read_text().splitlines()
    held = len(links(files)) - 1 if files.journal.exists() else 0
    assert len(loose) + held == len(links(job)) - 1
    assert not files.csv.exists() or "second" not in files.csv.read_text(), out
    assert collect(log)[0] == 1
    assert apart(files) == [file]
    # With the line that was lost, all of it holds.
    assert collect(printed(job))[0] == 0
    assert files.csv.read_text() == job.csv.read_text()


def test_an_edited_record(files: Files, job: Files) -> None:
    job.run("a")
    log = [line.replace("second", "zweite") for line in printed(job)]
    code, _, err = collect(log)
    assert code == 1
    assert "it is not what its hash was made from" in err
    (file,) = apart(files)
    assert "zweite" in file.read_text()
    assert "zweite" not in files.csv.read_text()


def test_two_records_that_claim_one_place(files: Files, job: Files) -> None:
    job.run("a")
    real = links(job)
    kept = {k: v for k, v in real[2].members.items() if k not in {"seq", "previous", "hash"}}
    other = seal({**kept, "message": "forged"}, seq=real[2].seq, previous=real[2].previous)
    code, _, err = collect([*printed(job), *to_lines(other)])
    assert code == 1
    assert "2 records claim that place" in err
    assert "forged" not in files.csv.read_text()
    assert len(apart(files)) == 1
    # What is collected already stays, whatever comes later.
    assert collect(printed(job))[0] == 0
    assert collect([*to_lines(other)])[0] == 1
    assert files.csv.read_text() == job.csv.read_text()


def test_published_heads(files: Files, job: Files) -> None:
    job.run("a")
    head = str(verify(job.journal.read_bytes()).head)
    cut = printed(job)[:-2]
    code, _, err = collect(cut, "--head", head)
    assert code == 1
    assert "is not in the log" in err
    assert not files.journal.exists()
    assert collect(printed(job), "--head", head)[0] == 0
    # The Job's head vouches for what was collected, and what it printed is in S3 the same.
    assert run("audit", "verify", "-e", "dev", "--head", head)[0] == 0
    assert run("audit", "verify", "-e", "dev", "--head-file", job.journal)[0] == 0
    assert run("audit", "verify", "-e", "dev", "--head", f"4 {'0' * 64}")[0] == 1


def test_after_runs_that_wrote_here_themselves(files: Files, job: Files) -> None:
    files.run("here")
    job.run("there")
    assert collect(printed(job))[0] == 0
    files.run("here again")
    assert run("audit", "verify", "-e", "dev")[0] == 0
    listed = run("audit", "runs", "-e", "dev")[1]
    assert [line.split()[1] for line in listed.splitlines()] == ["here", "there", "here"]
    # The log of a run that wrote here has nothing new.
    before = files.journal.read_bytes()
    assert collect(printed(files))[0] == 0
    assert files.journal.read_bytes() == before


def test_a_collect_that_died_before_the_csv(files: Files, job: Files) -> None:
    job.run("a")
    collect(printed(job))
    files.csv.unlink()
    code, out, _ = collect(printed(job))
    assert (code, "2 rows added; the journal: 0 records" in out) == (0, True), out
    assert files.csv.read_text() == job.csv.read_text()
    torn = files.csv.read_bytes()
    files.csv.write_bytes(torn[:-20])
    code, out, _ = collect(printed(job))
    assert code == 0, out
    assert len(read_rows(files.csv.read_text())) in {2, 3}


def test_a_journal_that_does_not_verify_takes_nothing(files: Files, job: Files) -> None:
    files.run("here")
    forged = files.journal.read_bytes().replace(b"first", b"erste")
    files.journal.write_bytes(forged)
    job.run("a")
    code, _, err = collect(printed(job))
    assert code == 1
    assert "line 2, seq 2: edited" in err
    assert files.journal.read_bytes() == forged


def test_nothing_to_collect(files: Files) -> None:
    code, _, err = collect(["Error from server (NotFound)", "journal", '{"event":"journal"'])
    assert code == 64
    assert "PGTENANT_PROJECT_AUDIT_LOG=true" in err
    code, _, err = collect(['{"event":"journal","record":{"seq":1}}'])
    assert (code, "and none is one" in err) == (1, True)
    assert not files.csv.parent.exists()
    assert run("audit", "collect", "-e", "dev")[0] == 64


def test_environments(files: Files, job: Files) -> None:
    job.run("a")
    code, _, err = run("audit", "collect", "-e", "prod", _log(printed(job)))
    assert (code, "no record of prod, only of dev" in err) == (64, True)
    code, out, _ = run("audit", "collect", _log(printed(job)))
    assert (code, files.csv.exists()) == (0, True), out


def _log(lines: Sequence[str]) -> Path:
    Path("job.log").write_text("\n".join(lines))
    return Path("job.log")


def test_an_edited_record_that_names_another_environment(files: Files, job: Files) -> None:
    job.run("a")
    log = printed(job)
    log[4] = log[4].replace('"environment":"dev"', '"environment":"prod"')
    assert collect(log)[0] == 1
    (file,) = apart(files)
    assert '"environment":"prod"' in file.read_text()
