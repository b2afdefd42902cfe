"""Standard output and error that may be closed, full, gone or of a small alphabet.

A dead output ends no run: what was done is in the audit file, and the rest has to be done
all the same. `main` says at the end that it was lost.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import TextIO

from pgtenant.report.document import fitting


class Output:
    """A stream that never fails. `lost` says why it took something no more, or is empty.

    It has no `buffer` on purpose: nothing goes past it.

    Attributes:
        dispensable: whether the command did its work also when nobody could read of it.
        document: whether it is one JSON document, for a program to read.
        used: whether anything was written to it.
        left: whether its reader went away, as `head` does when it has enough.
    """

    errors = "strict"

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self.lost = ""
        self.dispensable = False
        self.document = False
        self.used = False
        self.left = False
        if stream is None:  # or the next socket would become the process's standard output
            os.open(os.devnull, os.O_RDWR)

    @property
    def encoding(self) -> str:
        """The stream's encoding."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write what the encoding has; the rest is escaped."""
        self.used = True
        if self._stream is None:
            self.lost = "it is closed"
        if not self.lost and self._stream is not None:
            try:
                self._stream.write(fitting(text, self.encoding))
            except (OSError, ValueError) as error:
                self._lose(self._stream, error)
        return len(text)

    def flush(self) -> None:
        """Pass on what was written so far."""
        if not self.lost and self._stream is not None:
            try:
                self._stream.flush()
            except (OSError, ValueError) as error:
                self._lose(self._stream, error)

    def isatty(self) -> bool:
        """Tell whether people read it as it comes."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:
            return False

    def fileno(self) -> int:
        """Return the descriptor.

        Raises:
            OSError: there is none.
        """
        if self._stream is None:
            raise OSError("the stream is closed")
        return self._stream.fileno()

    def _lose(self, stream: TextIO, error: OSError | ValueError) -> None:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        self.lost = reason or str(error)
        self.left = isinstance(error, BrokenPipeError)
        # What is left in the buffer would fail once more when the interpreter ends.
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def terminal_width() -> int | None:
    """Return the columns to write for on a terminal; None elsewhere, where lines stay whole."""
    return min(shutil.get_terminal_size((80, 24)).columns, 100) if sys.stdout.isatty() else None


def not_needed() -> None:
    """Say of this process's output that it is a courtesy: the audit file has what counts."""
    if isinstance(sys.stdout, Output):
        sys.stdout.dispensable = True


def one_document() -> None:
    """Say of this process's output that it is a JSON document, which is due at any end."""
    if isinstance(sys.stdout, Output):
        sys.stdout.document = True
