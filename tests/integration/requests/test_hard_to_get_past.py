"""What somebody may try who wants a database without its approvals: real git, GitHub's API here."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from support.github_api import Refused
from support.pull_requests import BASE, CATALOG, Console, Platform, git, proposed

CREATED = "database/create-dev-orders"
SOMEBODY = "7+octocat@users.noreply.github.com"


@pytest.fixture(autouse=True)
def account(platform: Platform) -> None:
    """Whoever pushes by hand is somebody that GitHub knows."""
    platform.api.logins["person@example.org"] = "somebody"


def pushed_again(platform: Platform, pusher: str | None) -> None:
    """Push what the branch of a request has once more, in another name."""
    platform.switch(CREATED)
    by = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "octocat"), ("EMAIL", SOMEBODY))
    }
    amend = ["git", "commit", "--amend", "--reset-author", "--no-edit", "--quiet"]
    subprocess.run(amend, cwd=platform.work, env=os.environ | by, check=True)
    platform.api.pushed_by[git(platform.work, "rev-parse", "HEAD")] = pusher
    git(platform.work, "push", "--quiet", "--force", "origin", f"HEAD:refs/heads/{CREATED}")


def test_who_pushed_it_cannot_approve_it_in_whatever_name(
    platform: Platform, console: Console
) -> None:
    console.open("orders", risk="high")
    number = platform.number("orders")
    pushed_again(platform, "sam-roe")
    platform.api.verdict(number, "sam-roe")
    assert console.run("review", str(number)).code == 3
    assert platform.outcome("orders") == "pending: waits for security-team"
    # Nor when somebody else pushes after them.
    pushed_again(platform, "octocat")
    platform.api.verdict(number, "sam-roe")
    assert console.run("review", str(number)).code == 3
    platform.api.verdict(number, "jane-doe")
    assert console.run("review", str(number)).code == 0


@pytest.mark.parametrize("pusher", [None, "github-actions[bot]"])
def test_what_nobody_knows_who_pushed(
    pusher: str | None, platform: Platform, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any workflow pushes as that bot, also one that whoever wants an approval has just written."""
    console.open("orders", risk="high")
    number = platform.number("orders")
    pushed_again(platform, pusher)
    monkeypatch.setenv("REQUESTS_APP_ID", "1")
    platform.api.verdict(number, "sam-roe")
    done = console.run("review", str(number))
    assert done.code == 1
    assert "nobody knows for whom" in done.err
    assert platform.outcome("orders").startswith("failure: ")


