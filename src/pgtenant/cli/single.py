"""What commands that change one entry or a few do around their work on one environment."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from pgtenant import logs
from pgtenant.audit.record import Record
from pgtenant.catalog.model import Catalog
from pgtenant.cli.options import load_settings, lock_wait, reaching
from pgtenant.cli.plan import complain
from pgtenant.cli.stdout import not_needed
from pgtenant.cli.unexpected import as_error, as_json
from pgtenant.cli.working import need_environment
from pgtenant.errors import ExitCode, PgtenantError
from pgtenant.report.jsonout import apply_json, json_text
from pgtenant.secrets.store import open_store
from pgtenant.settings.model import Settings
from pgtenant.usecases.approval import log_approval, require_approval
from pgtenant.usecases.identity import build_id, run_id
from pgtenant.usecases.inputs import Inputs, load_catalog, load_inputs
from pgtenant.usecases.operated import refuse_operated
from pgtenant.usecases.recorder import Recorder
from pgtenant.usecases.recording import recorded


class Outcome(Protocol):
    """How the work ended."""

    @property
    def errors(self) -> tuple[PgtenantError, ...]:
        """Return what failed."""

    @property
    def exit_code(self) -> ExitCode:
        """Return the exit code."""


_O = TypeVar("_O", bound=Outcome)


@dataclass(slots=True)
class Single:
    """One run, with what it has found and recorded so far.

    Attributes:
        lock_wait: seconds.
        style: `text` or `json`.
        found: what its JSON says beside the records.
    """

    settings: Settings
    environment: str
    run_id: str
    lock_wait: float
    dry_run: bool
    style: str
    found: dict[str, Any]
    records: list[Record] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        *,
        project: Path,
        environment: str | None,
        skip_preflight: bool,
        lock_timeout: str | None,
        dry_run: bool,
        style: str,
        found: dict[str, Any],
    ) -> Self:
        """Take what was asked for, and set up the log.

        Raises:
            PgtenantError: the settings or a flag can't be used.
        """
        settings = load_settings(project, reaching(skip_preflight=skip_preflight))
        env, wait = need_environment(environment, settings), lock_wait(lock_timeout)
        run = cls(
            settings=settings,
            environment=env,
            run_id=run_id(os.environ, secrets.token_hex(4)),
            lock_wait=settings.server.lock_timeout if wait is None else wait,
            dry_run=dry_run,
            style=style,
            found=found,
        )
        level = logs.level_for(os.environ, sys.stderr)
        logs.configure(sys.stderr, level, environment=env, run_id=run.run_id)
        if not dry_run:
            not_needed()
        return run

    async def inputs(
        self,
        only: frozenset[str],
        *,
        passwords: bool = True,
        operated: bool = False,
        check: Callable[[Catalog], None] | None = None,
    ) -> Inputs:
        """Read the catalog, see to the approval, and read the secrets.

        Args:
            only: the entries' keys that have to be there; empty for all.
            passwords: whether applications' secrets are read.
            operated: whether it can be done where an operator keeps roles and databases.
            check: refuses what can't be asked of this catalog, before anything else is looked at.

        Raises:
            PgtenantError: one of them can't be had.
        """
        settings, env = self.settings, self.environment
        if not operated:
            refuse_operated(settings, env)
        catalog = load_catalog(settings, env, only)
        if check is not None:
            check(catalog)
        approver = "" if self.dry_run else require_approval(settings, env, os.environ)
        store = open_store(
            settings.secrets.store, directory=settings.secrets.directory, project=settings.root
        )
        inputs = await load_inputs(settings, env, catalog, store, only=only, passwords=passwords)
        if not self.dry_run:
            log_approval(settings, env, approver)
        return inputs

    async def recorded(self, command: str, work: Callable[[Recorder], Awaitable[_O]]) -> _O:
        """Do the work with the environment's audit open.

        Args:
            command: what the audit says was asked for.
            work: does it.

        Raises:
            PgtenantError: it ended before or between its steps.
        """
        return await recorded(
            self.settings,
            self.environment,
            os.environ,
            work,
            lambda done: done.exit_code,
            command=command,
            build_id=build_id(os.environ),
            run_id=self.run_id,
            records=self.records,
        )

    def finish(self, work: Coroutine[Any, Any, _O], say: Callable[[_O], None]) -> int:
        """Do all of it, print how it ended, and return the exit code.

        Args:
            work: all of it.
            say: prints the last words in text, when nothing failed.

        Raises:
            PgtenantError: anything that ended the run before or between its steps.
        """
        try:
            outcome = asyncio.run(work)
        except Exception as unexpected:
            error = as_error(unexpected)
            if self.style == "json" and error.exit_code < ExitCode.USAGE:
                self._print_json(error)
            raise
        if self.style == "json":
            self._print_json(outcome.errors[0] if outcome.errors else None)
        elif not outcome.errors:  # the errors and the audit say how far it came
            say(outcome)
        sys.stdout.flush()
        for failure in outcome.errors:
            complain(failure)
        return outcome.exit_code

    def _print_json(self, error: PgtenantError | None) -> None:
        extra = self.found if error is None else self.found | {"error": as_json(error)}
        rows = [record.as_dict() for record in self.records]
        sys.stdout.write(json_text(apply_json(self.run_id, self.environment, rows, extra)))
