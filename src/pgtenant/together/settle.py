"""Finishes what a process that died has decided, or sweeps away what it has not.

A journal says which files get which content, so it is believed only when a process of this project
can have written it: none that a checkout has brought along, and none that leads out of the project.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError
from pgtenant.git_environ import git_environ
from pgtenant.together.journal import STAGING, Journal, Step, digest_of, new, old, read
from pgtenant.together.write import put_back, rename

_TIMEOUT: Final = 60.0  # seconds


def settle(root: Path) -> None:
    """Bring the files of a project to one state, under the lock of `alone`.

    Raises:
        PgtenantError: it is not possible, or not known to be right.
    """
    staging = root / STAGING
    if not os.path.lexists(staging):
        return
    _insist_on_ours(root)
    try:
        journal = read(staging)
        if journal is not None:
            _check(root, staging, journal)
            finish = put_back if journal.undo else rename
            finish(root, staging, journal.steps)
        shutil.rmtree(staging)
    except (OSError, ValueError) as error:
        raise PgtenantError(
            f"an earlier request was interrupted, and {staging} can't be finished: {error}",
            hint="mend what it says, or delete that directory and look at what git shows",
            code=Code.INTERRUPTED_REQUEST,
        ) from None


def _insist_on_ours(root: Path) -> None:
    """Refuse what is in git: no request commits it, so somebody wants it to be finished here.

    Raises:
        PgtenantError: it is, or that can't be found out.
    """
    here = root.resolve()
    if not any(os.path.lexists(one / ".git") for one in (here, *here.parents)):
        return
    try:
        done = subprocess.run(  # noqa: S603 - no shell
            ["git", "ls-files", "-z", "--", f":(icase){STAGING}"],  # noqa: S607
            cwd=here,
            env=git_environ(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = str(error)
    else:
        why = done.stderr.decode(errors="replace").strip()[:300] if done.returncode else ""
    if why:
        raise PgtenantError(
            f"{root / STAGING} is there, and git can't say whether a commit brought it: {why}",
            hint="mend that; or, when no request of yours was interrupted, delete that directory",
            code=Code.INTERRUPTED_REQUEST,
        )
    if done.stdout:
        raise PgtenantError(
            f"{root / STAGING} is in git: it would have files written that no request asked for",
            hint=f"look at who committed it, then `git rm -r {STAGING}`",
            code=Code.INTERRUPTED_REQUEST,
        )


def _check(root: Path, staging: Path, journal: Journal) -> None:
    """Insist that the files are the project's, and that nobody has changed them since.

    Raises:
        PgtenantError: one is not, or somebody has.
    """
    for number, step in enumerate(journal.steps):
        if not _is_inside(root, step):
            raise _unfinished(staging, f"{step.path!r:.200} is no place in {root}")
        wanted = step.before if journal.undo else step.after
        staged = (old if journal.undo else new)(staging, number)
        there = digest_of(root / step.path)
        is_whole = there == wanted or wanted is None or digest_of(staged) == wanted
        if there not in {step.before, step.after} or not is_whole:
            raise _unfinished(staging, f"{step.path} was changed since")


def _unfinished(staging: Path, why: str) -> PgtenantError:
    return PgtenantError(
        f"an earlier request was interrupted, and {why}",
        hint=f"its files are in {staging}: take from them what is missing, delete that directory,"
        " and run the same command again",
        code=Code.INTERRUPTED_REQUEST,
    )


def _is_inside(root: Path, step: Step) -> bool:
    """Tell whether a path is one of the project's own: not through links, and not in `.git`."""
    here = root.resolve()
    target = here / step.path
    parts: Sequence[str] = target.relative_to(here).parts if target.is_relative_to(here) else ()
    return bool(parts) and target.resolve() == target and ".git" not in map(str.casefold, parts)
