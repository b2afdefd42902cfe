"""What the end of a run says of the changes that it planned, and the next run then has to find."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from pgtenant.audit.history import Place
from pgtenant.audit.intent import Intent, Planned
from pgtenant.audit.lookback import History, look_back
from pgtenant.audit.trail import open_trail
from pgtenant.errors import ExitCode, ServerError
from pgtenant.planning.desired import Desired
from pgtenant.usecases.journal import ended
from pgtenant.usecases.recorder import Recorder
from pgtenant.usecases.settle import nothing_yet, settlement_of

from .conftest import Files, row

HERE = Place("dev", "db:5432")


def intent(key: str) -> Intent:
    target = ("create_role", key)
    return Intent(key, "app", "app", "", "create_role", f"role {key}", target)


PLANNED = (Planned("app", "", (intent("one"), intent("two"))),)


def start(recorder: Recorder) -> None:
    nothing = settlement_of(History(), nothing_yet, Desired("dev", ()), HERE)
    asyncio.run(recorder.start({"server": HERE.server}, PLANNED, nothing))


@pytest.mark.parametrize(
    ("cut_off", "in_doubt", "left"),
    [
        (False, False, []),
        (True, False, ["two"]),
        (False, True, ["one"]),
        (True, True, ["one", "two"]),
    ],
)
def test_what_it_leaves_open(files: Files, cut_off: bool, in_doubt: bool, left: list[str]) -> None:
    with open_trail(files.csv) as trail:
        recorder = files.recorder(trail, "x")
        start(recorder)
        told = replace(row("first"), changes=("one",), in_doubt=in_doubt)
        asyncio.run(recorder.write([told]))
        recorder.finish(1, cut_off=cut_off)
    runs = look_back(files.journal, HERE).runs
    assert [one.intent.id for run in runs for one in run.open] == left


@pytest.mark.parametrize(
    ("error", "code", "cut_off"),
    [
        (ServerError("refused"), ExitCode.FAILED, False),
        (RuntimeError("a mistake of ours"), ExitCode.FAILED, True),
        (asyncio.CancelledError(), 130, True),
    ],
)
def test_whatever_ends_it_is_said_and_goes_on(
    files: Files, error: BaseException, code: int, cut_off: bool
) -> None:
    async def broken() -> None:
        raise error

    with open_trail(files.csv) as trail:
        recorder = files.recorder(trail, "x")
        start(recorder)
        with pytest.raises(type(error)):
            asyncio.run(ended(broken(), recorder, None, lambda _: 0))
        end = trail.links[-1].members
    assert (end["kind"], end["exit_code"], end["cut_off"]) == ("run_finished", code, cut_off)


def test_the_plan_and_the_opening_are_one_write(files: Files) -> None:
    with open_trail(files.csv) as trail:
        start(files.recorder(trail, "x"))
        kinds = [link.text("kind") for link in trail.links]
    assert kinds == ["run_started", "planned", "settled"]
    assert files.csv.read_text().count("\n") == 1
