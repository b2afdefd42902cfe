"""Read a journal and its CSV while runs may be writing to them."""

from __future__ import annotations

import contextlib
import fcntl
from typing import TYPE_CHECKING

from pgtenant.audit.journal import SUFFIX, journal_path
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.files import open_regular

if TYPE_CHECKING:
    from pathlib import Path


def csv_path(journal: Path) -> Path:
    """Return the path of the CSV that a journal stands beside."""
    return journal.with_name(journal.name.removesuffix(SUFFIX) + ".csv")


def journal_and_csv(path: Path) -> tuple[Path, Path]:
    """Return the paths of both, by the path of one."""
    if path.suffix == ".csv":
        return journal_path(path), path
    return path, csv_path(path)


def read_both(journal: Path, csv: Path) -> tuple[bytes, str | None]:
    """Return the journal, and the CSV's text or None when there is no CSV.

    No run writes to the journal in the meantime: so all that the CSV has is in it, and what the
    CSV lacks is of runs that still work.

    Raises:
        UsageError: one can't be read, or is no file.
    """
    try:
        with open_regular(journal) as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return file.read(), _csv_beside(csv)
    except FileNotFoundError:
        raise _no_journal(journal, csv) from None
    except OSError as error:
        raise UsageError(
            f"{error.filename or journal} can't be read: {error.strerror}",
            code=Code.UNREADABLE_FILE,
        ) from None


def read_csv(path: Path) -> str:
    """Return an audit file's text, with whatever is not UTF-8 replaced.

    Raises:
        OSError: it can't be read.
        UsageError: it is no file.
    """
    with open_regular(path) as file:
        return file.read().decode("utf-8-sig", errors="replace")


def _csv_beside(path: Path) -> str | None:
    try:
        return read_csv(path)
    except FileNotFoundError:
        if path.is_symlink():
            raise _link_to_nothing(path) from None
        return None


def _no_journal(journal: Path, csv: Path) -> UsageError:
    if journal.is_symlink():
        return _link_to_nothing(journal)
    with contextlib.suppress(OSError, UsageError):  # the journal is what is asked for
        if rows := sum(map(bool, (_csv_beside(csv) or "").splitlines()[1:])):
            return UsageError(
                f"there is no journal {journal}, and the CSV has {rows} row(s): it was deleted or"
                " moved away, or they are older than journals are",
                hint="the next run would begin a new one; look for it before that",
                code=Code.NO_JOURNAL,
            )
    return UsageError(
        f"there is no journal {journal}",
        hint="the first `pgtenant apply` begins it",
        code=Code.NO_JOURNAL,
    )


def _link_to_nothing(path: Path) -> UsageError:
    return UsageError(
        f"{path} is a link to {path.readlink()}, which is not there", code=Code.NO_JOURNAL
    )
