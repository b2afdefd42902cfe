"""GitHub, and GitHub Enterprise Server: their REST API, as far as `model` asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.forge.model import Comment, Gate, Issue, PullRequest, State
from pgtenant.forge.rest import PAGE, Api, ForgeError
from pgtenant.requests.approvals import Review, Verdict

_LONGEST_STATUS: Final = 140
_MOST_COMMITS: Final = 250
"""GitHub lists no more of a pull request's commits."""

ANY_WORKFLOW: Final = "github-actions[bot]"
"""Whoever may push a branch can have a workflow of his own push as this one."""

_GONE: Final = "ghost"
"""As whom GitHub shows an account that is gone."""

_RETARGETED: Final = frozenset(
    {"base_ref_changed", "base_ref_force_pushed", "automatic_base_change_succeeded"}
)
_VERDICTS: Final = {
    "APPROVED": Verdict.APPROVED,
    "CHANGES_REQUESTED": Verdict.CHANGES_REQUESTED,
    "DISMISSED": Verdict.DISMISSED,
}


@dataclass(frozen=True, slots=True)
class GitHub:
    """A repository on GitHub; satisfies every protocol in `model`.

    Attributes:
        repository: such as `example-org/platform`.
        app: whether the token is an App's, and not that of a workflow.
    """

    api: Api
    repository: str
    app: bool = False

    @property
    def _repo(self) -> str:
        return f"repos/{quote(self.repository)}"

    @property
    def _organization(self) -> str:
        return self.repository.partition("/")[0]

    def issues(self, label: str) -> tuple[Issue, ...]:
        """Return the open issues with a label, the oldest first."""
        query = urlencode({"state": "open", "labels": label, "direction": "asc"})
        found = self.api.pages(f"{self._repo}/issues?{query}")
        # To GitHub a pull request is an issue too.
        return tuple(_issue(one) for one in found if "pull_request" not in one)

    def create_issue(self, title: str, body: str, labels: Sequence[str]) -> Issue:
        """Open one."""
        members = {"title": title, "body": body, "labels": list(labels)}
        return _issue(self.api.call("POST", f"{self._repo}/issues", members))

    def update_issue(self, number: int, title: str, body: str) -> Issue:
        """Give one another title and body."""
        members = {"title": title, "body": body}
        return _issue(self.api.call("PATCH", f"{self._repo}/issues/{number}", members))

    def close_issue(self, number: int, comment: str) -> None:
        """Close one, after a comment that says why."""
        self.create_comment(number, comment)
        members = {"state": "closed", "state_reason": "completed"}
        self.api.call("PATCH", f"{self._repo}/issues/{number}", members)

    def comments(self, number: int) -> tuple[Comment, ...]:
        """Return those of an issue or a pull request, the oldest first."""
        return tuple(
            Comment(one["id"], one.get("body") or "", by_bot=_is_bots(one))
            for one in self.api.pages(f"{self._repo}/issues/{number}/comments")
        )

    def create_comment(self, number: int, body: str) -> None:
        """Comment on an issue or a pull request."""
        self.api.call("POST", f"{self._repo}/issues/{number}/comments", {"body": body})

    def update_comment(self, number: int, body: str) -> None:
        """Give a comment, whose own number this is, another text."""
        self.api.insist("PATCH", f"{self._repo}/issues/comments/{number}", {"body": body})

    def gate(self, run: str, environment: str) -> Gate:
        """Return what the reviewers of an environment said of a run, in all of its attempts."""
        said = [
            (str(one["state"]), _login(one) or _GONE)
            for one in self.api.get(f"{self._repo}/actions/runs/{quote(run, safe='')}/approvals")
            if environment in {reviewed["name"] for reviewed in one["environments"]}
        ]
        return Gate(
            approved=frozenset(login for state, login in said if state == "approved"),
            rejected=frozenset(login for state, login in said if state == "rejected"),
        )

    def pull_request(self, number: int) -> PullRequest:
        """Return one, open or not."""
        return self._pull_request(self.api.get(f"{self._repo}/pulls/{number}"))

    def pull_requests(self, *, base: str, branch: str | None = None) -> tuple[PullRequest, ...]:
        """Return the open ones that target a branch, or of these those from a branch."""
        query = {"state": "open", "base": base}
        if branch is not None:
            query["head"] = f"{self._organization}:{branch}"
        pages = self.api.pages(f"{self._repo}/pulls?{urlencode(query)}")
        found = [self._pull_request(one) for one in pages]
        ours = (one for one in found if not one.from_elsewhere)
        return tuple(one for one in ours if branch is None or one.branch == branch)

    def was_merged(self, branch: str, commit: str, *, base: str) -> bool:
        """Tell whether a branch was merged into another as it is, in whatever way."""
        head = f"{self._organization}:{branch}"
        query = urlencode({"state": "closed", "head": head, "base": base})
        return any(
            one.get("merged_at") and one["head"]["ref"] == branch and one["head"]["sha"] == commit
            for one in self.api.pages(f"{self._repo}/pulls?{query}")
        )

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str) -> PullRequest:
        """Open one."""
        members = {"title": title, "body": body, "head": branch, "base": base}
        return self._pull_request(self.api.call("POST", f"{self._repo}/pulls", members))

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """Add labels; those that it has stay, and those that the repository lacks are made."""
        path = f"{self._repo}/issues/{number}/labels"
        self.api.call("POST", path, {"labels": list(labels)})

    def ask_for_reviews(self, number: int, users: Sequence[str], teams: Sequence[str]) -> None:
        """Ask users and teams to review it."""
        path = f"{self._repo}/pulls/{number}/requested_reviewers"
        self.api.call("POST", path, {"reviewers": list(users), "team_reviewers": list(teams)})

    def reviews(self, number: int) -> tuple[Review, ...]:
        """Return the verdicts, the oldest first."""
        return tuple(
            Review(
                login=_login(one),
                verdict=_VERDICTS[one["state"]],
                commit=str(one.get("commit_id") or ""),
                at=str(one.get("submitted_at") or ""),
            )
            for one in self.api.pages(f"{self._repo}/pulls/{number}/reviews")
            if one["state"] in _VERDICTS
        )

    def committers(self, number: int) -> frozenset[str]:
        """Return the logins that its commits name as theirs; empty for an unknown one.

        Raises:
            ForgeError: it has more commits than GitHub tells of.
        """
        commits = list(self.api.pages(f"{self._repo}/pulls/{number}/commits"))
        if len(commits) >= _MOST_COMMITS:
            raise ForgeError(
                f"it has {_MOST_COMMITS} commits or more, and GitHub does not say whose the rest"
                " are",
                hint="make fewer of them",
            )
        return frozenset(
            str((commit.get(role) or {}).get("login") or "")
            for commit in commits
            for role in ("author", "committer")
        )

    def pushers(self, branch: str, commit: str) -> frozenset[str]:
        """Return the logins of who ever pushed to a branch; empty for somebody unknown.

        Raises:
            ForgeError: GitHub does not tell of every push, or not of the last one yet.
        """
        query = urlencode({"ref": f"refs/heads/{branch}", "per_page": PAGE})
        found = self.api.get(f"{self._repo}/activity?{query}")
        if len(found) >= PAGE:
            raise ForgeError(
                f"{branch} was pushed {PAGE} times or more", hint="push it under another name"
            )
        if commit not in {one.get("after") for one in found}:
            raise ForgeError(
                f"GitHub does not say yet who pushed {commit:.12} to {branch}",
                hint="run it again in a minute",
            )
        logins = {
            str((one.get("actor") or {}).get("login") or "")
            for one in found
            if one.get("activity_type") != "branch_deletion"
        }
        # Without an App that is us, and whoever may push can set the status anyhow.
        return frozenset("" if self.app and one == ANY_WORKFLOW else one for one in logins)

    def retargeted(self, number: int) -> str:
        """Return when it last got another base, as a review says it; empty when it never did."""
        # The timeline of a pull request, which is another list, does not tell of it.
        events = self.api.pages(f"{self._repo}/issues/{number}/events")
        return max((str(o["created_at"]) for o in events if o["event"] in _RETARGETED), default="")

    def members(self, team: str) -> frozenset[str]:
        """Return the logins of a team's members; `organization/team` has to be of the same one."""
        organization, _, slug = team.rpartition("/")
        if organization and organization.lower() != self._organization.lower():
            raise ForgeError(f"{team} is a team of another organization")
        path = f"orgs/{quote(self._organization)}/teams/{quote(slug, safe='')}/members"
        return frozenset(str(one["login"]) for one in self.api.pages(path))

    def set_status(self, commit: str, context: str, state: State, description: str) -> None:
        """Say something of a commit."""
        members = {
            "state": str(state),
            "context": context,
            "description": _cut(description),
        }
        # To say the same twice makes no difference; to say nothing leaves what was said before.
        self.api.insist("POST", f"{self._repo}/statuses/{quote(commit, safe='')}", members)

    def _pull_request(self, found: Mapping[str, Any]) -> PullRequest:
        head = found["head"]
        there = (head.get("repo") or {}).get("full_name", "")
        users = (str(one["login"]) for one in found.get("requested_reviewers") or ())
        teams = (str(one["slug"]) for one in found.get("requested_teams") or ())
        return PullRequest(
            number=found["number"],
            url=found["html_url"],
            title=found["title"],
            body=found.get("body") or "",
            labels=_labels(found),
            branch=head["ref"],
            commit=head["sha"],
            base=found["base"]["ref"],
            author=_login(found),
            asked=(*users, *teams),
            from_elsewhere=there.lower() != self.repository.lower(),
        )


