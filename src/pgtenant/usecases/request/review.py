"""`pgtenant request review`: who has to approve a pull request, and whether they have."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import CatalogError, PgtenantError, UsageError
from pgtenant.forge.git import Git
from pgtenant.forge.model import PullRequest, PullRequests, State
from pgtenant.forge.rest import ForgeError
from pgtenant.requests.approvals import Decision, Review, Verdict, decide, login_of
from pgtenant.requests.routing import route_of
from pgtenant.settings import Settings
from pgtenant.usecases.request.covered import branch_of, holds_more
from pgtenant.usecases.request.repository import Load, Proposed, proposals, rooted

CONTEXT: Final = "rds-request"
"""The status of a pull request's head."""

_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What was found.

    Attributes:
        proposed: the entries that it adds, changes or takes away.
        unasked: whether it touches the files of requests, or what decides about them, in a way that
            no one request does.
        approvers: all that are needed.
        verdicts: the reviews that were there.
        notes: what did not work and decides nothing.
    """

    pull_request: PullRequest
    proposed: tuple[Proposed, ...]
    unasked: bool
    approvers: tuple[str, ...]
    decision: Decision
    verdicts: tuple[Review, ...]
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


def review(git: Git, forge: PullRequests, load: Load, number: int, *, base: str) -> Reviewed:
    """Ask those for a review who have to approve, and tell the head's status whether they have.

    The policy is the base's, whatever the pull request says about it.

    Args:
        git: the repository.
        forge: where it is.
        load: reads the settings of a project.
        number: of the pull request.
        base: the branch that it has to target. The status is a commit's: by the policy of another
            branch, which anybody may have made, it would be good for this one too.

    Raises:
        CatalogError: a catalog would not be valid any more.
        UsageError: it targets another branch, and nothing was said of it; or the base has changed,
            and it can't be merged any more or would be refused.
        PgtenantError: git or the forge failed.
    """
    pull = forge.pull_request(number)
    if pull.base != base:
        raise UsageError(
            f"{pull.url} targets {pull.base}, and nothing was said of it",
            hint=f"only what targets {base} has the status {CONTEXT}: [requests] base",
            code=Code.UNTRUSTED_ORIGIN,
        )
    for _ in range(_ATTEMPTS):
        found = _stated(git, forge, load, pull)
        # Another run may have seen a newer review, and said so before this one.
        if not found.approvers or forge.reviews(number) == found.verdicts:
            break
    return found


def _stated(git: Git, forge: PullRequests, load: Load, pull: PullRequest) -> Reviewed:
    try:
        found = _reviewed(git, forge, load, pull)
    except Exception as error:
        said = error.message if isinstance(error, PgtenantError) else "the review failed"
        said = "a catalog is not valid" if isinstance(error, CatalogError) else said
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
            code=Code.UNTRUSTED_ORIGIN,
        )
    tip = git.fetch(pull.base)
    if git.fetch(pull.branch) != pull.commit:
        raise PgtenantError(
            f"{pull.branch} has moved on", hint="its newer run decides", code=Code.MOVED_ON
        )
    branch = branch_of(git, tip, pull.commit)
    with git.checked_out(tip) as old, git.checked_out(branch.merged) as new:
        settings = load(old)
        proposed = proposals(settings, rooted(settings, new))
        unasked = holds_more(git, load, settings, branch)
    approvers = _approvers(settings, proposed, unasked=unasked)
    members = {one: _members(forge, one) for one in approvers}
    verdicts = forge.reviews(pull.number) if approvers else ()
    approved = any(o.verdict is Verdict.APPROVED and o.commit == pull.commit for o in verdicts)
    requesters = {login_of(one.after.requester or "") for one in proposed if one.after}
    decision = decide(
        approvers,
        members,
        verdicts,
        head=pull.commit,
        own=requesters | (_authors(forge, pull) if approved else {pull.author}),
        since=forge.retargeted(pull.number) if approved else "",
    )
    notes = _ask(forge, pull, decision.missing)
    return Reviewed(pull, proposed, unasked, approvers, decision, verdicts, notes)


def _authors(forge: PullRequests, pull: PullRequest) -> set[str]:
    """Return the logins of whoever had a part in a pull request.

    Anybody can commit in another's name: so who pushed counts as well, for which the forge vouches.

    Raises:
        PgtenantError: somebody unknown had one.
    """
    committers = forge.committers(pull.number)
    if "" in committers:
        raise PgtenantError(
            "a commit's author is nobody that the forge knows",
            hint="whoever wrote it must not approve it: commit with an address of an account",
            code=Code.UNTRUSTED_ORIGIN,
        )
    pushers = forge.pushers(pull.branch, pull.commit)
    if "" in pushers:
        raise PgtenantError(
            f"nobody knows for whom a workflow or a key pushed to {pull.branch}",
            hint="whoever it was must not approve it: push it yourself, under another name",
            code=Code.UNTRUSTED_ORIGIN,
        )
    # The status is the commit's: whoever else asks for the same commit asks for this one.
    others = forge.pull_requests(base=pull.base)
    askers = {one.author for one in others if one.commit == pull.commit}
    return {pull.author, *committers, *pushers, *askers}


def _approvers(
    settings: Settings, proposed: Iterable[Proposed], *, unasked: bool
) -> tuple[str, ...]:
    policy = settings.requests
    found = dict.fromkeys(
        approver
        for one in proposed
        for entry in (one.before, one.after)
        if entry is not None
        for approver in route_of(policy, one.environment, entry).approvers
    )
    if unasked:
        found |= dict.fromkeys(policy.approvers)
    return tuple(found)


def _user(approver: str) -> str | None:
    """Return the login of an approver that is one person: `@login`, and no `@organization/team`."""
    return approver[1:] if approver.startswith("@") and "/" not in approver else None


def _team(approver: str) -> str:
    """Return the slug of an approver that is a team."""
    return approver.rpartition("/")[2]


def _members(forge: PullRequests, approver: str) -> frozenset[str]:
    if (login := _user(approver)) is not None:
        return frozenset({login})
    try:
        return forge.members(approver.removeprefix("@"))
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
