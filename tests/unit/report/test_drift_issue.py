"""The issue that tells of drift: what it says, what it leaves alone, how long it gets."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from markdown_it import MarkdownIt

from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.planning.findings import Blocked, Drift, DriftKind
from pgtenant.planning.plan import Plan
from pgtenant.report.drift_issue import BEGIN, END, all_gone, drift_body
from pgtenant.report.fleet import Result, Told
from pgtenant.report.fleet_read import missing
from pgtenant.report.jsonout import plan_json

from . import fleets, samples

GITHUB = 65_536
RUN = "https://github.example/o/r/actions/runs/7"
SAME, BUSY, HOSTILE, INVALID = fleets.PLANNED
FAILED = replace(SAME, exit_code=ExitCode.FAILED, errors=(Told("the server is away", "wait"),))


def planned(**parts: Any) -> Result:
    plan = replace(Plan.empty("dev"), **parts)
    return Result("dev", 1, ExitCode.CONVERGED, plan=plan_json(plan))


DRIFT = Drift(
    DriftKind.SETTING, "shop", "shop", "", "it has a setting", "ALTER DATABASE shop RESET x"
)
BLOCKED = Blocked(
    "shop",
    "shop belongs to somebody else",
    "ALTER DATABASE shop OWNER TO s",
    "r",
    code=Code.FOREIGN_DATABASE,
)


def test_what_differs_is_in_it() -> None:
    body = drift_body(
        "", [SAME, BUSY, FAILED, planned(drift=(DRIFT,), blocked=(BLOCKED,))], run=RUN
    )
    assert body.startswith(BEGIN)
    assert body.endswith(END)
    assert "4 environments: 1 not known, 2 not as declared, 1 as declared" in body
    assert "the server is away wait" in body
    assert "setting" in body
    assert "`ALTER DATABASE shop RESET x;`" in body
    assert "shop belongs to somebody else" in body
    assert "to be run by r: `ALTER DATABASE shop OWNER TO s;`" in body
    assert f"({RUN})" in body


@pytest.mark.parametrize(
    "result", [FAILED, INVALID, missing("dev.json", "dev"), Result("dev", 1)], ids=str
)
def test_a_plan_that_failed_is_not_taken_for_no_drift(result: Result) -> None:
    assert not all_gone([SAME, result])
    body = drift_body("", [SAME, result])
    assert "| not known | ? | ? | ? |" in body
    assert "Could not be planned" in body


@pytest.mark.parametrize(
    "result",
    [
        planned(drift=(DRIFT,)),
        planned(blocked=(BLOCKED,)),
        BUSY,
        replace(BUSY, exit_code=ExitCode.CHANGES),
    ],
    ids=["drift", "blocked", "changes", "exit code 2"],
)
def test_one_thing_that_differs_keeps_it_open(result: Result) -> None:
    assert all_gone([SAME])
    assert not all_gone([SAME, result])


def test_nothing_looked_at_is_not_nothing_left() -> None:
    assert not all_gone([])


def test_what_people_write_around_it_stays() -> None:
    first = drift_body("", [BUSY])
    written = f"Anna looks at it.\r\n\r\n{first}\r\n\r\n* [ ] ask the shop's team\n"
    again = drift_body(written, [SAME])
    assert (
        again
        == f"Anna looks at it.\r\n\r\n{drift_body('', [SAME])}\r\n\r\n* [ ] ask the shop's team\n"
    )
    assert drift_body(again, [SAME]) == again


def test_without_its_end_nothing_is_taken_away() -> None:
    torn = f"above {BEGIN} old and mine"
    body = drift_body(torn, [SAME])
    assert body.startswith(f"above {BEGIN}\n")
    assert body.endswith(f"{END}\n\nold and mine")
    assert drift_body(body, [SAME]) == body


def test_no_name_is_a_mark_a_mention_or_markup() -> None:
    name = f"{END}<b>@everyone #1"
    hostile = replace(DRIFT, entry="", database=name, message=name, statement=f'DROP "{name}"')
    blocked = Blocked(name, name, f'DROP "{name}"', name, code=Code.INVALID_DATABASE)
    body = drift_body("", [planned(drift=(hostile,), blocked=(blocked,)), HOSTILE])
    assert (body.count(BEGIN), body.count(END)) == (1, 1)
    again = drift_body(body, [SAME])
    assert again == drift_body("", [SAME])
    tokens = MarkdownIt("commonmark").parse(body)
    inline = [child for token in tokens for child in token.children or ()]
    texts = [one.content for one in inline if one.type == "text"]
    assert any("everyone" in text for text in texts)
    assert not [text for text in texts if re.search(r"@\w|#\d", text)]
    raw = [one.content.strip() for one in (*tokens, *inline) if one.type.startswith("html")]
    assert set(raw) == {BEGIN, END, "<!-- -->"}
    assert not [one for one in inline if one.type in {"link_open", "image"}]


@pytest.mark.parametrize("environments", [1, 3, 60, 3000])
def test_it_is_never_longer_than_github_takes(environments: int) -> None:
    many = tuple(
        replace(DRIFT, database=f"db_{n}", message="`<@" * 60, statement="`" * 60)
        for n in range(900 if environments < 9 else 9)
    )
    plan = plan_json(replace(samples.hostile_plan(), drift=many))
    results = [
        Result(f"env-{n:04}", 1, ExitCode.FAILED, plan=plan, errors=(Told("x@<`|" * 900),))
        for n in range(environments)
    ]
    for around in ("", "a person's words " * 3000):
        body = drift_body(around, results)
        assert len(body) < GITHUB
        assert body.startswith(around)
        assert body.endswith(END)
        assert body.count("\n### ") + body.count("more part") >= 1
        assert "left out here" in body


def test_a_body_without_room_is_refused() -> None:
    with pytest.raises(UsageError, match="no room"):
        drift_body("x" * 64_900, [BUSY])
