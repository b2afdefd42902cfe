"""`pgtenant verify --terminate`: end sessions that are older than a revoke, after asking."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys

import click

from pgtenant.codes import Code
from pgtenant.errors import ExitCode, PgtenantError, UsageError
from pgtenant.report.safe import name
from pgtenant.report.words import count
from pgtenant.secrets.store import open_store
from pgtenant.settings.model import Settings
from pgtenant.usecases.approval import log_approval, require_approval
from pgtenant.usecases.identity import build_id, run_id
from pgtenant.usecases.inputs import Inputs, load_catalog, load_inputs
from pgtenant.usecases.journal import ended, upload
from pgtenant.usecases.recording import recording
from pgtenant.usecases.sessions import Ended, end_sessions, stale_sessions
from pgtenant.verify.facts import StaleSession


def end_stale_sessions(
    settings: Settings, environment: str, *, sure: bool, wait: float | None
) -> None:
    """List them, ask, and end them.

    Args:
        settings: the project's.
        environment: whose instance.
        sure: do not ask.
        wait: seconds to wait for another run, or None for the settings'.

    Raises:
        PgtenantError: there is no approval, nobody to ask, or one could not be ended.
    """
    approver = require_approval(settings, environment, os.environ)
    inputs = asyncio.run(tolerant_inputs(settings, environment, passwords=False))
    sessions = asyncio.run(stale_sessions(inputs))
    if not sessions:
        _say("No session is older than a revoke.")
        return
    for session in sessions:
        _say(f"  session {session.pid} of {name(session.user)} in {name(session.database)}")
    if not sure:
        if not sys.stdin.isatty():
            raise UsageError(
                f"{count(len(sessions), 'session')} would be ended, and there is nobody to ask",
                hint="say --yes",
                code=Code.NOBODY_TO_ASK,
            )
        if not click.confirm(f"End {count(len(sessions), 'session')}?", err=True):
            _say("No session was ended.")
            return
    log_approval(settings, environment, approver)
    asyncio.run(_end(settings, environment, inputs, sessions, wait))


async def _end(
    settings: Settings,
    environment: str,
    inputs: Inputs,
    sessions: tuple[StaleSession, ...],
    wait: float | None,
) -> None:
    with recording(
        settings,
        environment,
        os.environ,
        command="verify --terminate",
        build_id=build_id(os.environ),
        run_id=run_id(os.environ, secrets.token_hex(4)),
    ) as (recorder, sink):
        lock = settings.server.lock_timeout if wait is None else wait
        work = end_sessions(inputs, sessions, recorder, lock_wait=lock)
        done = await ended(work, recorder, sink, _code)
        await asyncio.to_thread(upload, recorder, sink)
    left = [one for one in done if one.refusal]
    _say(f"{count(len(done) - len(left), 'session')} ended.")
    if left:
        lines = "\n".join(f"  session {e.session.pid}: {e.refusal}" for e in left)
        raise PgtenantError(
            f"{count(len(left), 'session')} could not be ended:\n{lines}",
            hint="have a superuser, or a member of pg_signal_backend, run"
            f" SELECT pg_terminate_backend({left[0].session.pid})",
            code=Code.UNENDED_SESSIONS,
        )


def _code(done: tuple[Ended, ...]) -> ExitCode:
    return ExitCode.FAILED if any(one.refusal for one in done) else ExitCode.CONVERGED


async def tolerant_inputs(
    settings: Settings, environment: str, *, passwords: bool = True
) -> Inputs:
    """Read catalog and secrets; a bad secret of an entry stops nothing.

    Args:
        settings: the project's.
        environment: whose.
        passwords: whether anything but the admin's secret is needed.

    Raises:
        CatalogError: the catalog is wrong.
        SecretError: the admin's secret is bad.
    """
    catalog = load_catalog(settings, environment, ())
    store = open_store(
        settings.secrets.store, directory=settings.secrets.directory, project=settings.root
    )
    return await load_inputs(
        settings, environment, catalog, store, fail_fast=False, passwords=passwords
    )


def _say(text: str) -> None:
    click.echo(text, err=True)
