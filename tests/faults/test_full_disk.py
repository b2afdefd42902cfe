"""The disk under the audit files is full, at every record's end and in the middle of each."""

from __future__ import annotations

import pytest

from pgtenant.audit.chain import parse
from support.faults import scenarios, shapes
from support.faults.bench import Bench
from support.faults.lab import FIRST, Lab
from support.faults.trial import ADMINS
from support.siege import standing, state

_FRAME = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SET LOCAL ROLE",
    "RESET ROLE",
    "SELECT",
    "queries/",
    "login",
)
_LOAN = (" GRANTED BY CURRENT_USER", "the initial schema")
_FULL = "File too large"


def _limits(data: bytes) -> list[int]:
    """Every line's end, and the middle of every line."""
    limits, start = [], 0
    for line in data.splitlines(keepends=True):
        limits += [start + len(line) // 2, start + len(line)]
        start += len(line)
    return [limit for limit in limits if limit]


def _prepare(bench: Bench, csv: bytes) -> None:
    bench.clean()
    scenarios.ALL[FIRST].setup(bench)
    if csv:
        bench.project.audit.parent.mkdir(parents=True)
        bench.project.audit.write_bytes(csv)
    bench.proxy.arm()


def _run(bench: Bench, limit: int) -> str:
    """Run with files of at most `limit` bytes; return what was not as it should be."""
    result = bench.runs.run(bench.project, *scenarios.ALL[FIRST].argv, file_size=limit)
    said = [line for line in result.err.splitlines() if not line.startswith("{")]
    bench.settled()
    if result.code != 1:
        return f"ended with {result.code}: {said}"
    errors = [line for line in said if line.startswith("error: ")]
    if len(errors) != 1 or _FULL not in errors[0] or "hint: " not in "\n".join(said):
        return f"said {said}"
    if "Traceback" in result.err:
        return result.err
    if standing(bench.instance):
        return "the admin holds a membership"
    return _unrecorded(bench)


def _unrecorded(bench: Bench) -> str:
    """Name what was committed without a record, and was not the last thing of all."""
    committed: list[list[str]] = []
    open_: list[str] = []
    for name in shapes.plain_names(bench.proxy.seen, ADMINS):
        if name == "COMMIT" or name.startswith("CREATE DATABASE"):
            committed.append([*open_, name])
            open_ = []
        elif name == "BEGIN":
            open_ = []
        else:
            open_.append(name)
    journal = bench.project.audit.with_suffix(".journal.jsonl")
    links = [parse(line) for line in journal.read_bytes().splitlines()] if journal.exists() else []
    recorded = [
        shapes.shape_of(str(text)).replace(":'…'", "'…'")
        for link in links
        if link is not None and link.text("status") == "success"
        for text in link.members["sql"]
    ]
    for transaction in committed[:-1]:
        for name in transaction:
            framing = name.startswith(_FRAME) or name.endswith(_LOAN)
            if not framing and not any(name in text for text in recorded):
                return f"committed without a record, and then went on: {name}"
    return ""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("file", ["journal", "csv"])
def test_no_change_goes_ahead_of_its_record(lab: Lab, pg_major: int, file: str) -> None:
    bench, scenario = lab.bench(pg_major), scenarios.ALL[FIRST]
    _prepare(bench, b"")
    assert bench.runs.run(bench.project, *scenario.argv).code == 0
    wanted = sorted(state(bench.instance, *scenario.databases), key=str)
    audit, journal = bench.project.audit, bench.project.audit.with_suffix(".journal.jsonl")
    limits, before = _limits(journal.read_bytes()), b""
    if file == "csv":
        # Longer than the journal will be, so that the CSV is what meets the limit.
        header, *rows = audit.read_bytes().splitlines(keepends=True)
        before = header + rows[0] * (journal.stat().st_size // len(rows[0]) + 1)
        limits = [len(before) + limit for limit in _limits(b"".join(rows))]
    troubles: dict[int, str] = {}
    for limit in limits[:-1]:
        _prepare(bench, before)
        if trouble := _run(bench, limit):
            troubles[limit] = trouble
        following = bench.runs.run(bench.project, *scenario.argv)
        if following.code != 0:
            troubles[limit] = f"the next run: {following.err}"
        if sorted(state(bench.instance, *scenario.databases), key=str) != wanted:
            troubles[limit] = "another state"
        verified = bench.project.run("audit", "verify", str(journal))
        if verified.code != 0 and not before:
            troubles[limit] = verified.output
    assert troubles == {}
    assert len(limits) > 20
