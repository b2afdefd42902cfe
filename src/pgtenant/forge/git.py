"""Plain git, beside the working copy: what is checked out in it is neither read nor changed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, UsageError
from pgtenant.git_environ import git_environ

_TIMEOUT: Final = 300.0  # seconds
_HEADS: Final = "refs/heads/"
_LINK: Final = "120000"
_ALWAYS: Final = ("-c", "core.hooksPath=/dev/null")
# For a commit that is never pushed: also where git is configured for nobody.
_NOBODY: Final = ("-c", "user.name=pgtenant", "-c", "user.email=pgtenant@localhost")
# A file in the place of a link is that link, where git is told that there are none.
_NO_LINKS: Final = ("-c", "core.symlinks=false")


class GitError(PgtenantError):
    """Git failed at something."""

    code = Code.GIT


@dataclass(frozen=True, slots=True)
class Person:
    """Who a commit is by."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Git:
    """A repository and the remote that it shares.

    Attributes:
        directory: somewhere in a working copy.
        remote: its name there.
        committer: None for whoever git is configured for.
    """

    directory: Path
    remote: str = "origin"
    committer: Person | None = None

    def fetch(self, branch: str) -> str:
        """Return the commit that a branch of the remote is at.

        Raises:
            UsageError: there is no such branch.
            GitError: the remote can't be reached.
        """
        found = self.find(branch)
        if found is None:
            raise UsageError(f"{self.remote} has no branch {branch:.200}", code=Code.GIT)
        return found

    def find(self, branch: str) -> str | None:
        """Return the same; None when there is no such branch. Errors are those of `fetch`."""
        listed = self._run("ls-remote", "--", self.remote, f"{_HEADS}{branch}")
        if not any(line.endswith(f"\t{_HEADS}{branch}") for line in listed.splitlines()):
            return None
        self._run("fetch", "--quiet", "--no-tags", "--", self.remote, f"+{_HEADS}{branch}")
        return self._run("rev-parse", "--verify", "FETCH_HEAD^{commit}")

    def commit_of(self, name: str) -> str:
        """Return the commit of a name, such as one that was fetched.

        Raises:
            GitError: there is none.
        """
        return self._run("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")

    def tree_of(self, commit: str) -> str:
        """Return the id of everything that a commit holds."""
        return self._run("rev-parse", "--verify", f"{commit}^{{tree}}")

    def merge_base(self, one: str, other: str) -> str:
        """Return the last commit that both have.

        Raises:
            GitError: they have none, or the clone is too shallow to tell; or they have several, and
                what a merge yields is not the difference to any one of them.
        """
        done = self._call(self.directory, "merge-base", "--all", one, other)
        if done.returncode:
            raise GitError(
                f"{one:.12} and {other:.12} have no commit in common here",
                hint="fetch the whole history (actions/checkout: fetch-depth: 0)",
            )
        found = done.stdout.split()
        if len(found) > 1:
            raise GitError(
                f"{one:.12} and {other:.12} have {len(found)} last commits in common: what a merge"
                " of the two changes can't be told",
                hint="rebase the branch on what it targets",
            )
        return found[0]

    def merges(self, one: str, other: str) -> bool:
        """Tell whether two commits can be merged without anybody's help."""
        return self._merge(one, other) is not None

    def merged(self, one: str, other: str) -> str | None:
        """Return a commit of what a merge yields; None when it needs somebody's help.

        Like the merge itself it knows of renames, so it is no sum of two differences.
        """
        tree = self._merge(one, other)
        if tree is None:
            return None
        parents = ("-p", one, "-p", other)
        return self._run(*_NOBODY, "commit-tree", tree, *parents, "-m", "What a merge yields")

    def _merge(self, one: str, other: str) -> str | None:
        done = self._call(self.directory, "merge-tree", "--write-tree", one, other)
        if done.returncode not in {0, 1}:
            raise _failed("merge-tree", done)
        return done.stdout.split("\n", 1)[0] if done.returncode == 0 else None

    def changed(self, one: str, other: str) -> tuple[str, ...]:
        """Return the paths in which two commits differ, all of the repository."""
        found = self._run("diff", "--name-only", "--no-renames", "--no-relative", "-z", one, other)
        return tuple(path for path in found.split("\0") if path)

    def below(self) -> str:
        """Return where in the repository the directory is: empty, or with a slash at the end."""
        return self._run("rev-parse", "--show-prefix")

    def author_of(self, commit: str) -> Person:
        """Return who wrote a commit."""
        name, email = self._run("log", "-1", "--format=%an%x00%ae", commit).split("\0")
        return Person(name, email)

    @contextlib.contextmanager
    def checked_out(self, commit: str) -> Iterator[Path]:
        """Have a commit's files in a directory of their own: that of ours, if we are in one.

        A link that leads out of it is a file with the name of where it leads: whoever wrote the
        commit is told nothing of this machine.
        """
        below = self.below()
        self._run("worktree", "prune")  # what a run that was killed has left
        with tempfile.TemporaryDirectory(prefix="pgtenant-") as kept:
            copy = Path(kept) / "copy"
            self._run("worktree", "add", "--quiet", "--detach", str(copy), commit)
            try:
                self._keep_in(copy)
                yield copy / below
            finally:
                self._run("worktree", "remove", "--force", str(copy))

    def _keep_in(self, copy: Path) -> None:
        """Make files of the links that lead out of a copy."""
        inside = os.path.realpath(copy)
        for line in self._run("ls-files", "--stage", "-z", at=copy).split("\0"):
            about, _, path = line.partition("\t")
            link = copy / path
            if about.startswith(_LINK) and link.is_symlink():
                leads_to = Path(os.path.realpath(link))  # also of links that lead in a circle
                if not leads_to.is_relative_to(inside):
                    target = os.fsencode(link.readlink())
                    link.unlink()
                    link.write_bytes(target)

    def written_tree(self, copy: Path) -> str:
        """Return the id of everything that is in a copy now."""
        self._add(copy)
        return self._run("write-tree", at=copy)

    def commit(self, copy: Path, message: str, author: Person | None) -> str:
        """Commit everything that was changed in a copy; return the commit."""
        self._add(copy)
        by = () if author is None else (f"--author={author.name} <{author.email}>",)
        how = ("--quiet", "--no-verify", f"--message={message}")
        self._run(*_NO_LINKS, "commit", *how, *by, at=copy)
        return self._run("rev-parse", "HEAD", at=copy)

    def push(self, commit: str, branch: str, *, over: str | None) -> bool:
        """Push a commit to a branch of the remote.

        Args:
            commit: what the branch is to be at.
            branch: its name.
            over: where it has to be now; None for a branch that must not be there.

        Returns:
            Whether it is there; False when somebody else was quicker.

        Raises:
            GitError: it is refused for another reason.
        """
        target = f"{_HEADS}{branch}"
        lease = f"--force-with-lease={target}:{over or ''}"
        what = ("push", "--quiet", "--no-verify", "--porcelain", lease)
        done = self._call(self.directory, *what, "--", self.remote, f"{commit}:{target}")
        if done.returncode == 0:
            return True
        if self.find(branch) != over:
            return False
        raise _failed("push", done)

    def _add(self, copy: Path) -> None:
        self._run(*_NO_LINKS, "add", "--all", "--", ".", at=copy)

    def _run(self, *arguments: str, at: Path | None = None) -> str:
        done = self._call(at or self.directory, *arguments)
        if done.returncode:
            verb = next(one for one in arguments if one not in {*_NO_LINKS, *_NOBODY})
            raise _failed(verb, done)
        return done.stdout.rstrip("\n")

    def _call(self, at: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603 - no shell
                ["git", *_ALWAYS, *arguments],  # noqa: S607
                cwd=at,
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                encoding="utf-8",
                errors="replace",
                timeout=_TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            raise GitError(f"git {arguments[0]} takes more than {_TIMEOUT:g} seconds") from None
        except OSError as error:
            raise GitError(
                f"git can't be run in {at}: {error.strerror}", hint="install git"
            ) from None

    def _environ(self) -> Mapping[str, str]:
        environ = {**git_environ(os.environ), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        environ["GIT_LFS_SKIP_SMUDGE"] = "1"  # it would ask the server that the commit names
        if self.committer is not None:
            for role in ("AUTHOR", "COMMITTER"):
                environ[f"GIT_{role}_NAME"] = self.committer.name
                environ[f"GIT_{role}_EMAIL"] = self.committer.email
        return environ


def _failed(what: str, done: subprocess.CompletedProcess[str]) -> GitError:
    said: Sequence[str] = [line for line in done.stderr.splitlines() if line.strip()]
    return GitError(f"git {what} failed: {'; '.join(said[-3:])[:500] or done.returncode}")
