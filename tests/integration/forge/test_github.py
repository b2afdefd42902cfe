"""The client, against the calls that GitHub's reference describes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from pgtenant.errors import UsageError
from pgtenant.forge.github import GitHub, from_environment
from pgtenant.forge.model import Comments, Issues, PullRequests, Runs, State
from pgtenant.forge.rest import ForgeError
from support import github_api
from support.github_api import GitHubApi, Refused

TOKEN = "fake-token"


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    with github_api.serve() as served:
        yield served


def client(api: GitHubApi) -> GitHub:
    return from_environment(
        {
            "GITHUB_API_URL": api.url,
            "GITHUB_REPOSITORY": "example-org/platform",
            "GITHUB_TOKEN": TOKEN,
        }
    )


def test_it_is_what_the_tool_asks_for(api: GitHubApi) -> None:
    forge = client(api)
    issues: Issues = forge
    pulls: PullRequests = forge
    comments: Comments = forge
    runs: Runs = forge
    assert {issues, pulls, comments, runs} == {forge}


def test_an_issue_from_its_opening_to_its_end(api: GitHubApi) -> None:
    forge = client(api)
    opened = forge.create_issue("Drift", "two entries", ["rds-drift"])
    forge.create_issue("Another", "", ["other"])
    assert forge.issues("rds-drift") == (opened,)
    assert opened.by_bot
    assert forge.update_issue(opened.number, "Drift", "one entry").body == "one entry"
    forge.close_issue(opened.number, "All are gone.")
    assert forge.issues("rds-drift") == ()
    assert api.comments[-1]["body"] == "All are gone."
    assert api.issues[opened.number]["state_reason"] == "completed"


def test_every_page_is_read(api: GitHubApi) -> None:
    forge = client(api)
    shown = forge.create_issue("Drift", "", ["rds-drift"])
    api.issues = {n: api.issues[shown.number] | {"number": n} for n in range(201)}
    assert len({issue.number for issue in forge.issues("rds-drift")}) == 201
    api.teams["platform-team"] = [f"person-{number}" for number in range(100)]
    assert len(forge.members("platform-team")) == 100


def test_what_passes_is_asked_again(api: GitHubApi) -> None:
    api.failures += [Refused(502, "Bad Gateway")]
    assert client(api).issues("rds-drift") == ()
    assert len(api.asked) == 2


def test_a_limit_is_waited_out(api: GitHubApi) -> None:
    """Its secondary one is a refusal with the seconds to wait."""
    api.failures += [Refused(403, "You have exceeded a secondary rate limit", wait="0")]
    assert client(api).issues("rds-drift") == ()
    assert len(api.asked) == 2
    # Nobody waits for an hour in a workflow, nor for what is no limit.
    for refused in (Refused(403, "Forbidden"), Refused(429, "Too many", wait="3600")):
        api.failures += [refused]
        if refused.code == 403:
            with pytest.raises(ForgeError, match="HTTP 403"):
                client(api).issues("rds-drift")
        else:
            assert client(api).issues("rds-drift") == ()


def test_a_status_is_insisted_on(api: GitHubApi) -> None:
    api.status_failures += [Refused(502, "Bad Gateway"), Refused(500, "")]
    client(api).set_status("abc", "rds-request", State.SUCCESS, "x" * 141)
    [said] = api.statuses.values()
    assert said["description"] == "x" * 139 + "…"


def test_who_pushed(api: GitHubApi) -> None:
    bot = {"login": "github-actions[bot]"}
    told = {"ref": "refs/heads/a", "after": "new", "activity_type": "push"}
    api.pushes = [
        told | {"after": "old", "actor": {"login": "jane-doe"}},
        told | {"actor": bot},
        told | {"after": "0" * 40, "actor": None, "activity_type": "branch_deletion"},
        told | {"ref": "refs/heads/b", "actor": {"login": "kim-lee"}},
    ]
    assert client(api).pushers("a", "new") == {"jane-doe", "github-actions[bot]"}
    # With an App of our own, that bot is any workflow.
    assert replace(client(api), app=True).pushers("a", "new") == {"jane-doe", ""}
    with pytest.raises(ForgeError, match="does not say yet who pushed"):
        client(api).pushers("a", "newer")
    api.pushes *= 34
    with pytest.raises(ForgeError, match="100 times or more"):
        client(api).pushers("a", "new")


def test_when_it_got_another_base(api: GitHubApi) -> None:
    forge = client(api)
    assert forge.retargeted(7) == ""
    at = {"created_at": "2026-01-31T12:00:00Z"}
    later = {"created_at": "2026-01-31T13:00:00Z"}
    api.events[7] = [
        {"event": "base_ref_changed", **at},
        {"event": "automatic_base_change_succeeded", **later},
        {"event": "labeled", "created_at": "2026-01-31T14:00:00Z"},
    ]
    assert forge.retargeted(7) == later["created_at"]


def test_what_writes_is_asked_once(api: GitHubApi) -> None:
    api.failures += [Refused(502, "Bad Gateway")]
    with pytest.raises(ForgeError) as failed:
        client(api).create_issue("Drift", "", [])
    assert failed.value.message == "POST repos/example-org/platform/issues: HTTP 502: Bad Gateway"
    assert len(api.asked) == 1


def test_what_github_says_is_wrong_is_said(api: GitHubApi) -> None:
    error = {"message": "A pull request already exists", "code": "custom"}
    api.failures += [Refused(422, "Validation Failed", error)]
    with pytest.raises(ForgeError, match="Validation Failed: A pull request already") as failed:
        client(api).open_pull_request(branch="a", base="b", title="", body="")
    assert failed.value.status == 422
    assert TOKEN not in repr(client(api))


def test_the_token_is_taken_nowhere_else(api: GitHubApi) -> None:
    """A redirection is an error, and not followed."""
    api.failures += [Refused(302, "Found")]
    with pytest.raises(ForgeError, match="HTTP 302"):
        client(api).members("platform-team")
    assert len(api.asked) == 1


def test_nobody_there_is_an_error_without_the_token() -> None:
    forge = from_environment(
        {
            "GITHUB_API_URL": "http://127.0.0.1:9",
            "GITHUB_REPOSITORY": "example-org/platform",
            "GITHUB_TOKEN": TOKEN,
        }
    )
    with pytest.raises(ForgeError) as failed:
        forge.create_issue("Drift", "", [])
    assert failed.value.status == 0
    assert TOKEN not in failed.value.message


def test_without_a_token_nothing_is_asked() -> None:
    with pytest.raises(UsageError, match="GITHUB_TOKEN is not set"):
        from_environment({"GITHUB_REPOSITORY": "example-org/platform"})
    with pytest.raises(UsageError, match="GITHUB_REPOSITORY and GITHUB_TOKEN are not set"):
        from_environment({})
