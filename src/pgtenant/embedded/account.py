"""Which operating system user runs the server, and what that user can reach.

PostgreSQL refuses to run as root. Instead of adding a user to the system, root
lends the server one that is already there.
"""

from __future__ import annotations

import os
import pwd
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged user of this machine.

    Attributes:
        name: as in the user database.
        uid: never 0.
        gid: the primary group; the server gets no other.
    """

    name: str
    uid: int
    gid: int


def choose_account() -> Account | None:
    """Who has to run the server: None for ourselves, another user when we are root.

    Raises:
        PgtenantError: we are root and there is no other user to become.
    """
    if os.geteuid() != 0:
        return None
    others = [entry for entry in pwd.getpwall() if entry.pw_uid != 0 and _is_mapped(entry.pw_uid)]
    others.sort(key=lambda entry: (entry.pw_name != "nobody", entry.pw_uid))
    for entry in others:
        if entry.pw_gid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise PgtenantError(
        "PostgreSQL does not run as root, and this system has no other user to run it as",
        hint="run the command as an ordinary user",
        code=Code.NO_EMBEDDED_SERVER,
    )


def can_use(account: Account | None, tree: Path) -> bool:
    """Whether `account` may enter every directory above `tree` and read everything in it.

    Only permission bits are judged. None stands for the current user.
    """
    if account is None:
        return os.access(tree, os.R_OK | os.X_OK)
    resolved = tree.resolve()
    return all(_allows(account, parent, 0o1) for parent in resolved.parents) and all(
        _allows(account, path, 0o5 if path.is_dir() or path.parent.name == "bin" else 0o4)
        for path in (resolved, *resolved.rglob("*"))
        if path.exists()
    )


def temporary_parent(account: Account | None) -> Path:
    """The directory for temporary files, such that `account` can start programs below it.

    Raises:
        PgtenantError: no usual place is fit.
    """
    places = dict.fromkeys((tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm"))  # noqa: S108
    for place in map(Path, places):
        if place.is_dir() and os.access(place, os.W_OK | os.X_OK) and _is_fit(account, place):
            return place
    raise PgtenantError(
        f"no temporary directory that {account.name if account else 'this user'} can run a "
        f"server in (tried {', '.join(places)})",
        hint="set TMPDIR to a directory that everybody may enter, not mounted noexec",
        code=Code.NO_EMBEDDED_SERVER,
    )


def _is_fit(account: Account | None, place: Path) -> bool:
    enterable = account is None or all(
        _allows(account, directory, 0o1)
        for directory in (place.resolve(), *place.resolve().parents)
    )
    return enterable and not os.statvfs(place).f_flag & getattr(os, "ST_NOEXEC", 0)


def _allows(account: Account, path: Path, wanted: int) -> bool:
    status = path.stat()
    mode = stat.S_IMODE(status.st_mode)
    if status.st_uid == account.uid:
        mode >>= 6
    elif status.st_gid == account.gid:
        mode >>= 3
    return mode & wanted == wanted


def _is_mapped(uid: int) -> bool:
    # In a user namespace (a rootless container) an unmapped uid cannot be assumed.
    try:
        lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    except OSError:
        return True
    ranges = [tuple(map(int, line.split())) for line in lines]
    return any(first <= uid < first + count for first, _, count in ranges)
