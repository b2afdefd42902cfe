"""`pgtenant audit`: verify the journal, publish its head, list the runs, export, upload."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from pgtenant.cli.audit_source import say, source_of, tell, verified
from pgtenant.cli.commands.collect import collect
from pgtenant.cli.options import head_options, instance_options, load_settings
from pgtenant.codes import Code
from pgtenant.errors import ExitCode, SettingsError, UsageError

_path = click.argument(
    "path", required=False, metavar="[PATH]", type=click.Path(dir_okay=False, path_type=Path)
)


@click.group(short_help="Check, list, export and publish the journal of runs.")
def audit() -> None:
    """Verify the journal beside the audit CSV, publish its head, list the runs, export, upload.

    Collect what a Job has printed.
    """


audit.add_command(collect)


@audit.command()
@_path
@instance_options
@head_options
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
    return tell(source, check(data, heads), text, heads=len(heads))


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
            raise UsageError(
                f"{source.csv} can't be read: {error.strerror}", code=Code.UNREADABLE_FILE
            ) from None
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
    from pgtenant.audit.origin import original
    from pgtenant.audit.runs import runs_of, unfinished
    from pgtenant.audit.s3 import S3Sink, parse_bucket

    source = source_of(**options)
    url = to or load_settings(options["project"], {}).project.audit_s3
    if url is None:
        raise SettingsError(
            "there is no place in S3 to upload to",
            hint="set [project] audit_s3, or give --to",
            code=Code.SETTINGS,
        )
    links = verified(source).links
    runs = [(own[0].text("run_id"), start, own) for start, own in runs_of(links).items()]
    asked_for = [run for run in runs if run_id in {None, run[0]}]
    if not asked_for and run_id is not None:
        raise UsageError(f"the journal {source.journal} has no run {run_id}", code=Code.UNKNOWN_RUN)
    sink = S3Sink(parse_bucket(url))
    open_runs = unfinished(links)
    for name, start, own in asked_for:
        if run_id is not None or start not in open_runs:
            # As the Job itself would have put them.
            first = [original(link) or link for link in own]
            done = sink.put(own[0].text("environment"), name, first)
            say(f"{name}: {'uploaded' if done else 'is there already'}")
    if run_id is None:
        for name, start, _ in asked_for:
            if start in open_runs:
                say(f"{name}: left out, it has no end; when it was killed: --run-id {name}")
    return ExitCode.CONVERGED
