"""What the policy of requests has a say in: what they change, what decides, and what runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.forge.git import Git
from pgtenant.settings import FILE_NAME, Settings
from pgtenant.usecases.request.add import add
from pgtenant.usecases.request.repository import Load, asked_in

_RUN: Final = (
    "backstage/",
    "certs/",
    "gitops/",
    "governance/",
    "infrastructure/",
    "GNUmakefile",
    "Makefile",
    "makefile",
    "requirements/",
    "schemas/",
    "scripts/",
)
"""What runs after a merge with an environment's role, or decides whether it does."""

_REPOSITORYS: Final = (".github/", ".gitmodules", "CODEOWNERS", "docs/CODEOWNERS")
"""What decides about the project and is the repository's, wherever in it the project is."""

_ANYWHERE: Final = ".gitattributes"
"""What decides how git merges and writes the files beside and below it."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch that is to be merged, by commits.

    Attributes:
        tip: what it is merged into.
        start: the last one that both have.
        head: its own last one.
        merged: what the merge yields.
    """

    tip: str
    start: str
    head: str
    merged: str


def branch_of(git: Git, tip: str, head: str) -> Branch:
    """Find out what a merge yields.

    Raises:
        UsageError: it needs somebody's help.
        GitError: git failed, or it can't be told.
    """
    start = git.merge_base(tip, head)
    merged = head if start == tip else git.merged(tip, head)
    if merged is None:
        raise UsageError(
            "what it targets has changed, and it can't be merged any more",
            hint="`pgtenant request rebuild` makes a request again; merge anything else yourself",
            code=Code.MOVED_ON,
        )
    return Branch(tip, start, head, merged)


def holds_more(git: Git, load: Load, settings: Settings, branch: Branch) -> bool:
    """Tell whether there is more in a branch than one request, of what the policy has a say in.

    Args:
        git: the repository.
        load: reads the settings of a project.
        settings: those of what it is merged into.
        branch: the branch.

    Raises:
        UsageError: it is one request, which would be refused by now.
        GitError: git failed.
    """
    below = git.below()
    paths = git.changed(branch.tip, branch.merged)
    if not any(_is_of_requests(settings, path, below) for path in paths):
        return False
    if asked_in(git, load, branch.tip, branch.merged) is not None:
        return False
    # Git may have put it elsewhere in a file than a request on what there is now would.
    asked = None if branch.start == branch.tip else asked_in(git, load, branch.start, branch.head)
    if asked is None:
        return True
    with git.checked_out(branch.tip) as copy:
        add(load(copy), asked.given, moment=asked.moment, dry_run=True)
    return False


def _is_of_requests(settings: Settings, path: str, below: str) -> bool:
    """Tell whether a path is among those that requests change, or that decide about them.

    Args:
        settings: the project's.
        path: in the repository.
        below: where in it the project is: empty, or with a slash at the end.
    """
    requests = settings.requests
    changed = (settings.project.catalog, requests.catalog, requests.entity)
    # The part before the first placeholder: what is below it may be any environment's.
    prefixes = (one.partition("{")[0] for one in changed)
    ours = tuple(f"{below}{one}" for one in (*prefixes, FILE_NAME, *_RUN))
    # With a slash: a link in the place of a directory that is not there yet is that directory.
    return f"{path}/".startswith((*ours, *_REPOSITORYS)) or path.rpartition("/")[2] == _ANYWHERE
