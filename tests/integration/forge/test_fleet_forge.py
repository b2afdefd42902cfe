"""`pgtenant fleet approval` and `plan-comment`: what a workflow asks of GitHub, and tells there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgtenant.cli import main
from pgtenant.report.markdown import LIMIT
from support.github_api import GitHubApi
from support.project import Result

FENCE = "`" * 8


class Fleet:
    """`pgtenant fleet` in a project."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def run(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        code = main(["fleet", *arguments])
        return Result(code, *self._capsys.readouterr())

    def approval(self, environment: str) -> Result:
        return self.run("approval", "-e", environment, "--project", str(self.root))

    def comment(self, *names: str) -> Result:
        paths = [str(self.root / name) for name in names]
        return self.run("plan-comment", "--pull-request", "7", *paths)


@pytest.fixture
def fleet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Fleet:
    return Fleet(tmp_path, capsys)


def test_who_approved_and_nobody_rejected(fleet: Fleet, github: GitHubApi) -> None:
    github.review("prod", "max-doe", state="pending")
    nobody = fleet.approval("prod")
    assert (nobody.code, nobody.out) == (3, "")
    assert "prod needs an approval and nobody gave one" in nobody.err
    github.review("prod", "mary-major")
    github.review("prod", "jane-doe")
    github.review("dev", "john-roe", state="rejected")
    approved = fleet.approval("prod")
    assert approved.code == 0
    assert approved.out == "approved_by=jane-doe,mary-major\nallow=true\n"
    github.review("prod", "john-roe", state="rejected")
    rejected = fleet.approval("prod")
    assert (rejected.code, rejected.out) == (3, "")
    assert "john-roe rejected this run for prod" in rejected.err


def test_what_needs_no_approval_has_none_by_itself(fleet: Fleet, github: GitHubApi) -> None:
    github.review("prod", "jane-doe")
    assert fleet.approval("dev").out == "approved_by=\nallow=\n"
    (fleet.root / "pgtenant.toml").write_text("[environments.dev]\napproval = true\n")
    assert fleet.approval("dev").code == 3


def test_an_account_that_is_gone_approved_all_the_same(fleet: Fleet, github: GitHubApi) -> None:
    github.review("prod", "jane-doe")
    github.reviews[0]["user"] = None
    assert fleet.approval("prod").out == "approved_by=ghost\nallow=true\n"


def test_nothing_that_cannot_be_read_approves(
    fleet: Fleet, github: GitHubApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    github.review("prod", "jane-doe")
    monkeypatch.delenv("GITHUB_RUN_ID")
    assert fleet.approval("prod").code == 64
    monkeypatch.setenv("GITHUB_RUN_ID", "1001")
    monkeypatch.setenv("GITHUB_REPOSITORY", "example-org/other")
    assert fleet.approval("prod").code == 1
    (fleet.root / "pgtenant.toml").write_text("[project\n")
    assert fleet.approval("prod").code == 64


def test_a_comment_of_plans_that_were_cut_off(fleet: Fleet, github: GitHubApi) -> None:
    plan = f"{FENCE}text\n".encode() + "é".encode() * 70_000 + "é".encode()[:1]
    (fleet.root / "plan-dev.md").write_bytes(plan)
    for number in range(100):
        others = {"id": number, "user": {"type": "User"}, "body": "<!-- rds-plan --> mine"}
        github.comments.append(others)
    for _ in range(2):
        assert fleet.comment("plan-dev.md").code == 0
    [comment] = github.comments[100:]
    assert comment["body"].count(FENCE) == 2
    assert comment["body"].endswith("The rest is in the run's artifacts.")
    assert len(comment["body"]) <= LIMIT


@pytest.mark.parametrize("left", range(9))
def test_a_comment_that_ends_within_a_fence(left: int, fleet: Fleet) -> None:
    """Whatever is cut off, all that was begun ends."""
    shown = fleet.root / "plan-dev.md"
    body = f"{FENCE}text\n"
    fits = LIMIT - 100 - len(body)
    shown.write_text(f"{body}{'x' * (fits - left)}{FENCE}\n{'y' * 100}\n")
    done = fleet.run("plan-comment", str(shown))
    assert done.out.count(FENCE) == 2
    assert done.out.count("`") == 16


def test_plans_are_in_one_comment_in_their_order(fleet: Fleet, github: GitHubApi) -> None:
    for env in ("prod", "dev"):
        (fleet.root / f"plan-{env}.md").write_text(f"of {env}\n")
    assert fleet.comment("plan-prod.md", "plan-dev.md", "plan-gone.md").code == 0
    [comment] = github.comments
    assert comment["body"] == "<!-- rds-plan -->\nof dev\n\n\nof prod\n"


def test_a_comment_without_a_plan(fleet: Fleet, github: GitHubApi) -> None:
    assert fleet.comment("rds-logs/*/plan-*.md").code == 0
    [comment] = github.comments
    assert "No plan could be made" in comment["body"]
