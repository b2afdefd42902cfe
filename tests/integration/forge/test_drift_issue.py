"""`pgtenant fleet drift-issue --publish`: one issue, from the first difference to the last."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pgtenant.cli import main
from pgtenant.report.drift_issue import BEGIN, LABEL
from support.github_api import GitHubApi, Refused
from support.project import Result

DRIFT = {
    "kind": "setting",
    "entry": "shop",
    "database": "shop",
    "role": "",
    "message": "search_path is set",
    "statement": "",
}


class Drifting:
    """A project, and what its environments' plans say."""

    def __init__(self, root: Path, api: GitHubApi, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.api = api
        self._capsys = capsys

    def planned(self, env: str, *drift: dict[str, str]) -> None:
        plan: dict[str, Any] = {"environment": env, "changes": [], "blocked": [], "summary": {}}
        text = json.dumps(plan | {"drift": drift, "exit_code": 0})
        (self.root / f"{env}.json").write_text(text)

    def keep(self, *more: str) -> Result:
        files = [str(self.root / f"{env}.json") for env in ("dev", "prod")]
        asked = ["fleet", "drift-issue", *files, "--project", str(self.root), *more]
        self._capsys.readouterr()
        code = main(asked)
        return Result(code, *self._capsys.readouterr())

    @property
    def issues(self) -> list[dict[str, Any]]:
        return [*self.api.issues.values()]

    def writes(self) -> int:
        return sum(not one.startswith("GET ") for one in self.api.asked)


@pytest.fixture
def drifting(tmp_path: Path, github: GitHubApi, capsys: pytest.CaptureFixture[str]) -> Drifting:
    return Drifting(tmp_path, github, capsys)


def test_from_the_first_difference_to_the_last(drifting: Drifting) -> None:
    drifting.planned("dev")
    drifting.planned("prod")
    assert drifting.keep("--publish").out == "nothing differs, and there is no issue\n"
    assert drifting.writes() == 0

    drifting.planned("dev", DRIFT)
    done = drifting.keep("--publish", "--run-url", "https://github.example.org/run/1")
    assert (done.code, done.out.split()[0]) == (0, "opened")
    [issue] = drifting.issues
    assert [one["name"] for one in issue["labels"]] == [LABEL]
    assert "search\\_path is set" in issue["body"]
    assert "(https://github.example.org/run/1)" in issue["body"]

    issue["title"], issue["body"] = "Anna's", f"Anna looks at it.\n\n{issue['body']}\n\n- [ ] ask"
    drifting.planned("prod", DRIFT | {"message": "work_mem is set"})
    assert drifting.keep("--publish").out.split()[0] == "updated"
    [issue] = drifting.issues
    assert issue["title"] == "Anna's"
    assert issue["body"].startswith(f"Anna looks at it.\n\n{BEGIN}")
    assert issue["body"].endswith("- [ ] ask")
    assert "work\\_mem is set" in issue["body"]
    assert drifting.api.comments == []

    drifting.planned("dev")
    (drifting.root / "prod.json").unlink()
    assert drifting.keep("--publish").out.split()[0] == "updated"
    assert "Could not be planned" in issue["body"]
    assert issue["state"] == "open"

    drifting.planned("prod")
    assert drifting.keep("--publish").out.split()[0] == "closed"
    assert issue["state"] == "closed"
    assert "2 environments: 2 as declared" in issue["body"]
    assert issue["body"].endswith("- [ ] ask")
    assert len(drifting.api.comments) == 1

    drifting.planned("dev", DRIFT)
    assert drifting.keep("--publish").out.split()[0] == "opened"
    assert [one["state"] for one in drifting.issues] == ["closed", "open"]


def test_the_issues_of_others_are_left_alone(drifting: Drifting) -> None:
    theirs = {"title": "x", "body": "drift!", "labels": [LABEL]}
    marked = {"title": "x", "body": BEGIN, "labels": []}
    repository = "/repos/example-org/platform/issues"
    for one in (theirs, marked):
        drifting.api.answer("POST", repository, one)
    before = json.dumps(drifting.issues)
    drifting.planned("dev")
    drifting.planned("prod", DRIFT)
    assert drifting.keep("--publish").out.split()[0] == "opened"
    drifting.planned("prod")
    assert drifting.keep("--publish").out.split()[0] == "closed"
    assert json.dumps(drifting.issues[:2]) == before


def test_without_publish_it_is_printed_and_needs_no_github(
    drifting: Drifting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_TOKEN")
    drifting.planned("dev", DRIFT)
    done = drifting.keep("--expect", "eu-1")
    assert done.code == 0
    assert done.out.startswith(BEGIN)
    assert "3 environments: 2 not known, 1 not as declared" in done.out
    assert drifting.api.asked == []
    done = drifting.keep("--publish")
    assert done.code == 64
    assert "GITHUB_TOKEN is not set" in done.err


def test_what_github_refuses_fails(drifting: Drifting) -> None:
    drifting.planned("dev", DRIFT)
    drifting.api.failures = [Refused(403, "Resource not accessible by integration")]
    done = drifting.keep("--publish")
    assert done.code == 1
    assert "Resource not accessible by integration" in done.err
    assert drifting.issues == []


def test_another_kind_of_drift_is_no_crash(drifting: Drifting) -> None:
    drifting.planned("dev", DRIFT | {"kind": "odd"})
    done = drifting.keep()
    assert done.code == 64
    assert "of a kind that is not known here: odd" in done.err
