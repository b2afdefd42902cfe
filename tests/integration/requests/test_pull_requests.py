"""Requests as branches and pull requests: real git, a bare repository, GitHub's API on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pgtenant.cli import main
from support import github_api
from support.github_api import GitHubApi, Refused
from support.project import Result
from support.published import check_output

BASE = "development"
CATALOG = "envs/dev-rds/terraform.tfvars"
RECORDS = "docs/20-contracts/resource-catalogs/rds-catalog.yaml"
FIELDS = {"owner": "app-team", "requester": "daniel-deans", "domain": "application"}
SETTINGS = """\
[requests]
approvers = ["platform-team"]
"""
TEAMS = {"platform-team": ["jane-doe", "kim-lee"], "security-team": ["sam-roe", "jane-doe"]}
BEFORE = """\
# Every application's database.
application_databases = {
  backstage = {
    database_name = "backstage"
    username      = "backstage_user"
  }
}
"""


class Platform:
    """A platform repository on a GitHub, and a clone of it."""

    def __init__(self, root: Path, api: GitHubApi) -> None:
        self.root = root
        self.api = api
        self.origin = root / "origin.git"
        self.work = root / "work"
        api.origin = self.origin
        api.teams = dict(TEAMS)
        git(root, "init", "--quiet", "--bare", "--initial-branch", BASE, str(self.origin))
        git(root, "clone", "--quiet", str(self.origin), str(self.work))
        self.write(CATALOG, BEFORE)
        self.write("pgtenant.toml", SETTINGS)
        self.commit("Begin")

    @property
    def environ(self) -> dict[str, str]:
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "a-person",
            "GITHUB_ACTOR_ID": "42",
            "GITHUB_API_URL": self.api.url,
            "GITHUB_REPOSITORY": "example-org/platform",
            "GITHUB_RUN_ID": "1001",
            "GITHUB_SERVER_URL": "https://github.example.org",
            "GITHUB_TOKEN": "fake-token",
        }

    def write(self, path: str, text: str) -> None:
        (self.work / path).parent.mkdir(parents=True, exist_ok=True)
        (self.work / path).write_text(text)

    def commit(self, message: str, branch: str = BASE) -> None:
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--message", message)
        git(self.work, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")

    def switch(self, branch: str) -> None:
        git(self.work, "fetch", "--quiet", "origin", branch)
        git(self.work, "checkout", "--quiet", "--force", "-B", "work", "FETCH_HEAD")

    def merge(self, number: int) -> None:
        """Merge a pull request as its button does."""
        branch = self.api.shown(number)["head"]["ref"]
        self.switch(BASE)
        git(self.work, "fetch", "--quiet", "origin", branch)
        git(self.work, "merge", "--quiet", "--no-ff", "--message", f"Merge {number}", "FETCH_HEAD")
        git(self.work, "push", "--quiet", "origin", f"HEAD:refs/heads/{BASE}")
        self.api.merged(number)

    def file(self, path: str = CATALOG, branch: str = BASE) -> str:
        return git(self.origin, "show", f"{branch}:{path}")

    def branches(self) -> list[str]:
        listed = git(self.origin, "for-each-ref", "--format=%(refname:short)", "refs/heads")
        return [name for name in listed.split() if name != BASE]

    def number(self, key: str) -> int:
        [number] = [
            number
            for number, pull in self.api.pulls.items()
            if pull["head"]["ref"] == f"database/create-dev-{key}"
        ]
        return number

    def outcome(self, key: str) -> str:
        return self.api.status(self.number(key), "rds-request")


class Console:
    """`pgtenant request`, as a workflow runs it."""

    def __init__(
        self,
        platform: Platform,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self._platform = platform
        self._capsys = capsys
        for name, value in platform.environ.items():
            monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        asked = ["request", *arguments, "--project", str(self._platform.work)]
        done = Result(main(asked), *self._capsys.readouterr())
        check_output(asked, done.out)
        return done

    def open(self, name: str, **changed: str) -> Result:
        return self.run(*opening(name, **changed))

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--format", "json").out)


def opening(name: str, **changed: str) -> list[str]:
    fields = {"database_name": name, "username": f"{name}_user", **FIELDS, "risk": "medium"}
    flags = [f"--{k.replace('_', '-')}={v}" for k, v in (fields | changed).items()]
    return ["open", "-e", "dev", *flags]


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
    )
    return done.stdout.rstrip("\n")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with github_api.serve() as api:
        yield Platform(tmp_path, api)


@pytest.fixture
def console(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Console:
    return Console(platform, monkeypatch, capsys)


def test_a_request_becomes_one_pull_request(platform: Platform, console: Console) -> None:
    first = console.open("inventory")
    assert (first.code, first.err) == (0, "")
    [pull] = platform.api.pulls.values()
    assert pull["head"]["ref"] == "database/create-dev-inventory"
    assert pull["base"]["ref"] == BASE
    assert [label["name"] for label in pull["labels"]] == ["rds-database", "dev", "medium-risk"]
    assert pull["title"] == "Database inventory in dev"
    for said in (
        "Terraform makes the secret `goldenpath/dev/inventory/postgres`",
        "backups of the instance: 14 days at least",
        "Nobody: this is self-serve.",
        "+  inventory = {",
        "+ database inventory  owned by inventory_user",
        "`a-person` started this, and names `daniel-deans` as the requester",
        "https://github.example.org/example-org/platform/actions/runs/1001",
    ):
        assert said in pull["body"]
    assert platform.file() == BEFORE.rstrip("\n")
    assert "inventory_user" in platform.file(branch="database/create-dev-inventory")
    shown = git(platform.origin, "log", "-1", "--format=%ae %ce", "database/create-dev-inventory")
    bot = "41898282+github-actions[bot]@users.noreply.github.com"
    assert shown == f"42+a-person@users.noreply.github.com {bot}"
    # What is checked out is as it was.
    assert git(platform.work, "status", "--porcelain") == ""
    assert git(platform.work, "worktree", "list").count("\n") == 0

    again = console.open("inventory")
    assert again.code == 0
    assert "is open already" in again.out
    assert len(platform.api.pulls) == 1

    platform.merge(platform.number("inventory"))
    after = console.open("inventory")
    assert after.code == 0
    assert "is there as asked for; nothing was opened" in after.out
    assert len(platform.api.pulls) == 1
    platform.switch(BASE)
    described = console.run("show", "-e", "dev", "inventory", "--format", "markdown")
    assert "+ database inventory  owned by inventory_user" in described.out


def test_what_was_interrupted_is_finished(platform: Platform, console: Console) -> None:
    """The branch was pushed, the pull request not opened; or it has no labels yet."""
    platform.api.failures += [Refused(500, "") for _ in range(4)]  # as often as it is asked
    assert console.open("inventory").code == 1
    assert platform.branches() == ["database/create-dev-inventory"]
    assert console.open("inventory").code == 0
    platform.api.pulls[platform.number("inventory")]["labels"] = []
    assert console.open("inventory").code == 0
    [pull] = platform.api.pulls.values()
    assert len(pull["labels"]) == 3


def test_another_request_of_that_name_is_refused(platform: Platform, console: Console) -> None:
    assert console.open("inventory").code == 0
    head = git(platform.origin, "rev-parse", "database/create-dev-inventory")
    other = console.open("inventory", owner="other-team")
    assert other.code == 64
    assert "database/create-dev-inventory is another request's" in other.err
    assert 'owner: "app-team" there, "other-team" in the request' in other.err
    assert git(platform.origin, "rev-parse", "database/create-dev-inventory") == head
    taken = console.open("other", username="backstage_user")
    assert taken.code == 64
    assert "backstage_user" in taken.err
    assert len(platform.branches()) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"database_name": 'x"; drop role y; --'}, "database_name"),
        ({"owner": "$(touch /tmp/pwned)"}, "owner"),
        ({"username": "--upload-pack=touch"}, "username"),
        ({"domain": "a\nb"}, "domain"),
    ],
)
def test_hostile_values_open_nothing(
    changed: dict[str, str], said: str, platform: Platform, console: Console
) -> None:
    done = console.open("inventory", **changed)
    assert done.code == 64
    assert said in done.err
    assert platform.branches() == []
    assert platform.api.pulls == {}


@pytest.mark.parametrize("base", ["nowhere", "--upload-pack=touch", "a:refs/heads/b", "*", ""])
def test_a_base_that_is_none(base: str, platform: Platform, console: Console) -> None:
    done = console.open("inventory", base=base or "-")
    assert done.code == 64
    assert "has no branch" in done.err
    assert platform.branches() == []


def test_requests_at_the_same_time_both_survive(platform: Platform, console: Console) -> None:
    """Two processes, each in a clone of its own; then the second one can't be merged by git."""
    both("orders", "payments", platform)
    assert len(platform.api.pulls) == 2
    platform.merge(platform.number("orders"))
    with pytest.raises(subprocess.CalledProcessError):
        platform.merge(platform.number("payments"))
    done = console.run("rebuild")
    assert done.code == 0, done.err
    assert "rebuilt" in done.out
    platform.merge(platform.number("payments"))
    for name in ("backstage", "orders", "payments"):
        assert f"{name}_user" in platform.file()
    assert "DATABASE_ORDERS" in platform.file(RECORDS)
    assert "DATABASE_PAYMENTS" in platform.file(RECORDS)


