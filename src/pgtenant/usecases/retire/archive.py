"""The files of a dump: safely on disk, or not there."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, UsageError
from pgtenant.planning.retirement.dump import Table
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import as_text


@dataclass(frozen=True, slots=True)
class Archive:
    """The files of one dump. Until it is proven it has another name.

    Attributes:
        path: of what `pg_dump` writes, absolute.
    """

    path: Path

    @classmethod
    def named(cls, directory: Path, place: str, moment: str) -> Archive:
        """Return one that no other run has, also none that was killed in this very second."""
        compact = "".join(c for c in moment if c.isalnum())
        return cls(directory.absolute() / f"{place}-{compact}-{secrets.token_hex(3)}.dump")

    @property
    def partial(self) -> Path:
        """Where it is as long as it is not proven."""
        return self.path.with_suffix(".partial")

    @property
    def after_restore(self) -> Path:
        """What is to be run after it was restored."""
        return self.path.with_suffix(".after-restore.sql")

    def create(self) -> None:
        """Make an empty file that only this user can read.

        Raises:
            UsageError: it can't be made.
        """
        try:
            _create(self.partial)
        except OSError as error:
            raise UsageError(
                f"the dump can't be written to {self.partial}: {error.strerror}",
                hint="--dump-to names a directory that is there; nothing was changed",
                code=Code.UNWRITABLE_FILE,
            ) from None

    def finish(self, forced: Sequence[Table]) -> tuple[str, int]:
        """Give it its name once all of it is on disk; return its SHA-256 and size.

        Args:
            forced: the tables whose row security was forced: the dump was made while it was not.

        Raises:
            PgtenantError: it could not be written.
        """
        try:
            if forced:
                _create(self.after_restore)
                lines = [
                    f"{as_text(statements.force_row_security(schema, table, on=True))};\n"
                    for _, schema, table in forced
                ]
                self.after_restore.write_text("".join(lines), "utf-8")
                _sync(self.after_restore)
            with self.partial.open("rb") as file:
                os.fsync(file.fileno())
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                size = file.tell()
            self.partial.rename(self.path)
            _sync(self.path.parent)
        except OSError as error:
            raise PgtenantError(
                f"the dump can't be kept as {self.path}: {error.strerror}",
                hint="nothing was dropped; mend that, and run again",
                code=Code.UNWRITABLE_FILE,
            ) from None
        return digest, size

    def discard(self) -> None:
        """Leave nothing that could pass for a dump."""
        for path in (self.path, self.partial, self.after_restore):
            path.unlink(missing_ok=True)


def _create(path: Path) -> None:
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
