"""`pgtenant request review`: who has to approve a pull request, and whether they have."""

from __future__ import annotations

import json

import pytest

from support.pull_requests import BASE, CATALOG, Console, Platform, git, proposed


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


def taken(platform: Platform, login: str) -> None:
    """Give an entry that stands far from where new ones come a login."""
    platform.switch(BASE)
    first = f'  aaa = {{\n    database_name = "aaa_db"\n    username      = "{login}"\n  }}\n'
    text = platform.file().replace("databases = {\n", f"databases = {{\n{first}", 1)
    platform.write(CATALOG, f"{text}\n")
    platform.commit("Another")


def test_what_its_base_has_by_now(platform: Platform, console: Console) -> None:
    """Git can merge it, and then nobody's run would go on."""
    console.open("orders")
    number = platform.number("orders")
    assert console.run("review", str(number)).code == 0
    taken(platform, "orders_user")
    done = console.run("rebuild")
    assert done.code == 0
    assert "conflict: the request for orders in dev is refused" in done.out
    assert "1 error(s) in the catalog" in done.err
    assert platform.outcome("orders") == "failure: a catalog is not valid"
    assert console.run("review", str(number)).code == 64


def test_what_its_base_refuses_by_now(platform: Platform, console: Console) -> None:
    """Git can merge it, and the catalog would be valid."""
    console.open("orders")
    platform.switch(BASE)
    prod = (
        platform.file()
        .replace("backstage", "shop")
        .replace('"shop_user"', '"shop_user"\n    secret        = "goldenpath/dev/orders/postgres"')
    )
    platform.write("envs/prod-rds/terraform.tfvars", f"{prod}\n")
    platform.commit("Shop")
    assert console.run("rebuild").code == 0
    assert platform.outcome("orders").startswith("failure: the request for orders in dev is ref")


def test_one_request_on_a_base_that_has_changed(platform: Platform, console: Console) -> None:
    console.open("orders")
    taken(platform, "aaa_user")
    assert console.json("review", str(platform.number("orders")))["one_request"]
    assert platform.outcome("orders") == "success: self-serve: nobody has to approve"


def test_what_it_can_no_longer_be_merged_with(platform: Platform, console: Console) -> None:
    platform.write("notes.txt", "one\n")
    platform.commit("Notes", "mine")
    number = proposed(platform, "mine")
    assert console.run("review", str(number)).code == 0
    git(platform.work, "checkout", "--quiet", "--detach", "HEAD~")
    platform.write("notes.txt", "two\n")
    platform.commit("Notes")
    assert console.run("rebuild").code == 0
    said = platform.api.status(number, "rds-request")
    assert said == "failure: what it targets has changed, and it can't be merged any more"


def test_what_its_base_has_moved_to_where_it_runs(platform: Platform, console: Console) -> None:
    lines = [f"line {number}\n" for number in range(20)]
    platform.write("notes/x.tf", "".join(lines))
    platform.commit("Notes")
    platform.write("notes/x.tf", "".join([*lines[:9], "evil\n", *lines[10:]]))
    platform.api.logins["person@example.org"] = "somebody"
    platform.commit("More", "mine")
    number = proposed(platform, "mine")
    assert console.run("review", str(number)).code == 0
    git(platform.work, "checkout", "--quiet", "--detach", "HEAD~")
    (platform.work / "infrastructure").mkdir()
    git(platform.work, "mv", "notes/x.tf", "infrastructure/x.tf")
    platform.commit("Move it")
    assert console.run("rebuild").code == 0
    assert platform.api.status(number, "rds-request") == "pending: waits for platform-team"


def test_a_policy_that_was_tightened(platform: Platform, console: Console) -> None:
    console.open("orders")
    assert console.run("review", str(platform.number("orders"))).code == 0
    platform.switch(BASE)
    routes = [{"approvers": ["security-team"]}]
    platform.write("pgtenant.toml", f"[requests]\nroutes = {toml(routes)}\n")
    platform.commit("Tighten")
    assert console.run("rebuild").code == 0
    assert platform.outcome("orders") == "pending: waits for security-team"


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
