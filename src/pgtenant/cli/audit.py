"""`pgtenant audit`: verify the journal, publish its head, list the runs, export, upload."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgtenant.cli.audit_source import Source, say, source_of, verified
from pgtenant.cli.options import instance_options, load_settings
from pgtenant.errors import ExitCode, SettingsError, UsageError

if TYPE_CHECKING:
    from pgtenant.audit.verify import Verdict

_path = click.argument(
    "path", required=False, metavar="[PATH]", type=click.Path(dir_okay=False, path_type=Path)
)


@click.group()
def audit() -> None:
    """Verify the journal beside the audit CSV, publish its head, list the runs, export, upload."""


@audit.command()
@_path
@instance_options
@click.option(
    "--head", "published", multiple=True, metavar="HASH", help="A head that was published."
)
@click.option(
    "--head-file",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    metavar="FILE",
    help="Heads that were published, one a line, or an object of the S3 sink.",
)
def verify(*, published: tuple[str, ...], files: tuple[Path, ...], **options: Any) -> int:
    """Check the journal and the CSV beside it; PATH is one of the two.

    Names the first record that does not fit. What was cut off at the end shows only against
    a published head.
    """
    from pgtenant.audit.heads import read_heads
    from pgtenant.audit.reading import read_both
    from pgtenant.audit.verify import verify as check

    source = source_of(**options)
    heads = read_heads(published, files)
    if heads and not source.journal.exists():
        say(f"{source.journal}: truncated: there is no journal, and a head was published")
        return ExitCode.FAILED
    data, text = read_both(source.journal, source.csv)
    return _tell(source, check(data, heads), text, heads=len(heads))


@audit.command()
@_path
@instance_options
def head(**options: Any) -> int:
    """Print the number and the hash of the last record, to be kept where no run can write."""
    verdict = verified(source_of(**options))
    click.echo(str(verdict.head))
    return ExitCode.CONVERGED


@audit.command()
@_path
@instance_options
def runs(**options: Any) -> int:
    """List the runs: when, which, the command, where, who, and how each ended.

    A run without an end was killed, or still works; the next `apply` on its server says what it
    had done. Open are changes that it planned and of which nobody knows yet.
    """
    from pgtenant.audit.runs import listed

    for line in listed(verified(source_of(**options)).links):
        say(line)
    return ExitCode.CONVERGED


@audit.command()
@_path
@instance_options
@click.option(
    "--format", "style", type=click.Choice(["csv", "json"]), required=True, help="What to make."
)
@click.option(
    "--since", default="", metavar="TIME", help="Leave out what is older, such as 2026-01-16."
)
def export(*, style: str, since: str, **options: Any) -> int:
    """Print the records as CSV or JSON lines.

    From the journal when there is one; PATH is a journal, or a CSV to export from.
    """
    from pgtenant.audit import export as convert
    from pgtenant.audit.reading import read_csv

    given: Path | None = options["path"]
    source = source_of(**options)
    if (given is not None and given == source.csv) or not source.journal.exists():
        try:
            rows = convert.csv_to_rows(read_csv(source.csv))
        except OSError as error:
            raise UsageError(f"{source.csv} can't be read: {error.strerror}") from None
        render = convert.rows_to_csv if style == "csv" else convert.rows_to_json
        sys.stdout.write(render(rows, since=since))
        return ExitCode.CONVERGED
    links = verified(source).links
    make = convert.journal_to_csv if style == "csv" else convert.journal_to_json
    sys.stdout.write(make(links, since=since))
    return ExitCode.CONVERGED


@audit.command()
@_path
@instance_options
@click.option("--run-id", metavar="ID", help="This run only, also when it has no end.")
@click.option("--to", metavar="URL", help="s3://bucket/prefix  [default: [project] audit_s3]")
def upload(*, run_id: str | None, to: str | None, **options: Any) -> int:
    """Put finished runs of the journal into S3, one object each; nothing is ever overwritten."""
    from pgtenant.audit.runs import runs_of, unfinished
    from pgtenant.audit.s3 import S3Sink, parse_bucket

    source = source_of(**options)
    url = to or load_settings(options["project"], {}).project.audit_s3
    if url is None:
        raise SettingsError(
            "there is no place in S3 to upload to", hint="set [project] audit_s3, or give --to"
        )
    links = verified(source).links
    runs = [(own[0].text("run_id"), start, own) for start, own in runs_of(links).items()]
    asked_for = [run for run in runs if run_id in {None, run[0]}]
    if not asked_for and run_id is not None:
        raise UsageError(f"the journal {source.journal} has no run {run_id}")
    sink = S3Sink(parse_bucket(url))
    open_runs = unfinished(links)
    for name, start, own in asked_for:
        if run_id is not None or start not in open_runs:
            done = sink.put(own[0].text("environment"), name, own)
            say(f"{name}: {'uploaded' if done else 'is there already'}")
    if run_id is None:
        for name, start, _ in asked_for:
            if start in open_runs:
                say(f"{name}: left out, it has no end; when it was killed: --run-id {name}")
    return ExitCode.CONVERGED


def _tell(source: Source, verdict: Verdict, text: str | None, *, heads: int) -> int:
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
    against = f"; {heads} published head(s) are in it" if heads else "; no published head was given"
    say(f"{source.journal}: {len(verdict.links)} records fit{against}")
    say(f"head: {verdict.head}")
    return ExitCode.CONVERGED