def test_a_workflow_that_starts_the_workflow(
    platform: Platform, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has just written it would approve what the App then pushes for them."""
    monkeypatch.setenv("GITHUB_ACTOR", "github-actions[bot]")
    monkeypatch.setenv("REQUESTS_APP_ID", "1")
    done = console.open("orders", risk="high")
    assert done.code == 64
    assert "nobody knows for whom" in done.err
    assert platform.branches() == []
    monkeypatch.delenv("REQUESTS_APP_ID")  # no boundary then, and no reason
    assert console.open("orders", risk="high").code == 0


def test_a_push_that_github_does_not_tell_of_yet(platform: Platform, console: Console) -> None:
    console.open("orders", risk="high")
    number = platform.number("orders")
    platform.api.verdict(number, "sam-roe")
    platform.api.tells_of_pushes = False
    done = console.run("review", str(number))
    assert done.code == 1
    assert "does not say yet who pushed" in done.err
    platform.api.tells_of_pushes = True
    assert console.run("review", str(number)).code == 0


@pytest.mark.parametrize("requester", ["@sam-roe", "user:default/sam-roe", "user:Sam-Roe"])
def test_a_requester_by_another_way_of_writing(
    requester: str, platform: Platform, console: Console
) -> None:
    console.open("orders", risk="high", requester=requester)
    number = platform.number("orders")
    platform.api.verdict(number, "sam-roe")
    assert console.run("review", str(number)).code == 3


def test_an_approval_is_for_the_base_that_was_seen(platform: Platform, console: Console) -> None:
    """What it says is hidden as long as the branch that it targets says it too."""
    evil = 'application_databases = {\n  evil = {\n    database_name = "evil_db"\n'
    evil += '    username = "evil_user"\n    risk = "high"\n  }\n}\n'
    platform.write("envs/prod-rds/terraform.tfvars", evil)
    platform.commit("evil", "other")
    platform.write("README.md", "typo fixed\n")
    platform.commit("typo", "fix")
    number = proposed(platform, "fix")
    platform.api.retarget(number, "other")
    refused = console.run("review", str(number))
    assert refused.code == 64
    assert "targets other, and nothing was said of it" in refused.err
    assert platform.api.statuses == {}
    for login in ("kim-lee", "sam-roe"):
        platform.api.verdict(number, login)
    platform.api.retarget(number, BASE)
    assert console.run("review", str(number)).code == 3
    assert platform.api.status(number, "rds-request").startswith("pending: waits for ")
    for login in ("kim-lee", "sam-roe"):
        platform.api.verdict(number, login)
    assert console.run("review", str(number)).code == 0


@pytest.mark.parametrize("newer", ["of the branch", "of the base"])
def test_a_merge_that_takes_back_what_was_approved(
    newer: str, platform: Platform, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no different from one of the last commits in common, and takes back the other."""
    platform.write("envs/prod-rds/terraform.tfvars", "application_databases = {}\n")
    platform.commit("Approved", "approved")
    approved = git(platform.work, "rev-parse", "HEAD")
    git(platform.work, "checkout", "--quiet", "--detach", "HEAD~")
    platform.write("README.md", "x\n")
    year = "2001" if newer == "of the branch" else "2031"
    monkeypatch.setenv("GIT_COMMITTER_DATE", f"{year}-01-31T12:00:00Z")
    platform.commit("Something else")
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    before = git(platform.work, "rev-parse", "HEAD")
    git(platform.work, "merge", "--quiet", "--no-ff", "--message", "Merge it", approved)
    git(platform.work, "push", "--quiet", "origin", f"HEAD:refs/heads/{BASE}")
    git(platform.work, "checkout", "--quiet", "--detach", before)
    git(platform.work, "merge", "--quiet", "--strategy", "ours", "--message", "x", approved)
    git(platform.work, "push", "--quiet", "origin", "HEAD:refs/heads/back")
    number = proposed(platform, "back")
    done = console.run("review", str(number))
    assert done.code == 1
    assert "2 last commits in common" in done.err
    assert platform.api.status(number, "rds-request").startswith("failure: ")


def test_a_policy_of_ones_own_branch(platform: Platform, console: Console) -> None:
    """The status is the commit's: another base's policy must not speak for this one's."""
    console.open("orders", risk="high")
    console.run("review", str(platform.number("orders")))
    platform.switch(BASE)
    platform.write("pgtenant.toml", "[requests]\napprovers = []\nroutes = []\n")
    platform.commit("Nobody has to", "mine")
    members = {"title": "x", "body": "", "head": CREATED, "base": "mine"}
    other: Any = platform.api.answer("POST", "/repos/example-org/platform/pulls", members)
    assert console.run("review", str(other["number"])).code == 64
    assert platform.api.status(other["number"], "rds-request").startswith("pending: ")


def test_two_pull_requests_of_one_commit(platform: Platform, console: Console) -> None:
    """Whose own it is in one can't approve it in the other."""
    console.open("orders", risk="high")
    number = platform.number("orders")
    git(platform.origin, "branch", "same", CREATED)
    platform.api.note_pushes()
    same = proposed(platform, "same")
    platform.api.pulls[same]["user"] = {"login": "jane-doe", "type": "User"}
    platform.api.verdict(number, "jane-doe")
    assert console.run("review", str(number)).code == 3
    platform.api.verdict(number, "sam-roe")
    assert console.run("review", str(number)).code == 0


def test_a_review_that_was_dismissed_counts_no_more(platform: Platform, console: Console) -> None:
    console.open("orders", risk="high")
    number = platform.number("orders")
    platform.api.verdict(number, "sam-roe")
    assert console.run("review", "--branch", CREATED).code == 0
    platform.api.dismiss(number, "sam-roe")
    assert console.run("review", "--branch", CREATED).code == 3
    assert platform.outcome("orders") == "pending: waits for security-team"


def test_a_branch_without_a_pull_request(console: Console) -> None:
    done = console.run("review", "--branch", "nothing-of-it")
    assert (done.code, done.out) == (0, "")
    assert "no pull request from nothing-of-it to development is open" in done.err
    assert console.run("review").code == 64
    assert console.run("review", "7", "--branch", "x").code == 64


def test_a_commit_too_many(platform: Platform, console: Console) -> None:
    """GitHub does not say who wrote the 251st."""
    console.open("orders", risk="high")
    number = platform.number("orders")
    platform.switch(CREATED)
    tree = git(platform.work, "rev-parse", "HEAD^{tree}")
    last = git(platform.work, "rev-parse", "HEAD")
    for _ in range(250):
        last = git(platform.work, "commit-tree", tree, "-p", last, "-m", "x")
    git(platform.work, "push", "--quiet", "origin", f"{last}:refs/heads/{CREATED}")
    platform.api.verdict(number, "sam-roe")
    done = console.run("review", str(number))
    assert done.code == 1
    assert "250 commits or more" in done.err


@pytest.mark.parametrize("level", ["editor", "reader"])
def test_who_reads_what_another_team_owns(level: str, platform: Platform, console: Console) -> None:
    console.open("payments", owner="payments-team")
    platform.merge(platform.number("payments"))
    fields = {"database_name": "payments", "username": "snoop_user", "access_level": level}
    assert console.open("snoop", **fields, key="snoop", risk="none").code == 0
    found = console.json("review", str(platform.number("snoop")))
    assert found["missing"] == ["security-team"]


def test_a_secret_of_ones_own_is_never_self_serve(platform: Platform, console: Console) -> None:
    assert console.open("orders", secret="a/secret/of/mine").code == 0
    found = console.json("review", str(platform.number("orders")))
    assert found["missing"] == ["platform-team"]


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("goldenpath/dev/rds/master", "the admin's of dev"),
        ("goldenpath/prod/rds/master", "the admin's of prod"),
        ("goldenpath/prod/later/postgres", "is among those of prod"),
        ("goldenpath/dev/backstage/postgres", "backstage"),
    ],
)
def test_a_secret_that_is_anothers(
    secret: str, said: str, platform: Platform, console: Console
) -> None:
    platform.write("envs/prod-rds/terraform.tfvars", "application_databases = {}\n")
    platform.commit("prod")
    done = console.open("orders", secret=secret)
    assert done.code == 64
    assert said in done.err
    assert platform.branches() == []
    if said != "backstage":  # which may be told its own
        done = console.run("change", "-e", "dev", "backstage", f"--secret={secret}")
        assert done.code == 64
        assert said in done.err


