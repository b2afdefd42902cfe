"""An error for people: what, where, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import CatalogError, PgtenantError, Problem, ServerError
from pgtenant.report.safe import shown
from pgtenant.report.words import count

LIMIT: Final = 2900
"""Characters that a catalog error takes at most, whatever the catalog holds."""

_LONGEST: Final = 1000
"""Characters of a single problem; its message quotes at most short pieces of the catalog."""

_LONGEST_HINT: Final = 500


def error_text(error: PgtenantError) -> str:
    """Return what to print on stderr, with a line break at its end.

    A catalog error has one line for each problem, `file:line: entry.field: message`, so that
    editors can jump to it; where there are too many, a line says how many more there are. The last
    line leads to what there is to say about the error's code.
    """
    if isinstance(error, CatalogError):
        return _catalog(error)
    message = error.message
    if isinstance(error, ServerError) and error.sqlstate and error.sqlstate not in message:
        message = f"{message} (SQLSTATE {error.sqlstate})"
    lines = list(_lines("error: ", message))
    if error.hint:
        lines += _lines("hint: ", error.hint)
    return "".join(f"{line}\n" for line in (*lines, help_line(error.code)))


def help_line(code: Code) -> str:
    """Return where there is more about a code, without a line break."""
    return f"help: pgtenant explain {code} ({code.page})"


def _catalog(error: CatalogError) -> str:
    head = f"error: {count(len(error.problems), 'error')} in the catalog\n"
    hint = f"hint: {_cut(shown(error.hint), _LONGEST_HINT)}\n" if error.hint else ""
    more = f"{help_line(error.code)}\n"
    room = LIMIT - len(head) - len(hint) - len(more) - len("and 1000000 more\n")
    kept: list[str] = []
    for problem in error.problems:
        text = f"{_cut(problem_line(problem), _LONGEST)}\n"
        room -= len(text)
        if room < 0:
            break
        kept.append(text)
    rest = len(error.problems) - len(kept)
    left_out = f"and {rest} more\n" if rest else ""
    return f"{head}{''.join(kept)}{left_out}{hint}{more}"


def problem_line(problem: Problem) -> str:
    """Return `file:line: entry.field: message`, without the parts that are not known."""
    where = f"{shown(problem.file)}:{problem.line}" if problem.line else shown(problem.file)
    what = ".".join(shown(part) for part in (problem.entry, problem.field) if part)
    return ": ".join(part for part in (where, what, shown(problem.message)) if part)


def _lines(lead: str, text: str) -> Iterator[str]:
    """Keep the line breaks of a message, but let no line of it pass for one of ours."""
    for number, part in enumerate(text.rstrip().replace("\r\n", "\n").split("\n")):
        piece = shown(part.expandtabs(4)).rstrip()
        yield f"{lead}{piece}" if number == 0 else f"  {piece}".rstrip()


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