def test_the_same_request_twice_at_the_same_time_is_one(platform: Platform) -> None:
    both("orders", "orders", platform)
    assert len(platform.api.pulls) == 1


def both(one: str, other: str, platform: Platform) -> None:
    """Open two requests at once, and insist that both succeed."""
    clones = []
    for number in range(2):
        clone = platform.root / f"clone-{number}"
        git(platform.root, "clone", "--quiet", str(platform.origin), str(clone))
        clones.append(clone)
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "pgtenant", "request", *opening(name)],
            cwd=clone,
            env=os.environ | platform.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, clone in zip((one, other), clones, strict=True)
    ]
    for process in started:
        said, _ = process.communicate()
        assert process.returncode == 0, said


@pytest.mark.parametrize("same_user", [False, True])
def test_what_is_merged_while_a_pull_request_is_opened(
    same_user: bool, platform: Platform, console: Console
) -> None:
    """The merge's own rebuild may be over by then."""
    console.open("orders")
    platform.api.meanwhile.append(lambda: platform.merge(platform.number("orders")))
    done = console.open("payments", **({"username": "orders_user"} if same_user else {}))
    if same_user:
        assert done.code == 64
        assert "development has changed, and refuses it by now" in done.err
    else:
        assert done.code == 0, done.err
        platform.merge(platform.number("payments"))
        assert '"payments_user"' in platform.file()


