"""What pgtenant asks of a forge, whichever it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pgtenant.requests.approvals import Review


@dataclass(frozen=True, slots=True)
class Issue:
    """An open issue.

    Attributes:
        url: for people.
        by_bot: whether a program opened it.
    """

    number: int
    url: str
    title: str
    body: str
    labels: tuple[str, ...]
    by_bot: bool


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of an issue or a pull request.

    Attributes:
        by_bot: whether a program wrote it.
    """

    number: int
    body: str
    by_bot: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """What the reviewers of an environment said of a workflow's run.

    Attributes:
        approved: the logins of who approved it.
        rejected: the logins of who rejected it.
    """

    approved: frozenset[str]
    rejected: frozenset[str]


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request from a branch of the repository itself.

    Attributes:
        url: for people.
        branch: what it is from, and `commit` its head.
        base: the branch that it targets.
        author: the login of who opened it.
        asked: the users and teams that were asked to review it.
        from_elsewhere: whether its branch is another repository's.
    """

    number: int
    url: str
    title: str
    body: str
    labels: tuple[str, ...]
    branch: str
    commit: str
    base: str
    author: str
    asked: tuple[str, ...]
    from_elsewhere: bool


class State(StrEnum):
    """What a commit's status says."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"


class Issues(Protocol):
    """The issues of a repository. Every method raises `ForgeError`."""

    def issues(self, label: str) -> tuple[Issue, ...]:
        """Return the open issues with a label, the oldest first."""
        ...

    def create_issue(self, title: str, body: str, labels: Sequence[str]) -> Issue:
        """Open one."""
        ...

    def update_issue(self, number: int, title: str, body: str) -> Issue:
        """Give one another title and body."""
        ...

    def close_issue(self, number: int, comment: str) -> None:
        """Close one, after a comment that says why."""
        ...


class Comments(Protocol):
    """The comments of a repository's issues and pull requests. Every method raises `ForgeError`."""

    def comments(self, number: int) -> tuple[Comment, ...]:
        """Return those of an issue or a pull request, the oldest first."""
        ...

    def create_comment(self, number: int, body: str) -> None:
        """Comment on an issue or a pull request."""
        ...

    def update_comment(self, number: int, body: str) -> None:
        """Give a comment, whose own number this is, another text."""
        ...


class Runs(Protocol):
    """The runs of a repository's workflows. Every method raises `ForgeError`."""

    def gate(self, run: str, environment: str) -> Gate:
        """Return what the reviewers of an environment said of a run, in all of its attempts."""
        ...


class PullRequests(Protocol):
    """The pull requests of a repository. Every method raises `ForgeError`."""

    def pull_request(self, number: int) -> PullRequest:
        """Return one, open or not."""
        ...

    def pull_requests(self, *, base: str, branch: str | None = None) -> tuple[PullRequest, ...]:
        """Return the open ones that target a branch, or of these those from a branch."""
        ...

    def was_merged(self, branch: str, commit: str, *, base: str) -> bool:
        """Tell whether a branch was merged into another as it is, in whatever way."""
        ...

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str) -> PullRequest:
        """Open one."""
        ...

    def add_labels(self, number: int, labels: Sequence[str]) -> None:
        """Add labels; those that it has stay."""
        ...

    def ask_for_reviews(self, number: int, users: Sequence[str], teams: Sequence[str]) -> None:
        """Ask users and teams to review it."""
        ...

    def reviews(self, number: int) -> tuple[Review, ...]:
        """Return the verdicts, the oldest first."""
        ...

    def committers(self, number: int) -> frozenset[str]:
        """Return the logins that its commits name as theirs; empty for an unknown one."""
        ...

    def pushers(self, branch: str, commit: str) -> frozenset[str]:
        """Return the logins of who ever pushed to a branch; empty for somebody unknown.

        Args:
            branch: its name.
            commit: where it is now.
        """
        ...

    def retargeted(self, number: int) -> str:
        """Return when it last got another base, as a review says it; empty when it never did."""
        ...

    def members(self, team: str) -> frozenset[str]:
        """Return the logins of a team's members; `organization/team` has to be of the same one."""
        ...

    def set_status(self, commit: str, context: str, state: State, description: str) -> None:
        """Say something of a commit."""
        ...
