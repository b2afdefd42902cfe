"""Read a journal and its CSV while runs may be writing to them."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

from pgtenant.audit.journal import SUFFIX, journal_path
from pgtenant.errors import UsageError

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
        UsageError: one can't be read.
    """
    try:
        with journal.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            data = file.read()
            return data, read_csv(csv) if csv.exists() else None
    except FileNotFoundError:
        raise UsageError(
            f"there is no journal {journal}", hint="the first `pgtenant apply` begins it"
        ) from None
    except OSError as error:
        raise UsageError(f"{error.filename or journal} can't be read: {error.strerror}") from None


def read_csv(path: Path) -> str:
    """Return an audit file's text, with whatever is not UTF-8 replaced.

    Raises:
        OSError: it can't be read.
    """
    return path.read_bytes().decode("utf-8-sig", errors="replace")