def test_only_what_git_cannot_merge_is_made_again(platform: Platform, console: Console) -> None:
    """The approvals of the others stand."""
    console.open("orders")
    console.open("payments")
    platform.switch(BASE)
    platform.write("README.md", "Hello\n")
    platform.commit("Elsewhere")
    fates = console.json("rebuild")["pull_requests"]
    assert [one["fate"] for one in fates] == ["current", "current"]
    heads = [git(platform.origin, "rev-parse", name) for name in platform.branches()]
    platform.merge(platform.number("orders"))
    [fate] = console.json("rebuild")["pull_requests"]
    assert fate["fate"] == "rebuilt"
    now = git(platform.origin, "rev-parse", "database/create-dev-payments")
    assert now not in heads
    author = git(platform.origin, "log", "-1", "--format=%ae", now)
    assert author == "42+a-person@users.noreply.github.com"
    assert platform.outcome("payments") == "success: self-serve: nobody has to approve"
    [again] = console.json("rebuild")["pull_requests"]
    assert again["fate"] == "current"


def test_what_a_person_has_edited_is_left_to_people(platform: Platform, console: Console) -> None:
    console.open("orders")
    console.open("payments")
    platform.switch("database/create-dev-payments")
    text = (platform.work / CATALOG).read_text()
    platform.write(CATALOG, text.replace('"payments_user"', '"payments_user" # for the shop'))
    platform.commit("Say what for", "database/create-dev-payments")
    head = git(platform.origin, "rev-parse", "database/create-dev-payments")
    platform.merge(platform.number("orders"))
    [fate] = console.json("rebuild")["pull_requests"]
    assert fate["fate"] == "edited"
    assert git(platform.origin, "rev-parse", "database/create-dev-payments") == head


