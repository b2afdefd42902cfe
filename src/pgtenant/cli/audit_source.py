"""Which journal an `audit` command is about, read and checked."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgtenant.cli.options import load_settings
from pgtenant.cli.stdout import terminal_width
from pgtenant.cli.working import chosen_environment
from pgtenant.codes import Code
from pgtenant.errors import AuditError, ExitCode

if TYPE_CHECKING:
    from pgtenant.audit.verify import Verdict


@dataclass(frozen=True, slots=True)
class Source:
    """A journal and the CSV beside it."""

    journal: Path
    csv: Path


def source_of(*, path: Path | None, environment: str | None, project: Path) -> Source:
    """Find the files by an environment, or by the path of one of the two.

    Raises:
        click.UsageError: both of them were given, or several environments could be meant.
    """
    from pgtenant.audit.reading import journal_and_csv

    if path is not None and environment is not None:
        raise click.UsageError("Give either -e ENV or PATH.", click.get_current_context())
    if path is None:
        settings = load_settings(project, {})
        path = settings.audit_path(chosen_environment(environment, settings))
    return Source(*journal_and_csv(path))


def verified(source: Source) -> Verdict:
    """Read a journal that can be used; when only its end is cut off, say so and use the rest.

    Raises:
        AuditError: it does not verify.
        UsageError: it can't be read.
    """
    from pgtenant.audit.reading import read_both
    from pgtenant.audit.verify import Why
    from pgtenant.audit.verify import verify as check

    verdict = check(read_both(source.journal, source.csv)[0])
    if verdict.misfit is not None and verdict.misfit.why is not Why.TRUNCATED:
        raise AuditError(
            f"{source.journal}: {verdict.misfit}",
            hint="look into it before you use it",
            code=Code.BROKEN_JOURNAL,
        )
    if verdict.misfit is not None:  # a crash: every whole record is as good as ever
        say(f"note: {source.journal}: {verdict.misfit}", err=True)
    return verdict


def tell(source: Source, verdict: Verdict, text: str | None, *, heads: int | None) -> int:
    """Print whether a journal fits, and the CSV beside it; return the exit code.

    Args:
        source: the two files.
        verdict: what the journal holds.
        text: the CSV, or None when there is none.
        heads: how many published heads it was checked against; None when nobody asked for that.
    """
    from pgtenant.audit.crosscheck import crosscheck

    for note in verdict.notes:
        say(f"note: {note}")
    if verdict.misfit is not None:
        say(f"{source.journal}: {verdict.misfit}")
        return ExitCode.FAILED
    if text is None:
        say(f"note: there is no CSV {source.csv} to compare")
    else:
        misfit, notes = crosscheck(verdict.links, text)
        for note in notes:
            say(f"note: {note}")
        if misfit is not None:
            say(f"{source.csv}: {misfit}")
            return ExitCode.FAILED
    against = "; no published head was given" if heads == 0 else ""
    against = f"; {heads} published head(s) are in it" if heads else against
    say(f"{source.journal}: {len(verdict.links)} records fit{against}")
    say(f"head: {verdict.head}")
    return ExitCode.CONVERGED


def say(line: str, *, err: bool = False) -> None:
    """Print a line, with whatever a terminal would obey made visible."""
    from pgtenant.report.safe import shown

    text, columns = shown(line), terminal_width()
    if columns is not None and len(text) > columns:
        text = textwrap.fill(
            text, columns, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False
        )
    click.echo(text, err=err)
