"""Program files where the account that runs the server can execute them."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from pgtenant.embedded.account import can_use
from pgtenant.embedded.distribution import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgtenant.embedded.keeper import Keeper

_PROGRAMS = frozenset({"initdb", "postgres"})
_UNUSED = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "doc", "man", "locale")


@contextlib.contextmanager
def runnable(distribution: Distribution, keeper: Keeper) -> Iterator[Distribution]:
    """`distribution` itself, or a copy of it that the keeper's account can execute.

    A clone in root's home is closed to everybody else, and its permissions are not
    ours to change. The copy is removed on leaving.

    Raises:
        PgtenantError: the copy could not be made.
    """
    if can_use(keeper.account, distribution.root):
        yield distribution
        return
    directory = keeper.directory("pgtenant-programs-", programs=True)
    try:
        root = directory / "postgresql"
        for part in ("bin", "lib", "share"):
            shutil.copytree(
                distribution.root / part,
                root / part,
                ignore=_only_programs if part == "bin" else _UNUSED,
                copy_function=_copy,
            )
        _open_to_all(root)
        yield Distribution(distribution.version, root)
    finally:
        keeper.remove(directory)


def _only_programs(_: str, names: list[str]) -> set[str]:
    return set(names) - _PROGRAMS


def _copy(source: str, target: str) -> str:
    # Links between versions of a library stay links; a link that leads out of the tree
    # (installers that link from a cache) would lead the account nowhere.
    link = os.readlink(source) if Path(source).is_symlink() else "/"  # noqa: PTH115
    if "/" not in link:
        Path(target).symlink_to(link)
        return target
    return shutil.copyfile(source, target) and _copy_mode(source, target)


def _copy_mode(source: str, target: str) -> str:
    shutil.copymode(source, target)
    return target


def _open_to_all(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.parent.name == "bin"
            path.chmod(0o755 if executable else 0o644)