def test_a_request_that_the_base_refuses_now(platform: Platform, console: Console) -> None:
    console.open("orders")
    console.open("sales", username="orders_user")
    platform.merge(platform.number("orders"))
    [fate] = console.json("rebuild")["pull_requests"]
    assert fate["fate"] == "conflict"
    assert "orders_user" in fate["reason"]


def test_self_serve_passes(platform: Platform, console: Console) -> None:
    console.open("orders")
    done = console.run("review", str(platform.number("orders")))
    assert (done.code, done.err) == (0, "")
    assert platform.outcome("orders") == "success: self-serve: nobody has to approve"


def test_all_who_have_to_approve_have_to_approve(platform: Platform, console: Console) -> None:
    console.open("orders", risk="high", size="small", requester="sam-roe")
    number = platform.number("orders")
    waiting = console.run("review", str(number))
    assert waiting.code == 3
    assert platform.outcome("orders") == "pending: waits for security-team"
    pull = platform.api.shown(number)
    assert [team["slug"] for team in pull["requested_teams"]] == ["security-team"]

    # Whose own request it is, who started it, and an outsider.
    for login in ("sam-roe", "a-person", "nobody-special"):
        platform.api.verdict(number, login)
        assert console.run("review", str(number)).code == 3

    platform.api.verdict(number, "Jane-Doe")
    assert console.run("review", str(number)).code == 0
    said = "success: approved by security-team (Jane-Doe)"
    assert platform.outcome("orders") == said
    assert [team["slug"] for team in pull["requested_teams"]] == ["security-team"]

    platform.api.verdict(number, "jane-doe", "COMMENTED")
    assert console.run("review", str(number)).code == 0
    platform.api.verdict(number, "jane-doe", "CHANGES_REQUESTED")
    assert console.run("review", str(number)).code == 3
    assert platform.outcome("orders") == "failure: changes requested by jane-doe"


def test_an_approval_is_for_the_commit_that_was_seen(platform: Platform, console: Console) -> None:
    console.open("orders", risk="high")
    number = platform.number("orders")
    platform.api.verdict(number, "jane-doe")
    assert console.run("review", str(number)).code == 0
    platform.switch("database/create-dev-orders")
    platform.write("README.md", "More\n")
    platform.api.logins["person@example.org"] = "jane-doe"
    platform.commit("More", "database/create-dev-orders")
    assert console.run("review", str(number)).code == 3
    # It is more than a request now, and jane-doe wrote a part of it.
    platform.api.verdict(number, "jane-doe")
    assert console.run("review", str(number)).code == 3
    assert platform.outcome("orders") == "pending: waits for security-team, platform-team"
    platform.api.verdict(number, "sam-roe")
    platform.api.verdict(number, "kim-lee")
    assert console.run("review", str(number)).code == 0


def test_an_author_whom_nobody_knows_could_be_anybody(platform: Platform, console: Console) -> None:
    console.open("orders", risk="high")
    number = platform.number("orders")
    platform.switch("database/create-dev-orders")
    platform.write("README.md", "More\n")
    platform.commit("More", "database/create-dev-orders")
    platform.api.verdict(number, "jane-doe")
    done = console.run("review", str(number))
    assert done.code == 1
    assert "nobody that the forge knows" in done.err
    assert platform.outcome("orders").startswith("failure: ")


def test_the_policy_is_the_bases(platform: Platform, console: Console) -> None:
    """A pull request can't say by itself that nobody has to approve it, nor hide what it adds."""
    console.open("orders", risk="high")
    platform.switch("database/create-dev-orders")
    platform.write("pgtenant.toml", "[requests]\napprovers = []\nroutes = []\n")
    platform.api.logins["person@example.org"] = "somebody"
    platform.commit("Nobody has to", "database/create-dev-orders")
    found = console.json("review", str(platform.number("orders")))
    assert found["approvers"] == ["security-team", "platform-team"]
    assert found["one_request"] is False


def test_a_change_needs_who_approves_the_old_and_the_new(
    platform: Platform, console: Console
) -> None:
    console.open("orders", risk="high")
    platform.merge(platform.number("orders"))
    platform.switch(BASE)
    assert console.run("change", "-e", "dev", "orders", "--risk", "low").code == 0
    platform.api.logins["person@example.org"] = "somebody"
    platform.commit("Lower", "lower")
    found = console.json("review", str(proposed(platform, "lower")))
    assert found["entries"] == [{"environment": "dev", "key": "orders", "what": "changed"}]
    assert found["approvers"] == ["security-team", "platform-team"]


