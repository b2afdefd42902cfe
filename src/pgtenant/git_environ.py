"""What git is told by the environment, when it is asked about a directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_OTHERS: Final = frozenset(
    {
        # What git hooks are given, and what would lead elsewhere than to the directory.
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        # With these, the name of a file is no pattern any more, or one where none was meant.
        "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
    }
)


def git_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return a process's environment without what would have git answer another question."""
    return {name: value for name, value in environ.items() if name not in _OTHERS}
