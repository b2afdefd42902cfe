"""Dump a disabled database, and prove the dump by restoring it before anything is dropped."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pgtenant.audit.record import Action, Status
from pgtenant.codes import Code
from pgtenant.errors import AuditError, PgtenantError
from pgtenant.planning.observed import Database
from pgtenant.planning.retirement import proof
from pgtenant.postgres.connect import Login
from pgtenant.postgres.content import Content, count_content
from pgtenant.postgres.programs import Programs, run_program
from pgtenant.postgres.retiring import Entered, Inside, nobody_arrives, sessions_of, state_of
from pgtenant.report.words import count, some
from pgtenant.usecases.retire.archive import Archive
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.usecases.retire.sessions import listed
from pgtenant.usecases.retire.window import begun, mended, opened, password

_LOOKS: Final = 20
_PAUSE: Final = 0.25  # seconds between two of them
_MOST: Final = 10
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
        directory: where the archive goes.
        moment: the server's, as audit records write it.
        size: of the database in bytes, or None where it is not known.
    """

    carrier: Carrier
    programs: Programs
    database: Database
    directory: Path
    moment: str
    size: int | None = None

    async def run(self) -> Entered:
        """Make the archive, prove it, and record it.

        Returns:
            How many sessions have been in the database: after this there is to be no other.

        Raises:
            UsageError: the directory can't be written to.
            PgtenantError: it failed or was not proven: no archive is left.
        """
        began = time.monotonic()
        place = f"{self.carrier.inputs.environment}-{self.database.name}"
        archive = Archive.named(self.directory, place, self.moment)
        archive.create()
        try:
            content, inside, entered = await self._dumped(archive.partial)
            await self._compare(content, archive.partial, inside)
            digest, size = await asyncio.to_thread(archive.finish, inside.tables)
        except BaseException as error:
            archive.discard()
            if isinstance(error, PgtenantError) and not isinstance(error, AuditError):
                message = f"no dump was made: {error.message}"
                await self.carrier.record(Action.DUMP_DATABASE, Status.ERROR, message)
            raise
        after = f"; {archive.after_restore} forces row security again after a restore"
        await self.carrier.record(
            Action.DUMP_DATABASE,
            Status.SUCCESS,
            f"{archive.path} ({size} bytes, sha256 {digest}), made by pg_dump"
            f" {self.programs.version}, was restored, and {content} were the same"
            + after
            * bool(inside.tables),
            duration=time.monotonic() - began,
        )
        return entered

    async def _dumped(self, archive: Path) -> tuple[Content, Inside, Entered]:
        """Dump and count, in a database that nobody else has been in meanwhile.

        A count of all sessions, which the server keeps, tells also of those that came and went.
        """
        name = self.database.name
        before, mine = await self._alone(), self.carrier.entered[name]
        async with opened(self.carrier, self.database) as (dumper, inside):
            await self._program(
                "pg_dump", "--format=custom", f"--file={archive}", login=dumper, database=name
            )
            content = await self._count(name, dumper)
        after, mine = await self._alone(), self.carrier.entered[name] - mine
        others = after.sessions - before.sessions - mine
        if others or after.since != before.since:
            who = (
                f"{count(others, 'other session')} came" if others > 0 else "somebody may have come"
            )
            raise PgtenantError(
                f"{who} into {name} while it was open for its dump, and may have changed what is"
                " in it",
                hint="nothing was dropped. Take CONNECT on it away from everybody but its owner:"
                " whoever has it gets in then; run again",
                code=Code.CHANGED_MEANWHILE,
            )
        return content, inside, after

    async def _compare(self, content: Content, archive: Path, inside: Inside) -> None:
        """Restore the dump where it can do no harm, and compare."""
        how = begun(self.carrier)
        scratch, prover = proof.scratch_of(how), proof.prover_of(how)
        password(self.carrier, prover)
        async with mended(self.carrier):
            await self.carrier.announced(*proof.making(self.carrier.subject, how, inside.like))
            arguments = (*_RESTORE, f"--dbname={scratch}", str(archive))
            await self._program("pg_restore", *arguments, login=prover, database=scratch)
            restored = await self._count(scratch, prover)
        if differences := tuple(content.differences(restored)):
            raise PgtenantError(
                f"the dump of {self.database.name} does not bring back what is there:"
                f" {some(differences, _MOST)}",
                hint="nothing was dropped; back it up in another way and say --no-backup",
                code=Code.DUMP_FAILED,
            )

    async def _alone(self) -> Entered:
        """Insist that nobody is in; a session of ours that has ended may still be listed."""
        primary, name = self.carrier.instance.primary, self.database.name
        await nobody_arrives(primary, name)
        for _ in range(_LOOKS):
            if not (there := await sessions_of(primary, name, ())):
                break
            await asyncio.sleep(_PAUSE)
        state = await state_of(primary, name, self.carrier.subject.names)
        if there or state.entered is None:
            who = listed(there) if there else "nobody knows who"
            raise PgtenantError(
                f"{who} is in {name}",
                hint="nothing was dropped; run again",
                code=Code.CHANGED_MEANWHILE,
            )
        return state.entered

    async def _program(self, name: str, *arguments: str, login: str, database: str) -> None:
        self.carrier.entered[database] += 1
        await run_program(
            self.programs,
            name,
            arguments,
            gate=self.carrier.instance.gate,
            login=self._login(login),
            database=database,
            seconds=self.carrier.inputs.settings.retire.timeout,
        )

    async def _count(self, database: str, login: str) -> Content:
        async with self.carrier.enter(database, self._login(login)) as connection:
            return await count_content(connection)

    def _login(self, name: str) -> Login:
        return Login(name, self.carrier.passwords[name].reveal())
