"""What the policy of requests has a say in: what they change, what decides, and what runs."""

from __future__ import annotations

from typing import Final

from pgtenant.forge.git import Git
from pgtenant.settings import FILE_NAME, Settings
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

_REPOSITORYS: Final = (".github/", ".gitattributes", ".gitmodules", "CODEOWNERS", "docs/CODEOWNERS")
"""What decides about the project and is the repository's, wherever in it the project is."""


def holds_more(git: Git, load: Load, settings: Settings, start: str, head: str) -> bool:
    """Tell whether there is more in a branch than one request, of what the policy has a say in.

    Args:
        git: the repository.
        load: reads the settings of a project.
        settings: those of the branch that it targets.
        start: the commit that the branch is from.
        head: the commit that it is at.

    Raises:
        GitError: git failed.
    """
    below = git.below()
    paths = git.changed(start, head)
    return any(_is_of_requests(settings, path, below) for path in paths) and (
        asked_in(git, load, start, head) is None
    )


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
    return f"{path}/".startswith((*ours, *_REPOSITORYS))
