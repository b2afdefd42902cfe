"""`pgtenant audit collect`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pgtenant.audit.heads import read_heads
from pgtenant.audit.reading import journal_and_csv, read_both
from pgtenant.audit.verify import verify
from pgtenant.cli.audit_source import Source, say, tell
from pgtenant.cli.options import load_settings
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, UsageError
from pgtenant.files import read_given
from pgtenant.report.words import count
from pgtenant.usecases.collect import Collected, NothingToCollectError, collect
from pgtenant.usecases.journal import who


def run_collect(
    *,
    logs: tuple[Path, ...],
    environment: str | None,
    project: Path,
    published: tuple[str, ...],
    files: tuple[Path, ...],
    allow_empty: bool,
) -> int:
    """Collect, verify and print.

    Raises:
        PgtenantError: nothing, or not all, could be collected.
    """
    settings = load_settings(project, {})
    try:
        collection = collect(
            settings,
            environment,
            _lines(logs),
            heads=read_heads(published, files),
            who=who(settings.root, os.environ, command="audit collect"),
            clock=lambda: datetime.now(UTC),
        )
    except NothingToCollectError as error:
        if not allow_empty or published or files:
            raise
        say(f"note: {error.message}")
        return ExitCode.CONVERGED
    for note in collection.notes:
        say(f"note: {note}")
    codes = [_tell(collected) for collected in collection.environments]
    for broken in collection.broken:
        say(f"does not hold: {broken}", err=True)
    for collected in collection.environments:
        if collected.apart is not None:
            say(f"what does not hold is in {collected.apart}", err=True)
    return ExitCode.FAILED if collection.broken else max(codes)


def _lines(logs: Iterable[Path]) -> Iterator[str]:
    for log in logs:
        try:
            data = sys.stdin.buffer.read() if str(log) == "-" else read_given(log)
        except OSError as error:
            raise UsageError(
                f"{log} can't be read: {error.strerror}", code=Code.UNREADABLE_FILE
            ) from None
        yield from data.decode(errors="replace").split("\n")


def _tell(collected: Collected) -> int:
    for run in collected.runs:
        ended = "no end: the log stops, or the run was killed"
        if run.exit_code is not None:
            ended = f"exit code {run.exit_code}"
        say(f"run {run.run_id} ({run.command}): {count(run.records, 'row')}, {ended}")
    source = Source(*journal_and_csv(collected.csv))
    if not source.journal.exists():  # nothing held
        return ExitCode.FAILED
    say(
        f"{source.csv}: {count(collected.rows, 'row')} added;"
        f" the journal: {count(collected.added, 'record')}"
    )
    data, text = read_both(source.journal, source.csv)
    return tell(source, verify(data), text, heads=None)