def test_a_secret_that_somebody_has_chosen_before(platform: Platform, console: Console) -> None:
    """Terraform would make it for the entry of that key, and both would have one password."""
    assert console.open("alpha", secret="goldenpath/dev/orders/postgres").code == 0
    platform.merge(platform.number("alpha"))
    done = console.open("orders")
    assert done.code == 64
    assert "key: its secret goldenpath/dev/orders/postgres is that of alpha already" in done.err
    assert "database/create-dev-orders" not in platform.branches()


def test_a_key_whose_secret_is_the_admins(platform: Platform, console: Console) -> None:
    platform.write("pgtenant.toml", '[secrets]\napp = "goldenpath/{env}/{entry}/master"\n')
    platform.commit("Names")
    done = console.open("rds", username="orders_user")
    assert done.code == 64
    assert "key: its secret goldenpath/dev/rds/master is the admin's of dev" in done.err
    assert platform.branches() == []


@pytest.mark.parametrize(
    "path",
    [
        "infrastructure/terraform/rds/main.tf",
        "scripts/rds_job.py",
        "requirements/pgtenant.txt",
        "schemas/x.sql",
        "governance/dev/rds_provision_audit.csv",
        ".gitattributes",
        "docs/20-contracts/resource-catalogs/.gitattributes",
        "GNUmakefile",  # which make takes before a Makefile
        "makefile",
        "backstage/templates/rds-database/template.yaml",
    ],
)
def test_what_runs_after_the_merge(path: str, platform: Platform, console: Console) -> None:
    platform.write(path, "x\n")
    platform.commit("More", "more")
    found = console.json("review", str(proposed(platform, "more")))
    assert (found["entries"], found["approvers"]) == ([], ["platform-team"])


