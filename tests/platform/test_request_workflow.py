"""A request on GitHub: the form, its pull request, the approvals, and another request's merge.

The workflows run under act as they are, against a bare repository and GitHub's API on loopback.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from pgtenant.requests.form import BY_NAME, DISPATCHED
from support import github_api
from support.github_api import GitHubApi
from support.workflows import BRANCH, GitHub, Ran, script

CREATE = "create-rds-database.yml"
CATALOG = "envs/dev-rds/terraform.tfvars"
INVENTORY = {
    "database_name": "inventory_service",
    "username": "inventory_user",
    "owner": "app-team",
    "requester": "daniel-deans",
    "environment": "dev",
    "domain": "application",
    "risk": "high",
    "initial_schema": "none",
    "size": "small",
    "base": BRANCH,
}
ORDERS = INVENTORY | {"database_name": "orders", "username": "orders_user", "risk": "low"}
# Right, as domains are open; a shell, an expression or Markdown would make something of it.
HOSTILE = "a`touch pwned`$(touch pwned)'\";touch pwned;${{ github.token }}|<b>@everyone"


@pytest.fixture
def github(repository: Path, tmp_path: Path) -> Iterator[GitHub]:
    """A repository that was just laid out and pushed."""
    with github_api.serve() as api:
        made = clone(repository, tmp_path / "one", api)
        made.begin()
        api.origin = made.origin
        api.teams = {"platform-team": ["kim-lee"], "security-team": ["jane-doe"]}
        yield made


def clone(repository: Path, home: Path, api: GitHubApi) -> GitHub:
    home.mkdir()
    shutil.copytree(repository, home / "work")
    (home / "home").mkdir()
    return GitHub(home / "work", home / "home", api)


def dispatched(github: GitHub, inputs: dict[str, str]) -> Ran:
    return github.run(
        "workflow_dispatch", CREATE, {"ref": f"refs/heads/{BRANCH}", "inputs": inputs}
    )


def merge(github: GitHub, number: int) -> None:
    pull = github.api.shown(number)
    github.git("fetch", "--quiet", "origin", BRANCH)
    github.git("checkout", "--quiet", "-B", BRANCH, "FETCH_HEAD")
    github.git("fetch", "--quiet", "origin", pull["head"]["ref"])
    github.git("merge", "--quiet", "--no-ff", "--message", f"Merge {number}", "FETCH_HEAD")
    github.git("push", "--quiet", "origin", f"HEAD:{BRANCH}")
    github.api.merged(number)


def number_of(api: GitHubApi, key: str) -> int:
    [number] = [n for n, one in api.pulls.items() if one["head"]["ref"].endswith(f"-dev-{key}")]
    return number


def test_the_form_has_the_fields_of_a_request(repository: Path) -> None:
    document = yaml.safe_load((repository / ".github/workflows" / CREATE).read_text())
    inputs = document[True]["workflow_dispatch"]["inputs"]  # YAML takes `on` for true
    assert list(inputs) == [*DISPATCHED, "base"]
    assert len(inputs) <= 10  # as many as GitHub Enterprise Server takes
    assert inputs["base"]["default"] == BRANCH
    for name in DISPATCHED:
        field, shown = BY_NAME[name], inputs[name]
        assert shown["description"] == field.doc
        assert shown.get("required", False) == field.required
        assert tuple(shown.get("options", ())) == field.choices


def test_two_requests_at_the_same_time_from_the_form_to_the_merge(
    github: GitHub, repository: Path, tmp_path: Path
) -> None:
    """Both are there in the end, with the approvals that they need."""
    api = github.api
    other = clone(repository, tmp_path / "two", api)
    shutil.copytree(github.root / ".git", other.root / ".git")
    other.origin.symlink_to(github.origin)
    github.variables = {"REQUESTS_APP_ID": "1"}
    api.app = "requests-of-example-org[bot]"

    with ThreadPoolExecutor() as pool:
        first = pool.submit(dispatched, github, INVENTORY | {"domain": HOSTILE})
        second = pool.submit(dispatched, other, ORDERS)
    for ran in (first.result(), second.result()):
        assert ran.code == 0, ran.said
    inventory, orders = number_of(api, "inventory_service"), number_of(api, "orders")
    pull = api.shown(inventory)
    labels = [label["name"] for label in pull["labels"]]
    assert labels == ["rds-database", "dev", "high-risk"]
    assert [team["slug"] for team in pull["requested_teams"]] == ["security-team"]
    assert "**security-team**: risk high or access" in pull["body"]
    assert api.status(inventory, "rds-request") == "pending: waits for security-team"
    assert api.status(orders, "rds-request") == "success: self-serve: nobody has to approve"
    assert not [*tmp_path.rglob("pwned")]
    proposed = api.git("show", f"{pull['head']['sha']}:{CATALOG}")
    assert HOSTILE.partition("'")[0] in proposed

    merge(github, orders)
    before = github.git("rev-parse", "HEAD^1")
    event = {"ref": f"refs/heads/{BRANCH}", "before": before}
    rebuilt = github.run("push", "rds-request-rebuild.yml", event)
    assert rebuilt.code == 0, rebuilt.said
    assert "rebuilt" in rebuilt.said

    api.verdict(inventory, "jane-doe")
    repo = {"full_name": "example-org/platform"}
    branch = api.shown(inventory)["head"]["ref"]
    ended: dict[str, object] = {
        "event": "pull_request_review",
        "head_branch": branch,
        "head_repository": repo,
    }
    run: dict[str, object] = {"workflow_run": ended, "repository": repo}
    reviewed = github.run("workflow_run", "rds-request-review.yml", run)
    assert reviewed.code == 0, reviewed.said
    said = "success: approved by security-team (jane-doe)"
    assert api.status(inventory, "rds-request") == said

    merge(github, inventory)
    text = (github.root / CATALOG).read_text()
    assert '"inventory_user"' in text
    assert '"orders_user"' in text


def opened(github: GitHub, inputs: dict[str, str]) -> tuple[int, str, str]:
    """Run the form's script; return its exit code, what it said, and the run's summary."""
    temporary = github.home / "temporary"
    temporary.mkdir(exist_ok=True)
    summary = temporary / "summary.md"
    summary.write_text("")
    done = script(
        github.root,
        "open_request.sh",
        BASE=inputs["base"],
        GITHUB_ACTIONS="true",
        GITHUB_ACTOR="a-person",
        GITHUB_API_URL=github.api.url,
        GITHUB_REPOSITORY="example-org/platform",
        GITHUB_RUN_ID="1001",
        GITHUB_STEP_SUMMARY=str(summary),
        GITHUB_TOKEN="fake-token",
        REQUEST=json.dumps(inputs),
        RUNNER_TEMP=str(temporary),
    )
    return done.code, done.output, summary.read_text()


def test_the_same_form_again_and_another_one_of_that_name(github: GitHub) -> None:
    assert opened(github, INVENTORY)[0] == 0
    code, _, summary = opened(github, INVENTORY)
    assert code == 0
    assert "database/create-dev-inventory_service" in summary
    assert len(github.api.pulls) == 1
    code, said, summary = opened(github, INVENTORY | {"owner": "other-team"})
    assert code == 1
    for text in (said, summary):
        assert 'owner: "app-team" there, "other-team" in the request' in text
    merge(github, number_of(github.api, "inventory_service"))
    code, said, _ = opened(github, INVENTORY)
    assert code == 0
    assert "is there as asked for: nothing was opened" in said
    assert len(github.api.pulls) == 1


def test_a_form_without_a_field(github: GitHub) -> None:
    code, said, _ = opened(github, INVENTORY | {"owner": "", "size": ""})
    assert code == 1
    assert "owner: is missing" in said
    assert "size" not in said
