"""The YAML files that people and requests write together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pgtenant.catalog.edit import EditError
from pgtenant.catalog.load import mark_of, text_of
from pgtenant.catalog.located import SyntaxProblem
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.settings import Settings
from pgtenant.together import Change
from pgtenant.usecases.request.declared import read, shown_path

_Said = TypeVar("_Said")


@dataclass(frozen=True, slots=True)
class Kept:
    """A file, as it is.

    Attributes:
        path: its place.
        display: the path as people are shown it.
        data: what it holds; None when it is not there.
        text: the same, empty when it is not there, without byte order mark.
    """

    path: Path
    display: str
    data: bytes | None
    text: str

    def asked(self, question: Callable[[str], _Said]) -> _Said:
        """Return what its text says.

        Raises:
            UsageError: it is laid out in a way that it can't be read or edited.
        """
        try:
            return question(self.text)
        except (EditError, SyntaxProblem) as error:
            where = f"{self.display}:{error.line}" if error.line else self.display
            raise UsageError(
                f"{where}: {error.message}",
                hint="mend that file and ask again",
                code=Code.UNEDITABLE,
            ) from None

    def changed(self, edit: Callable[[str], str]) -> tuple[Change, ...]:
        """Return what an edit changes: nothing, or this file. Errors are those of `asked`."""
        after = self.asked(edit)
        if after == self.text:
            return ()
        return (Change(self.path, self.data, mark_of(self.data or b"") + after.encode()),)


def kept(settings: Settings, path: Path) -> Kept:
    """Read a file, which need not be there.

    Raises:
        UsageError: it can't be read, or is not UTF-8.
    """
    display, data = shown_path(settings, path), read(path)
    try:
        return Kept(path, display, data, text_of(data or b""))
    except SyntaxProblem as problem:
        raise UsageError(f"{display}: {problem.message}", code=Code.UNEDITABLE) from None
