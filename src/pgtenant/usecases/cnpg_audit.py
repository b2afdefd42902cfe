"""Passwords that are sealed again, in the audit: what a rotation is on a shared cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pgtenant.audit.record import Action, Status
from pgtenant.errors import ExitCode
from pgtenant.settings.model import Settings
from pgtenant.usecases.cnpg_logins import Login
from pgtenant.usecases.identity import build_id
from pgtenant.usecases.journal import ended, upload
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.recording import recording

_COMMAND = "render cnpg"


@dataclass(frozen=True, slots=True)
class Audited:
    """Writes manifests between the start of a run and its records.

    Attributes:
        environ: the process's environment; says who runs it.
        run_id: of the run.
    """

    settings: Settings
    environment: str
    environ: Mapping[str, str]
    run_id: str

    def carry_out(
        self, logins: Sequence[Login], writing: Callable[[], None], code: ExitCode
    ) -> None:
        """Write the manifests, and record each password that was sealed before.

        Raises:
            AuditError: the audit can't be written: nothing was changed, unless it says so.
            PgtenantError: what the writing raised.
        """
        with recording(
            self.settings,
            self.environment,
            self.environ,
            command=_COMMAND,
            build_id=build_id(self.environ),
            run_id=self.run_id,
        ) as (recorder, sink):

            async def run() -> None:
                await ended(_run(recorder, logins, writing), recorder, sink, lambda _: code)
                await asyncio.to_thread(upload, recorder, sink)

            asyncio.run(run())


async def _run(recorder: Recorder, logins: Sequence[Login], writing: Callable[[], None]) -> None:
    await recorder.start({})
    writing()
    await recorder.write([_row(one) for one in logins])


def _row(login: Login) -> Row:
    entry = login.wanted.entry
    return Row(
        database=login.dbname if entry else "",
        username=login.wanted.username,
        action=Action.STORE_SECRET,
        status=Status.SUCCESS,
        message=f"its password was sealed again into {login.file.display}; the operator sets it"
        " when that has been merged and synced",
        entry=entry,
    )