def proposed(platform: Platform, branch: str) -> int:
    """Open a pull request by hand."""
    members = {"title": branch, "body": "", "head": branch, "base": BASE}
    pull: Any = platform.api.answer("POST", "/repos/example-org/platform/pulls", members)
    return int(pull["number"])


@pytest.mark.parametrize(
    ("path", "approvers"),
    [
        ("README.md", []),
        ("pgtenant.toml", ["platform-team"]),
        (".github/workflows/x.yml", ["platform-team"]),
        ("envs/dev-rds/main.tf", ["platform-team"]),
        ("backstage/databases/dev/backstage.yaml", ["platform-team"]),
    ],
)
def test_what_is_no_request(
    path: str, approvers: list[str], platform: Platform, console: Console
) -> None:
    file = platform.work / path
    platform.write(path, f"{file.read_text() if file.exists() else ''}# more\n")
    platform.api.logins["person@example.org"] = "somebody"
    platform.commit("More", "more")
    found = console.json("review", str(proposed(platform, "more")))
    assert (found["entries"], found["approvers"]) == ([], approvers)


def test_members_that_cannot_be_read_approve_nothing(platform: Platform, console: Console) -> None:
    console.open("orders", risk="high")
    del platform.api.teams["security-team"]
    platform.api.verdict(platform.number("orders"), "jane-doe")
    done = console.run("review", str(platform.number("orders")))
    assert done.code == 1
    assert "the members of security-team can't be read" in done.err
    assert platform.outcome("orders").startswith("failure: ")


def test_people_and_teams_can_be_named(platform: Platform, console: Console) -> None:
    routes = [{"approvers": ["@Kim-Lee", "@example-org/security-team"]}]
    policy = f"[requests]\nroutes = {toml(routes)}\n"
    platform.write("pgtenant.toml", policy)
    platform.commit("Name them")
    console.open("orders")
    number = platform.number("orders")
    assert console.run("review", str(number)).code == 3
    pull = platform.api.shown(number)
    assert [user["login"] for user in pull["requested_reviewers"]] == ["Kim-Lee"]
    assert [team["slug"] for team in pull["requested_teams"]] == ["security-team"]
    for login in ("kim-lee", "sam-roe"):
        platform.api.verdict(number, login)
    assert console.run("review", str(number)).code == 0


def toml(routes: list[dict[str, list[str]]]) -> str:
    return json.dumps(routes).replace(": ", " = ").replace('"approvers"', "approvers")


def test_actions_that_may_not_open_pull_requests(platform: Platform, console: Console) -> None:
    told = "GitHub Actions is not permitted to create or approve pull requests."
    platform.api.failures += [Refused(200, ""), Refused(403, told)]
    platform.api.failures[0].body = []  # type: ignore[assignment]
    done = console.open("inventory")
    assert done.code == 1
    assert told in done.err
    assert "let Actions create pull requests" in done.err
    assert console.open("inventory").code == 0


def test_a_clone_that_is_too_shallow(platform: Platform, console: Console) -> None:
    console.open("orders")
    for number in range(2):
        platform.switch(BASE)
        platform.write("README.md", f"{number}\n")
        platform.commit("More")
    shallow = platform.root / "shallow"
    git(platform.root, "clone", "--quiet", "--depth=1", platform.origin.as_uri(), str(shallow))
    platform.work = shallow
    done = console.run("review", str(platform.number("orders")))
    assert done.code == 1
    assert "fetch-depth: 0" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("order", ["abc", "cba", "bac"])
def test_whatever_is_merged_first_nothing_is_lost(
    order: str, platform: Platform, console: Console
) -> None:
    for name in ("a", "b", "c"):
        assert console.open(f"app_{name}").code == 0
    for name in order:
        platform.merge(platform.number(f"app_{name}"))
        assert console.run("rebuild").code == 0
    for name in ("backstage", "app_a", "app_b", "app_c"):
        assert f'"{name}_user"' in platform.file()