def from_environment(environ: Mapping[str, str]) -> GitHub:
    """Return the repository that a workflow runs in.

    Raises:
        UsageError: the environment does not name it, or has no token.
    """
    missing = [name for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not environ.get(name)]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set",
            hint="GITHUB_REPOSITORY is OWNER/NAME, and GITHUB_TOKEN may write its pull requests",
            code=Code.MISSING_VARIABLE,
        )
    url = environ.get("GITHUB_API_URL") or "https://api.github.com"
    api = Api(url.rstrip("/"), environ["GITHUB_TOKEN"])
    return GitHub(api, environ["GITHUB_REPOSITORY"], app=bool(environ.get("REQUESTS_APP_ID")))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_STATUS else f"{text[: _LONGEST_STATUS - 1]}…"


def _issue(found: Mapping[str, Any]) -> Issue:
    return Issue(
        number=found["number"],
        url=found["html_url"],
        title=found["title"],
        body=found.get("body") or "",
        labels=_labels(found),
        by_bot=_is_bots(found),
    )


def _labels(found: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(one["name"]) for one in found.get("labels") or ())


def _is_bots(found: Mapping[str, Any]) -> bool:
    return (found.get("user") or {}).get("type") == "Bot"


def _login(found: Mapping[str, Any]) -> str:
    """Return who it is from; nobody for an account that is gone."""
    return str((found.get("user") or {}).get("login") or "")
