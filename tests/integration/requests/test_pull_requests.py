"""Requests become pull requests and follow their base: real git, GitHub's API on loopback."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.github_api import Refused
from support.pull_requests import BASE, BEFORE, CATALOG, RECORDS, Console, Platform, git, opening


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


def test_actions_that_may_not_open_pull_requests(platform: Platform, console: Console) -> None:
    told = "GitHub Actions is not permitted to create or approve pull requests."
    platform.api.failures += [Refused(200, ""), Refused(403, told)]
    platform.api.failures[0].body = []  # type: ignore[assignment]
    done = console.open("inventory")
    assert done.code == 1
    assert told in done.err
    assert "let Actions create pull requests" in done.err
    assert console.open("inventory").code == 0


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