@pytest.mark.parametrize("directory", ["schemas", "certs", "governance"])
def test_a_link_in_the_place_of_what_runs(
    directory: str, platform: Platform, console: Console
) -> None:
    (platform.work / directory).symlink_to("notes")
    platform.commit("Link", "link")
    found = console.json("review", str(proposed(platform, "link")))
    assert found["approvers"] == ["platform-team"]


def test_the_workflows_of_a_project_in_a_directory(platform: Platform, console: Console) -> None:
    (platform.work / "sub").mkdir()
    git(platform.work, "mv", "envs", "pgtenant.toml", "sub")
    platform.commit("Move")
    platform.write(".github/workflows/x.yml", "on: push\n")
    platform.commit("More", "more")
    number = proposed(platform, "more")
    platform.work = platform.work / "sub"
    assert console.json("review", str(number))["approvers"] == ["platform-team"]


def test_a_link_that_leads_out_of_the_copy(platform: Platform, console: Console) -> None:
    secret = platform.root / "elsewhere"
    secret.write_text("TOPSECRET token\n")
    (platform.work / CATALOG).unlink()
    (platform.work / CATALOG).symlink_to(secret)
    platform.commit("Link", "link")
    number = proposed(platform, "link")
    done = console.run("review", str(number))
    assert done.code == 64
    assert "TOPSECRET" not in done.err
    assert platform.api.status(number, "rds-request").startswith("failure: ")


@pytest.mark.parametrize(
    ("setting", "path"),
    [
        ("[project] catalog", "/elsewhere.tfvars"),
        ("[requests] catalog", "/victim/site.pth"),
        ("[requests] catalog", "../../../../../../../victim/site.pth"),
        ("[requests] catalog", "envs/../.GIT/config"),
        ("[requests] entity", "/victim/{env}-{entry}.yaml"),
    ],
)
def test_settings_that_lead_out_of_the_copy(
    setting: str, path: str, platform: Platform, console: Console
) -> None:
    """Whoever made the base would read and write files of the machine that runs this."""
    (platform.root / "elsewhere.tfvars").write_text("TOPSECRET token\n")
    path = f"{platform.root}{path}" if path.startswith("/") else path
    section, name = setting.split()
    platform.write("pgtenant.toml", f'{section}\n{name} = "{path}"\n')
    platform.commit("Mine", "mine")
    done = console.open("orders", base="mine")
    assert done.code == 64
    assert f"{setting} = " in done.err
    assert "is no place in the project" in done.err
    assert "TOPSECRET" not in done.err
    assert not (platform.root / "victim").exists()
    assert platform.branches() == ["mine"]


