"""One report of several environments."""

from __future__ import annotations

import itertools
import json

import jsonschema  # type: ignore[import-untyped]
import pytest

from pgtenant.errors import CatalogError, ExitCode, Problem
from pgtenant.report.fleet import (
    FAILURES,
    WORST_FIRST,
    Result,
    State,
    fleet_json,
    ordered,
    told,
    worst,
)
from pgtenant.report.fleet_markdown import fleet_markdown
from pgtenant.report.fleet_read import missing, read_results
from pgtenant.report.fleet_text import fleet_text
from pgtenant.report.jsonout import json_text, plan_json
from pgtenant.report.markdown import LIMIT
from pgtenant.report.schema import schema

from . import fleets, samples

FLEETS = {"apply": fleets.APPLIED, "plan": fleets.PLANNED, "none": ()}


@pytest.mark.parametrize("results", FLEETS.values(), ids=FLEETS)
def test_it_is_what_its_schema_says(results: tuple[Result, ...]) -> None:
    document = fleet_json("apply", results)
    jsonschema.Draft202012Validator(schema("fleet")).validate(document)
    counts = document["summary"]
    assert counts.pop("environments") == sum(counts.values()) == len(results)
    assert set(counts) == set(State)


@pytest.mark.parametrize("results", FLEETS.values(), ids=FLEETS)
def test_it_is_read_as_it_was_written(results: tuple[Result, ...]) -> None:
    text = json_text(fleet_json("plan", results))
    found = read_results(text, name="all.json", stem="all")
    assert [*found] == ordered(results) or not results


def test_the_worst_is_the_exit_code_of_all() -> None:
    assert set(WORST_FIRST) == set(ExitCode)
    for one, other in itertools.combinations(WORST_FIRST, 2):
        assert worst([Result("a", 1, other), Result("b", 1, one)]) is one
    assert worst([]) is ExitCode.CONVERGED


def test_one_that_was_not_started_is_a_failure_of_its_own_where_none_says_why() -> None:
    absent = Result("a", 1)
    for code in ExitCode:
        found = worst([absent, Result("b", 1, code)])
        assert found is (code if code in FAILURES else ExitCode.FAILED)


def test_a_plan_with_changes_is_one_without_the_flag() -> None:
    plan = plan_json(samples.busy_plan())
    assert Result("a", 1, ExitCode.CONVERGED, plan=plan).state is State.CHANGES
    assert Result("a", 1, ExitCode.FAILED, plan=plan).state is State.FAILED


@pytest.mark.parametrize("result", fleets.APPLIED[:1] + fleets.PLANNED[:3], ids=str)
def test_the_result_of_one_process(result: Result) -> None:
    document = dict(result.plan or result.apply or {})
    document["exit_code"] = result.exit_code
    (found,) = read_results(json.dumps(document), name="x.json", stem="x")
    assert (found.environment, found.exit_code) == (document["environment"], result.exit_code)
    assert found.errors == ()
    failed = document | {"exit_code": 3, "error": {"message": "no", "hint": "ask"}}
    (found,) = read_results(json.dumps(failed), name="x.json", stem="x")
    assert found.state is State.APPROVAL_REQUIRED
    assert [(one.message, one.hint) for one in found.errors] == [("no", "ask")]


@pytest.mark.parametrize(
    "text", ["", " \n", "{", "[]", "null", "{}", '{"environments": [3]}', '{"environment": 1}']
)
def test_what_is_no_result_is_a_failure(text: str) -> None:
    (found,) = read_results(text, name="out/prod.json", stem="prod")
    assert (found.environment, found.state) == ("prod", State.FAILED)
    assert "out/prod.json" in found.errors[0].message
    assert missing("out/prod.json", "prod").state is State.FAILED


def test_what_others_wrote_into_a_result_breaks_nothing() -> None:
    forged = {"environment": "a", "wave": "x", "exit_code": 99, "errors": [1], "plan": []}
    (found,) = read_results(json.dumps({"environments": [forged]}), name="f", stem="f")
    assert (found.wave, found.exit_code, found.errors) == (1, ExitCode.FAILED, ())
    plan = {"environment": "a", "changes": [{}], "summary": 7, "exit_code": 0}
    (found,) = read_results(json.dumps(plan), name="f", stem="f")
    assert str(fleet_text("", [found]))


def test_every_problem_of_a_catalog_is_told() -> None:
    problems = (Problem("a.tfvars", 3, "shop", "username", "is missing"),)
    assert "a.tfvars:3: shop.username: is missing" in told(CatalogError(problems)).message


def test_a_comment_is_never_too_long() -> None:
    plan = plan_json(samples.many_plan())
    big = plan | {"changes": [*plan_json(samples.busy_plan())["changes"]] * 200}
    results = [Result(f"env-{n}", 1, ExitCode.CHANGES, plan=big) for n in range(40)]
    text = fleet_markdown("plan", results)
    assert len(text) < LIMIT
    assert "left out here" in text
    assert len(fleet_markdown("plan", results * 20)) < LIMIT


@pytest.mark.parametrize("results", FLEETS.values(), ids=FLEETS)
def test_nothing_in_it_moves_a_cursor(results: tuple[Result, ...]) -> None:
    for text in (str(fleet_text("apply", results)), fleet_markdown("apply", results)):
        assert all(char.isprintable() or char == "\n" for char in text)
