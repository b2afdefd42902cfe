"""`pgtenant request review`: who has to approve a pull request, and whether they have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pgtenant.errors import CatalogError, PgtenantError
from pgtenant.forge.git import Git
from pgtenant.forge.model import PullRequest, PullRequests, State
from pgtenant.forge.rest import ForgeError
from pgtenant.requests.approvals import Decision, decide
from pgtenant.requests.routing import route
from pgtenant.settings import FILE_NAME, Settings
from pgtenant.usecases.request.repository import Load, Proposed, asked_in, proposals, rooted

CONTEXT: Final = "rds-request"
"""The status of a pull request's head."""

_WORKFLOWS: Final = ".github/"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What was found.

    Attributes:
        proposed: the entries that it adds, changes or takes away.
        unasked: whether it touches the files of requests, or what decides about them, in a way that
            no one request does.
        approvers: all that are needed.
        notes: what did not work and decides nothing.
    """

    pull_request: PullRequest
    proposed: tuple[Proposed, ...]
    unasked: bool
    approvers: tuple[str, ...]
    decision: Decision
    notes: tuple[str, ...]

    @property
    def said(self) -> str:
        """The outcome, as the status of the commit has it."""
        if self.decision.against:
            return f"changes requested by {', '.join(self.decision.against)}"
        if self.decision.missing:
            return f"waits for {', '.join(self.decision.missing)}"
        if self.approvers:
            return "approved by " + ", ".join(
                f"{approver} ({', '.join(logins)})"
                for approver, logins in self.decision.approved.items()
            )
        return "self-serve: nobody has to approve" if self.proposed else "changes no database"


def review(git: Git, forge: PullRequests, load: Load, number: int) -> Reviewed:
    """Ask those for a review who have to approve, and tell the head's status whether they have.

    The policy is the base's, whatever the pull request says about it.

    Raises:
        CatalogError: a catalog of the pull request is not valid.
        PgtenantError: git or the forge failed.
    """
    pull = forge.pull_request(number)
    try:
        found = _reviewed(git, forge, load, pull)
    except PgtenantError as error:
        said = "a catalog is not valid" if isinstance(error, CatalogError) else error.message
        forge.set_status(pull.commit, CONTEXT, State.FAILURE, said)
        raise
    if found.decision.stands:
        state = State.SUCCESS
    else:
        state = State.FAILURE if found.decision.against else State.PENDING
    forge.set_status(pull.commit, CONTEXT, state, found.said)
    return found


def _reviewed(git: Git, forge: PullRequests, load: Load, pull: PullRequest) -> Reviewed:
    if pull.from_elsewhere:
        raise PgtenantError(
            "the pull request is from another repository",
            hint="push its branch to this one: its checks need rights that a fork's have not",
        )
    tip = git.fetch(pull.base)
    if git.fetch(pull.branch) != pull.commit:
        raise PgtenantError(f"{pull.branch} has moved on", hint="its newer run decides")
    start = git.merge_base(tip, pull.commit)
    with git.checked_out(tip) as policy:
        settings = load(policy)
        with git.checked_out(start) as old, git.checked_out(pull.commit) as new:
            proposed = proposals(rooted(settings, old), rooted(settings, new))
        unasked = _unasked(git, load, settings, start, pull.commit)
    approvers = _approvers(settings, proposed, unasked=unasked)
    committers = forge.committers(pull.number)
    requesters = {one.after.requester or "" for one in proposed if one.after is not None}
    own = {pull.author, *committers, *requesters}
    if approvers and "" in committers:
        raise PgtenantError(
            "a commit's author is nobody that the forge knows",
            hint="whoever wrote it must not approve it: commit with an address of an account",
        )
    members = {one: _members(forge, one) for one in approvers}
    verdicts = forge.reviews(pull.number) if approvers else ()
    decision = decide(approvers, members, verdicts, head=pull.commit, own=own - {""})
    notes = _ask(forge, pull, decision.missing)
    return Reviewed(pull, proposed, unasked, approvers, decision, notes)


def _unasked(git: Git, load: Load, settings: Settings, start: str, head: str) -> bool:
    """Tell whether there is more in a branch than one request."""
    paths = git.changed(start, head)
    return any(_is_of_requests(settings, path) for path in paths) and (
        asked_in(git, load, start, head) is None
    )


def _is_of_requests(settings: Settings, path: str) -> bool:
    """Tell whether a path is among those that requests change, or that decide about them."""
    requests = settings.requests
    changed = (settings.project.catalog, requests.catalog, requests.entity)
    # The part before the first placeholder: what is below it may be any environment's.
    prefixes = (one.partition("{")[0] for one in changed)
    return path.startswith((*prefixes, FILE_NAME, _WORKFLOWS))


def _approvers(
    settings: Settings, proposed: Iterable[Proposed], *, unasked: bool
) -> tuple[str, ...]:
    policy = settings.requests
    found = dict.fromkeys(
        approver
        for one in proposed
        for entry in (one.before, one.after)
        if entry is not None
        for approver in route(policy, one.environment, entry.risk, entry.size).approvers
    )
    if unasked:
        found |= dict.fromkeys(policy.approvers)
    return tuple(found)


def _user(approver: str) -> str | None:
    """Return the login of an approver that is one person: `@login`, and no `@organization/team`."""
    return approver[1:] if approver.startswith("@") and "/" not in approver else None


def _team(approver: str) -> str:
    return approver.rpartition("/")[2]


def _members(forge: PullRequests, approver: str) -> frozenset[str]:
    if (login := _user(approver)) is not None:
        return frozenset({login})
    try:
        return forge.members(_team(approver))
    except ForgeError as error:
        raise ForgeError(
            f"the members of {approver} can't be read: {error.message}",
            hint="the token needs to read the organization's members, which that of a workflow"
            " can't; or name people in the policy, as @login",
            status=error.status,
        ) from None


def _ask(forge: PullRequests, pull: PullRequest, missing: Iterable[str]) -> tuple[str, ...]:
    users = [login for one in missing if (login := _user(one)) and login != pull.author]
    teams = [_team(one) for one in missing if _user(one) is None]
    users, teams = ([one for one in all_ if one not in pull.asked] for all_ in (users, teams))
    if not users and not teams:
        return ()
    try:
        forge.ask_for_reviews(pull.number, users, teams)
    except ForgeError as error:
        who = ", ".join((*users, *teams))
        return (f"{who} could not be asked for a review: {error.message}",)
    return ()