def test_an_app_opens_nothing_for_a_branch_of_ones_own(
    platform: Platform, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form's run has the App's key, and would believe that branch's settings."""
    git(platform.origin, "branch", "mine", BASE)
    monkeypatch.setenv("REQUESTS_APP_ID", "1")
    done = console.open("orders", base="mine")
    assert done.code == 64
    assert "with an App, requests target development, and not mine" in done.err
    assert platform.branches() == ["mine"]
    assert console.open("orders", base=BASE).code == 0
    monkeypatch.delenv("REQUESTS_APP_ID")
    assert console.open("ledger", base="mine").code == 0


def test_links_within_a_repository_stay(platform: Platform, console: Console) -> None:
    """Also those that lead out stay in what is committed."""
    (platform.work / "within").symlink_to(CATALOG)
    (platform.work / "out").symlink_to("/etc/hostname")
    platform.commit("Link")
    assert console.open("orders").code == 0
    for name, target in (("within", CATALOG), ("out", "/etc/hostname")):
        assert git(platform.origin, "show", f"{CREATED}:{name}") == target
        listed = git(platform.origin, "ls-tree", CREATED, name)
        assert listed.startswith("120000 ")
    assert console.json("review", str(platform.number("orders")))["one_request"]


def test_a_status_that_is_not_taken_at_once(platform: Platform, console: Console) -> None:
    console.open("orders", risk="high")
    number = platform.number("orders")
    platform.api.verdict(number, "sam-roe")
    assert console.run("review", str(number)).code == 0
    platform.api.verdict(number, "sam-roe", "CHANGES_REQUESTED")
    platform.api.status_failures += [Refused(502, "Bad Gateway")]
    assert console.run("review", str(number)).code == 3
    assert platform.outcome("orders") == "failure: changes requested by sam-roe"


def test_a_review_while_the_status_is_set(platform: Platform, console: Console) -> None:
    """The last that is said is what the last review says."""
    console.open("orders", risk="high")
    number = platform.number("orders")
    platform.api.verdict(number, "sam-roe")
    platform.api.before_a_status.append(lambda: platform.api.dismiss(number, "sam-roe"))
    assert console.run("review", str(number)).code == 3
    assert platform.outcome("orders") == "pending: waits for security-team"


def test_a_team_of_another_organization(platform: Platform, console: Console) -> None:
    policy = '[requests]\nroutes = [{approvers = ["@other-org/security-team"]}]\n'
    platform.write("pgtenant.toml", policy)
    platform.commit("Theirs")
    console.open("orders")
    done = console.run("review", str(platform.number("orders")))
    assert done.code == 1
    assert "a team of another organization" in done.err


@pytest.mark.parametrize("field", ["requester", "domain"])
@pytest.mark.parametrize("text", ["dan [skip ci]", "[CI Skip]", "x skip-checks: true"])
def test_what_stops_workflows_is_refused(
    field: str, text: str, platform: Platform, console: Console
) -> None:
    done = console.open("orders", **{field: text})
    assert done.code == 64
    assert "stops GitHub's workflows" in done.err
    assert platform.branches() == []


def test_nothing_that_somebody_typed_is_in_the_message(
    platform: Platform, console: Console
) -> None:
    typed = {"requester": "dan closes #1 @example-org/all", "domain": "fixes #2"}
    assert console.open("orders", **typed).code == 0
    message = git(platform.origin, "log", "-1", "--format=%B", CREATED)
    assert message.strip() == "Request orders in dev\n\nFor app-team, started by a-person."


@pytest.mark.parametrize("how", ["merged", "squashed"])
@pytest.mark.parametrize("owner", ["app-team", "other-team"])
def test_a_branch_that_was_merged_and_left(
    owner: str, how: str, platform: Platform, console: Console
) -> None:
    """The same or another request of that name, once the first one is gone from the catalog."""
    before = platform.file()
    console.open("orders")
    if how == "merged":
        platform.merge(platform.number("orders"))
    else:
        platform.switch(CREATED)
        platform.api.merged(platform.number("orders"))
        git(platform.work, "reset", "--quiet", "--soft", f"origin/{BASE}")
        platform.commit("Database orders in dev (#7)")
    platform.switch(BASE)
    assert "orders_user" in platform.file()
    platform.write(CATALOG, f"{before}\n")
    platform.commit("Retire it")
    assert "orders_user" not in platform.file()
    done = console.open("orders", owner=owner)
    assert done.code == 0, done.err
    assert "opened, from database/create-dev-orders" in done.out
    assert f'"{owner}"' in platform.file(branch=CREATED)
    assert git(platform.origin, "merge-base", BASE, CREATED) == git(
        platform.origin, "rev-parse", BASE
    )


def test_a_request_that_was_merged_into_a_branch_of_ones_own(
    platform: Platform, console: Console
) -> None:
    """It is still asked for here, and stays as it is."""
    console.open("orders")
    there = git(platform.origin, "rev-parse", CREATED)
    git(platform.origin, "branch", "mine", BASE)
    members = {"title": "x", "body": "", "head": CREATED, "base": "mine"}
    other: Any = platform.api.answer("POST", "/repos/example-org/platform/pulls", members)
    platform.api.merged(other["number"])
    refused = console.open("orders", owner="other-team")
    assert refused.code == 64
    assert "is another request's" in refused.err
    assert git(platform.origin, "rev-parse", CREATED) == there


def test_a_branch_that_holds_more_than_the_request(platform: Platform, console: Console) -> None:
    platform.api.failures += [Refused(500, "") for _ in range(4)]
    assert console.open("orders").code == 1  # the branch is there, the pull request is not
    platform.switch(CREATED)
    platform.write("README.md", "More\n")
    platform.commit("More", CREATED)
    assert console.open("orders").code == 0
    body = platform.api.pulls[platform.number("orders")]["body"]
    assert "holds more than what this says" in body
    assert console.json("review", str(platform.number("orders")))["missing"] == ["platform-team"]


def test_one_bad_request_holds_up_no_other(platform: Platform, console: Console) -> None:
    for name in ("orders", "ledger", "zebra"):
        assert console.open(name).code == 0
    branch = "database/create-dev-ledger"
    raw = git(platform.origin, "cat-file", "commit", branch).replace("author a-person", "author ")
    nameless = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        cwd=platform.origin,
        input=f"{raw}\n",
        text=True,
        capture_output=True,
        check=True,
    ).stdout.strip()
    git(platform.origin, "update-ref", f"refs/heads/{branch}", nameless)
    platform.merge(platform.number("orders"))
    done = console.run("rebuild", "--format", "json")
    assert done.code == 1
    assert "empty ident name" in done.err
    assert f"pull/{platform.number('ledger')}" in done.err
    assert '"fate": "failed"' in done.out
    assert '"fate": "rebuilt"' in done.out


