"""What a journal's end tells of earlier runs, whoever wrote it and wherever it breaks off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pgtenant.audit import lookback
from pgtenant.audit.chain import GENESIS, seal
from pgtenant.audit.history import Place, replay
from pgtenant.audit.lookback import History, look_back

HERE = Place("dev", "db:5432")
Lines = list[dict[str, Any]]


def said(kind: str, run: str, **members: Any) -> dict[str, Any]:
    return {"kind": kind, "environment": "dev", "run_id": run, **members}


def change(key: str, entry: str = "crm") -> dict[str, Any]:
    return {"id": key, "entry": entry, "target": ["create_role", key]}


def begun(run: str, *keys: str, server: str = "db:5432", unsettled: Any = ()) -> Lines:
    """A run up to its first change."""
    planned = said("planned", run, group="crm", changes=[change(key) for key in keys])
    return [
        said("run_started", run, server=server, command="apply", format=2),
        *([planned] if keys else []),
        said("settled", run, server=server, looked_at=[], unsettled=list(unsettled)),
    ]


def ended(run: str, *, server: str = "db:5432", **members: Any) -> Lines:
    return [said("run_finished", run, exit_code=0, server=server, unsettled=[], **members)]


def record(run: str, *keys: str, **members: Any) -> dict[str, Any]:
    return said("record", run, changes=list(keys), **members)


def written(path: Path, members: Lines, torn: bytes = b"") -> Path:
    previous, lines = GENESIS, b""
    for seq, one in enumerate(members, start=1):
        link = seal(one, seq=seq, previous=previous)
        previous, lines = link.hash, lines + link.line
    path.write_bytes(lines + torn)
    return path


def left_open(history: History) -> dict[str, list[str]]:
    return {run.run_id: [one.intent.id for one in run.open] for run in history.runs if run.open}


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def test_no_journal_and_an_empty_one_tell_nothing(journal: Path) -> None:
    assert look_back(journal, HERE) == History()
    journal.touch()
    assert look_back(journal, HERE) == History()


def test_a_run_without_an_end_leaves_open_what_it_did_not_record(journal: Path) -> None:
    written(journal, [*begun("x", "a", "b", "c"), record("x", "b")], torn=b'{"cut')
    assert left_open(look_back(journal, HERE)) == {"x": ["a", "c"]}


def test_a_run_that_ended_knows_what_it_did(journal: Path) -> None:
    lines = [*begun("x", "a", "b", "c"), record("x", "a"), record("x", "b", in_doubt=True)]
    written(journal, [*lines, said("run_finished", "x", exit_code=1)])
    assert left_open(look_back(journal, HERE)) == {"x": ["b"]}
    written(journal, [*lines, said("run_finished", "x", exit_code=130, cut_off=True)])
    assert left_open(look_back(journal, HERE)) == {"x": ["b", "c"]}


def test_a_record_of_success_outweighs_doubt(journal: Path) -> None:
    lines = [*begun("x", "a"), record("x", "a"), record("x", "a", in_doubt=True)]
    written(journal, lines)
    assert left_open(look_back(journal, HERE)) == {}


def test_other_servers_and_environments_are_left_alone(journal: Path) -> None:
    elsewhere = [{**one, "environment": "prod"} for one in begun("z", "a")]
    written(journal, [*begun("x", "a"), *begun("y", "b", server="other:5432"), *elsewhere])
    assert left_open(look_back(journal, HERE)) == {"x": ["a"]}
    assert left_open(look_back(journal, Place("dev", "other:5432"))) == {"y": ["b"]}
    assert left_open(look_back(journal, Place("prod", "db:5432"))) == {"z": ["a"]}


def test_what_was_settled_is_closed(journal: Path) -> None:
    settles = {"run_id": "x", "seq": 1, "changes": ["a"]}
    y = begun("y", "c")
    written(journal, [*begun("x", "a", "b"), y[0], record("y", settles=settles), *y[1:]])
    assert left_open(look_back(journal, HERE)) == {"y": ["c"]}


def test_a_settlement_that_was_cut_off_is_continued(journal: Path) -> None:
    """The checkpoint is the last of the piece: without it, only the rows that are there count."""
    settles = {"run_id": "x", "seq": 1, "changes": ["a"]}
    y = begun("y", "c")
    written(journal, [*begun("x", "a", "b"), y[0], record("y", settles=settles), y[1]])
    assert left_open(look_back(journal, HERE)) == {"x": ["b"], "y": ["c"]}


def test_entries_that_were_not_looked_at_stay_open(journal: Path) -> None:
    x = begun("x", "a")
    x[1]["changes"].append(change("b", "other"))
    y = begun("y", unsettled=[{"run_id": "x", "seq": 1, "entries": ["other"]}])
    done = ended("y")
    done[0]["unsettled"] = y[-1]["unsettled"]
    for lines in ([*x, *y], [*x, *y, *done], [*x, *y, *done, *begun("local")[:1]]):
        written(journal, lines)
        assert left_open(look_back(journal, HERE)) == {"x": ["b"]}


@pytest.mark.parametrize("other", ["y", "x"])
def test_an_end_closes_nothing_that_began_after_it(journal: Path, other: str) -> None:
    """The run lock is given back before the end is written: by then another run may be at work."""
    x = [*begun("x", "a"), record("x", "a")]
    written(journal, [*begun("old", "z"), *x, *begun(other, "b"), *ended("x", started=4)])
    history = look_back(journal, HERE)
    assert left_open(history) == {other: ["b"]}
    assert [run.exit_code for run in history.runs if run.open] == [None]


def test_an_older_end_that_names_no_run_means_the_last_of_its_id(journal: Path) -> None:
    x = [*begun("x", "a"), record("x", "a")]
    written(journal, [*x, *begun("y", "b"), *ended("x")])
    assert left_open(look_back(journal, HERE)) == {"y": ["b"]}
    written(journal, [*begun("y", "b"), *x, *ended("x")])
    assert left_open(look_back(journal, HERE)) == {}


def test_runs_of_the_same_name_are_told_apart(journal: Path) -> None:
    written(journal, [*begun("x", "a"), *begun("x", "b"), record("x", "b")])
    assert left_open(look_back(journal, HERE)) == {}
    unsettled = [{"run_id": "x", "seq": 1, "entries": ["crm"]}]
    written(journal, [*begun("x", "a"), *begun("x", "b", unsettled=unsettled), record("x", "b")])
    runs = look_back(journal, HERE).runs
    assert [(run.seq, len(run.open)) for run in runs] == [(1, 1), (4, 0)]


def test_who_plans_a_change_has_found_that_it_was_not_made(journal: Path) -> None:
    unsettled = [{"run_id": "x", "seq": 1, "entries": ["crm"]}]
    written(journal, [*begun("x", "a", "b"), *begun("y", "a", unsettled=unsettled)])
    assert left_open(look_back(journal, HERE)) == {"x": ["b"], "y": ["a"]}


def test_only_the_end_is_read(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = [*begun("x", "a"), *ended("x")]
    filler = [record("w", "f" * 1000) for _ in range(500)]
    written(journal, [*old, *filler, *begun("y", "b"), record("y", "b"), *ended("y")])
    monkeypatch.setattr(lookback, "_BLOCK", 512)
    data = journal.read_bytes()
    journal.write_bytes(b"\xff" * (len(data) - 2000) + data[-2000:])  # nothing else is needed
    history = look_back(journal, HERE, most=2000)
    assert (left_open(history), history.complete) == ({}, True)


def test_what_lies_too_far_back_is_said(journal: Path) -> None:
    filler = [record("w", "f" * 1000) for _ in range(50)]
    unsettled = [{"run_id": "x", "seq": 1, "entries": ["crm"]}]
    written(journal, [*begun("x", "a"), *filler, *begun("y", "b", unsettled=unsettled)])
    history = look_back(journal, HERE, most=2000)
    assert [lost.run_id for lost in history.lost] == ["x"]
    assert left_open(history) == {"y": ["b"]}
    written(journal, [*begun("x", "a"), *filler])
    history = look_back(journal, HERE, most=2000)
    assert (history.runs, history.complete) == ((), False)
    assert look_back(journal, HERE).complete


def test_a_long_line_needs_no_line_end_in_sight(journal: Path) -> None:
    written(journal, [*begun("x", "a", "b"), record("x", "a", note="n" * 300_000)])
    assert left_open(look_back(journal, HERE)) == {"x": ["b"]}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
NAMES = ["kind", "run_id", "seq", "changes", "unsettled", "settles", "in_doubt", "exit_code"]
HOSTILE = st.dictionaries(
    st.sampled_from([*NAMES, "environment", "server", "entries", "id", "target", "started"]),
    VALUES | st.sampled_from(["run_started", "planned", "record", "settled", "dev", "x"]),
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(HOSTILE | st.sampled_from(begun("x", "a", "b")), max_size=12))
def test_whatever_stands_there_is_no_error(tmp_path_factory: Any, members: Lines) -> None:
    path = tmp_path_factory.mktemp("hostile") / "journal"
    path.write_bytes(b"".join(json.dumps(one).encode() + b"\n" for one in members))
    look_back(path, HERE)
    for run in replay(members):
        assert len(run.open) <= len(run.planned)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.integers(1, 40))
def test_bytes_that_are_no_journal_are_no_error(tmp_path_factory: Any, data: bytes, n: int) -> None:
    path = tmp_path_factory.mktemp("hostile") / "journal"
    path.write_bytes(data * n + b"[" * 5000 + b"\n")
    assert look_back(path, HERE).runs == ()
