"""Where the records of one run go, opened in one place for every command that leaves some."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

from pgtenant.audit.chain import Link
from pgtenant.audit.record import Record
from pgtenant.audit.s3 import S3Sink, parse_bucket
from pgtenant.audit.trail import open_trail
from pgtenant.audit.wire import to_lines
from pgtenant.logs import write_lines
from pgtenant.settings.model import Settings
from pgtenant.usecases.journal import ended, upload, who
from pgtenant.usecases.recorder import Recorder

_O = TypeVar("_O")


@contextmanager
def recording(
    settings: Settings,
    environment: str,
    environ: Mapping[str, str],
    *,
    command: str,
    build_id: str,
    run_id: str,
    records: list[Record] | None = None,
) -> Iterator[tuple[Recorder, S3Sink | None]]:
    """Open an environment's audit before anything is changed, and close it after the block.

    Args:
        settings: the project's.
        environment: whose audit.
        environ: the process's environment; says who runs it.
        command: what was asked for, such as `apply --dry-run`.
        build_id: the CI system's run.
        run_id: this run.
        records: where to keep what was written, for the report.

    Yields:
        What writes the records, and where they go at the end besides.

    Raises:
        AuditError: the files can't be made or written.
        MissingExtraError: they go to S3 as well, and boto3 is not installed.
        SettingsError: `[project] audit_s3` is no place in S3.
    """
    place = settings.project.audit_s3
    sink = S3Sink(parse_bucket(place)) if place else None
    echo = _echo if settings.project.audit_log else None
    with open_trail(settings.audit_path(environment), echo=echo) as audit:
        yield (
            Recorder(
                environment=environment,
                build_id=build_id,
                run_id=run_id,
                audit=audit,
                clock=lambda: datetime.now(UTC),
                who=who(settings.root, environ, command=command),
                records=[] if records is None else records,
            ),
            sink,
        )


async def recorded(
    settings: Settings,
    environment: str,
    environ: Mapping[str, str],
    work: Callable[[Recorder], Awaitable[_O]],
    code: Callable[[_O], int],
    *,
    command: str,
    build_id: str,
    run_id: str,
    records: list[Record],
) -> _O:
    """Do work with an environment's audit open, write how it ended, and send the records away.

    Args:
        settings: the project's.
        environment: whose audit.
        environ: the process's environment; says who runs it.
        work: does it.
        code: returns the exit code of work that raised nothing.
        command: what was asked for.
        build_id: the CI system's run.
        run_id: this run.
        records: gets what was written.

    Raises:
        PgtenantError: the work did, or its records could not be written or sent.
    """
    with recording(
        settings,
        environment,
        environ,
        command=command,
        build_id=build_id,
        run_id=run_id,
        records=records,
    ) as (recorder, sink):
        outcome = await ended(work(recorder), recorder, sink, code)
        await asyncio.to_thread(upload, recorder, sink)
        return outcome


def _echo(links: Sequence[Link]) -> None:
    write_lines(line for link in links for line in to_lines(link))