def test_a_pull_request_from_a_fork(platform: Platform, console: Console) -> None:
    console.open("orders", risk="high")
    number = platform.number("orders")
    platform.api.pulls[number]["head"]["repo"] = {"full_name": "somebody/platform"}
    platform.api.verdict(number, "sam-roe")
    done = console.run("review", str(number))
    assert done.code == 1
    assert "from another repository" in done.err
    assert platform.outcome("orders").startswith("failure: ")


def test_an_entry_that_moves_to_another_environment(platform: Platform, console: Console) -> None:
    """It needs who approves that it goes, and who approves that it comes."""
    console.open("orders", risk="high")
    platform.merge(platform.number("orders"))
    platform.switch(BASE)
    text = (platform.work / CATALOG).read_text()
    platform.write("envs/prod-rds/terraform.tfvars", text.replace('"high"', '"low"'))
    platform.write(CATALOG, "application_databases = {}\n")
    platform.commit("Move", "move")
    found = console.json("review", str(proposed(platform, "move")))
    moved = [(one["environment"], one["key"], one["what"]) for one in found["entries"]]
    assert ("dev", "orders", "removed") in moved
    assert ("prod", "orders", "added") in moved
    assert set(found["missing"]) == {"platform-team", "security-team"}


def test_more_reviews_than_a_page_has(platform: Platform, console: Console) -> None:
    console.open("orders", risk="high")
    number = platform.number("orders")
    platform.api.verdict(number, "sam-roe")
    for _ in range(100):
        platform.api.verdict(number, "nobody-special", "COMMENTED")
    platform.api.verdict(number, "sam-roe", "CHANGES_REQUESTED")
    assert console.run("review", str(number)).code == 3
    assert platform.outcome("orders") == "failure: changes requested by sam-roe"
