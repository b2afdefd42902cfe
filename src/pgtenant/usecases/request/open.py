"""`pgtenant request open`: a request as a branch and its one pull request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, UsageError
from pgtenant.forge.git import Git
from pgtenant.forge.model import PullRequest, PullRequests
from pgtenant.forge.rest import ForgeError
from pgtenant.report import pull_request as drawn
from pgtenant.requests.request import Value
from pgtenant.requests.routing import branch, labels
from pgtenant.settings import Settings
from pgtenant.usecases.request.add import Done, add
from pgtenant.usecases.request.declared import shown_path
from pgtenant.usecases.request.expected import asked_for
from pgtenant.usecases.request.rebuild import Fate, kept_up
from pgtenant.usecases.request.repository import Load, Starter, asked_in, message

_ATTEMPTS: Final = 5
_EXISTS: Final = 422
_FORBIDDEN: Final = 403
_MORE: Final = "The branch was there, and holds more than what this says: read all that it changes."
_HOW: Final = (
    "let Actions create pull requests (Settings, Actions, General), or use an App's token; the"
    " branch is there, and the same command goes on"
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of it.

    Attributes:
        done: the request on the base.
        pull_request: None when the base has the entry already.
        created: whether the pull request was not there before.
    """

    done: Done
    branch: str
    pull_request: PullRequest | None
    created: bool


def open_request(
    git: Git,
    forge: PullRequests,
    load: Load,
    given: Mapping[str, Value],
    *,
    base: str,
    moment: str,
    starter: Starter,
) -> Opened:
    """Make the request on the tip of its base, in a branch with one pull request.

    The same request again yields the same branch and pull request.

    Args:
        git: the repository.
        forge: where it is.
        load: reads the settings of a project.
        given: the request's fields.
        base: the branch that the pull request targets.
        moment: when it was asked for, such as `2026-01-31T10:30:00Z`.
        starter: who it is by.

    Raises:
        UsageError: the request is refused, also by what was merged meanwhile, or another one of
            that name is open.
        PgtenantError: git or the forge failed; the same command goes on from there.
    """
    for _ in range(_ATTEMPTS):
        tip = git.fetch(base)
        with git.checked_out(tip) as copy:
            settings = load(copy)
            done = add(settings, given, moment=moment)
            name = branch(done.environment, done.entry.key)
            if not done.changes:
                return Opened(done, name, None, created=False)
            asked = shown_request(settings, done, starter)
            there = git.find(name)
            # A branch that was merged and left there asks for nothing any more. By a squash its
            # commits are not in the base.
            if (
                there is None
                or git.merge_base(tip, there) == there
                or forge.was_merged(name, there, base=base)
            ):
                commit = git.commit(copy, message(done, starter), starter.author)
                if not git.push(commit, name, over=there):
                    continue  # the same or another request was quicker
            else:
                with git.checked_out(there) as other:
                    _insist_on_the_same(load(other), given, moment, name)
                if asked_in(git, load, git.merge_base(tip, there), there) is None:
                    asked = replace(asked, notes=(*asked.notes, _MORE))
        pull, created = _pull_request(forge, name, base, done, drawn.body(asked))
        wanted = labels(done.environment, done.entry.risk)
        if not set(wanted) <= set(pull.labels):
            forge.add_labels(pull.number, wanted)
        # What was merged meanwhile has not seen it: its rebuild may be over.
        now = kept_up(git, load, git.fetch(base), pull)
        if now is not None and now.fate is Fate.CONFLICT:
            raise UsageError(
                f"{base} has changed, and refuses it by now: {now.reason}",
                hint=f"close {pull.url}, and ask for something else",
                code=Code.MOVED_ON,
            )
        return Opened(done, name, pull, created)
    raise PgtenantError(
        f"others push to {name} all the time",
        hint="wait, then run the same command again",
        code=Code.REQUEST_CONFLICT,
    )


def shown_request(settings: Settings, done: Done, starter: Starter) -> drawn.Asked:
    """Return a request as its pull request shows it.

    Raises:
        CatalogError: the catalog is not valid.
        UsageError: it can't be read.
    """
    return replace(
        asked_for(settings, done.environment, done.entry, done.routing),
        notes=done.notes,
        files=[(shown_path(settings, one.path), one.before, one.after) for one in done.changes],
        by=starter.login,
        run=starter.run,
    )


def _insist_on_the_same(
    settings: Settings, given: Mapping[str, Value], moment: str, name: str
) -> None:
    """Let what a branch holds stand for the request.

    Raises:
        UsageError: it is another request.
    """
    hint = "nothing was changed; ask for another name, or close that request and delete its branch"
    try:
        done = add(settings, given, moment=moment, dry_run=True)
    except PgtenantError as error:
        text = f"the branch {name} is another request's: {error.message}"
        raise UsageError(text, hint=hint, code=Code.REQUEST_CONFLICT) from None
    if done.line:
        raise UsageError(
            f"the branch {name} is there, and has no such entry",
            hint=hint,
            code=Code.REQUEST_CONFLICT,
        )


def _pull_request(
    forge: PullRequests, name: str, base: str, done: Done, text: str
) -> tuple[PullRequest, bool]:
    for again in (False, True):
        if found := forge.pull_requests(base=base, branch=name):
            return found[0], False
        try:
            title = drawn.title(done.environment, done.entry)
            return forge.open_pull_request(branch=name, base=base, title=title, body=text), True
        except ForgeError as error:
            if error.status == _FORBIDDEN:
                raise ForgeError(error.message, hint=_HOW, status=error.status) from None
            # Somebody has opened it meanwhile; when it is not there, that was no reason.
            if again or error.status != _EXISTS:
                raise
    raise AssertionError
