"""Dump a disabled database, and prove the dump by restoring it before anything is dropped."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from pgtenant.audit.record import Action, Status
from pgtenant.errors import AuditError, PgtenantError, UsageError
from pgtenant.planning.observed import Database
from pgtenant.planning.retired import Retired
from pgtenant.planning.retirement import dump as window
from pgtenant.planning.retirement.steps import Batch
from pgtenant.planning.retirement.subject import find_subject
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.text import as_text
from pgtenant.postgres.connect import Login
from pgtenant.postgres.content import Content, count_content
from pgtenant.postgres.observe import observe_instance
from pgtenant.postgres.programs import Programs, run_program
from pgtenant.postgres.retiring import Inside, inside_of, sessions_of
from pgtenant.report.words import some
from pgtenant.secrets.secret import Secret
from pgtenant.usecases.retire.carry import Carrier

_LOOKS: Final = 20
_PAUSE: Final = 0.25  # seconds between two of them
_MOST: Final = 10
_PASSWORD: Final = 32  # bytes
_RESTORE: Final = (
    "--no-owner",
    "--no-acl",
    "--no-publications",
    "--no-subscriptions",
    "--no-security-labels",
    "--no-tablespaces",
)
"""What the proof needs: the rows. Owners and privileges are in the archive all the same."""


@dataclass(slots=True)
class Dump:
    """One dump of one database.

    Attributes:
        how: what the owner's marker says; follows what is done.
        directory: where the archive goes.
    """

    carrier: Carrier
    programs: Programs
    database: Database
    how: Retired
    directory: Path

    async def run(self) -> None:
        """Make the archive, prove it, and record it.

        Raises:
            UsageError: the directory can't be written to.
            PgtenantError: it failed or was not proven: no archive is left, the database is closed.
        """
        began = time.monotonic()
        moment = "".join(c for c in self.carrier.now() if c.isalnum())
        place = f"{self.carrier.inputs.environment}-{self.database.name}"
        # Also a run that was killed in this very second has left a file.
        archive = self.directory / f"{place}-{moment}-{secrets.token_hex(3)}.dump"
        partial = archive.with_suffix(".partial")
        _create(partial)
        try:
            content, inside = await self._proven(partial)
            digest, size = await asyncio.to_thread(_finish, partial, archive)
            after = _after_restore(archive, inside)
        except BaseException as error:
            partial.unlink(missing_ok=True)
            if isinstance(error, PgtenantError) and not isinstance(error, AuditError):
                message = f"no dump was made: {error.message}"
                await self.carrier.record(Action.DUMP_DATABASE, Status.ERROR, message)
            raise
        await self.carrier.record(
            Action.DUMP_DATABASE,
            Status.SUCCESS,
            f"{archive} ({size} bytes, sha256 {digest}), made by pg_dump {self.programs.version},"
            f" was restored, and {content} were the same{after}",
            duration=time.monotonic() - began,
        )

    async def _proven(self, archive: Path) -> tuple[Content, Inside]:
        async with self._window() as inside:
            await self._program("pg_dump", "--format=custom", f"--file={archive}")
            content = await self._count(self.database.name)
            scratch, admin = window.scratch_of(self.carrier.subject), self._admin
            await self._step(*window.making_scratch(self.carrier.subject, inside.like))
            await self._program(
                "pg_restore", *_RESTORE, f"--dbname={scratch}", str(archive), database=scratch
            )
            restored = await self._count(scratch)
            await self._step(*window.dropping_scratch(self.carrier.subject, admin, owned=True))
        if differences := tuple(content.differences(restored)):
            raise PgtenantError(
                f"the dump of {self.database.name} does not bring back what is there:"
                f" {some(differences, _MOST)}",
                hint="nothing was dropped; back it up in another way and say --no-backup",
            )
        return content, inside

    @asynccontextmanager
    async def _window(self) -> AsyncIterator[Inside]:
        """Open the database for a login of its own; close it again, whatever happens."""
        subject, database = self.carrier.subject, self.database
        secret = Secret(secrets.token_urlsafe(_PASSWORD))
        self.carrier.passwords[window.dumper_of(subject)] = secret
        try:
            await self._step(window.opening(subject, database, self.how))
            self.how = replace(self.how, window=True)
            inside = await self._look()
            if inside.tables:
                batch = window.unforcing(subject, database, self.how, inside.tables)
                await self._step(batch)
            await self._alone()
            yield inside
        except BaseException:
            with contextlib.suppress(PgtenantError):  # the first error is the one to report
                await close_window(self.carrier)
            raise
        await close_window(self.carrier)

    async def _look(self) -> Inside:
        carrier, name = self.carrier, self.database.name
        async with carrier.instance.gate.open(carrier.instance.admin, name) as connection:
            inside = await inside_of(connection, carrier.subject.role.name)
        if inside.event_triggers:
            raise PgtenantError(
                f"{name} has event triggers ({some(inside.event_triggers)}): what they run is not"
                " ours to run",
                hint="have a superuser disable them, or back it up in another way and say"
                " --no-backup",
            )
        return inside

    async def _alone(self) -> None:
        """Insist that nobody else is in; a session of ours that has ended may still be listed."""
        for _ in range(_LOOKS):
            there = await sessions_of(self.carrier.instance.primary, self.database.name, ())
            if not there:
                return
            await asyncio.sleep(_PAUSE)
        who = some(sorted({session.user for session in there}))
        raise PgtenantError(
            f"{who} came into {self.database.name} while it was open for its dump",
            hint="take their CONNECT away: whoever has it gets in then; run again",
        )

    async def _program(self, name: str, *arguments: str, database: str = "") -> None:
        await run_program(
            self.programs,
            name,
            arguments,
            gate=self.carrier.instance.gate,
            login=self._login(),
            database=database or self.database.name,
        )

    async def _count(self, database: str) -> Content:
        async with self.carrier.instance.gate.open(self._login(), database) as connection:
            return await count_content(connection)

    async def _step(self, *batches: Batch) -> None:
        await self.carrier.start(batches, dry_run=False)
        await self.carrier.carry_out(batches)

    def _login(self) -> Login:
        name = window.dumper_of(self.carrier.subject)
        return Login(name, self.carrier.passwords[name].reveal())

    @property
    def _admin(self) -> str:
        return self.carrier.observed.server.admin.name


async def close_window(carrier: Carrier) -> bool:
    """Close what a dump has opened, as far as it came; return whether there was anything.

    Raises:
        PgtenantError: a step failed; the next run goes on from there.
    """
    instance, desired = carrier.instance, carrier.inputs.desired
    names = [role.name for role in carrier.subject.roles]
    observed = await observe_instance(instance.primary, roles=names, extensions=())
    subject = find_subject(observed, desired, carrier.subject.entry)
    if subject is None:
        return False
    batches = list(window.left_scratch(subject, observed))
    how, database = subject.retired, subject.database
    if window.is_open(subject) and how is not None and database is not None:
        if how.unforced:
            async with instance.gate.open(instance.admin, database.name) as connection:
                inside = await inside_of(connection, subject.role.name, how.unforced)
            batches.append(window.forcing(subject, database, how, inside.tables))
        batches.append(window.closing(subject, database, how))
    if batches:
        await carrier.start(batches, dry_run=False)
        await carrier.carry_out(batches)
    return bool(batches)


def _create(path: Path) -> None:
    """Make an empty file that only this user can read.

    Raises:
        UsageError: it can't be made.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise UsageError(
            f"the dump can't be written to {path}: {error.strerror}",
            hint="--dump-to names a directory that is there; nothing was changed",
        ) from None


def _finish(partial: Path, archive: Path) -> tuple[str, int]:
    """Give the archive its name once it is on disk; return its SHA-256 and size."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    partial.rename(archive)
    return digest, size


def _after_restore(archive: Path, inside: Inside) -> str:
    """Write what the archive lacks: it was made while row security was not forced."""
    if not inside.tables:
        return ""
    path = archive.with_suffix(".after-restore.sql")
    _create(path)
    lines: Sequence[str] = [
        f"{as_text(statements.force_row_security(schema, table, on=True))};\n"
        for _, schema, table in inside.tables
    ]
    path.write_text("".join(lines), "utf-8")
    return f"; {path} forces row security again after a restore"
