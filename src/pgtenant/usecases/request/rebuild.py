"""`pgtenant request rebuild`: open requests follow their base.

Two requests touch neighbouring lines of one catalog. Once one is merged, git can't merge the other
any more, though nothing is wrong with it: so it is made once more on what there is now.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from pgtenant.errors import PgtenantError
from pgtenant.forge.git import Git
from pgtenant.forge.model import PullRequest, PullRequests
from pgtenant.requests.routing import is_branch
from pgtenant.usecases.request.add import add
from pgtenant.usecases.request.repository import Load, Starter, asked_in, message


class Fate(StrEnum):
    """What became of an open request."""

    CURRENT = "current"
    REBUILT = "rebuilt"
    MERGED = "merged already"
    CONFLICT = "conflict"
    EDITED = "edited by hand"
    MOVED = "moved meanwhile"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """An open request.

    Attributes:
        reason: why it can't be what it was, or empty.
    """

    pull_request: PullRequest
    fate: Fate
    reason: str = ""


def rebuild(git: Git, forge: PullRequests, load: Load, base: str) -> tuple[Rebuilt, ...]:
    """Make every open request that can't be merged any more once more on its base.

    One that git can merge stays as it is, and so do its approvals. One that was edited by hand, or
    is in conflict with what the base says now, is left to people. What fails for one of them
    stops no other.

    Raises:
        PgtenantError: the base or the pull requests can't be read.
    """
    return tuple(_rebuild(git, forge, load, base))


def _rebuild(git: Git, forge: PullRequests, load: Load, base: str) -> Iterator[Rebuilt]:
    tip = git.fetch(base)
    for pull in forge.pull_requests(base=base):
        if is_branch(pull.branch):
            try:
                found = kept_up(git, load, tip, pull)
            except PgtenantError as error:
                found = Rebuilt(pull, Fate.FAILED, error.message)
            if found is not None:
                yield found


def kept_up(git: Git, load: Load, tip: str, pull: PullRequest) -> Rebuilt | None:
    """Do the same for one request, on one commit of its base; None when its branch is gone."""
    head = git.find(pull.branch)
    return None if head is None else _rebuilt(git, load, tip, head, pull)


def _rebuilt(git: Git, load: Load, tip: str, head: str, pull: PullRequest) -> Rebuilt:
    start = git.merge_base(tip, head)
    if start == tip:
        return Rebuilt(pull, Fate.CURRENT)
    mergeable = git.merges(tip, head)
    asked = asked_in(git, load, start, head)
    if asked is None:
        return Rebuilt(pull, Fate.CURRENT if mergeable else Fate.EDITED)
    with git.checked_out(tip) as copy:
        try:
            done = add(load(copy), asked.given, moment=asked.moment)
        except PgtenantError as error:
            return Rebuilt(pull, Fate.CONFLICT, error.message)
        if not done.changes:
            return Rebuilt(pull, Fate.MERGED)
        if mergeable:
            return Rebuilt(pull, Fate.CURRENT)
        author = git.author_of(head)
        commit = git.commit(copy, message(done, Starter(author.name, author, "")), author)
    pushed = git.push(commit, pull.branch, over=head)
    return Rebuilt(pull, Fate.REBUILT if pushed else Fate.MOVED)
