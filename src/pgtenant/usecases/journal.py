"""A run as a whole in the journal: who ran what, on which server, and how it ended."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import pwd
import shlex
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from pgtenant import __version__
from pgtenant.errors import AuditError, ExitCode, PgtenantError
from pgtenant.report.jsonout import json_text, plan_json
from pgtenant.usecases.saved import catalog_digest
from pgtenant.usecases.settle import server_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from pgtenant.audit.s3 import S3Sink
    from pgtenant.planning.observed import Observed
    from pgtenant.planning.plan import Plan
    from pgtenant.usecases.inputs import Inputs
    from pgtenant.usecases.outcome import Outcome
    from pgtenant.usecases.recorder import Recorder

_Outcome = TypeVar("_Outcome")

_GIT_WAIT: Final = 5.0  # seconds
_INTERRUPTED: Final = 130  # what the process then exits with


def who(root: Path, environ: Mapping[str, str], *, command: str) -> dict[str, str]:
    """Return who runs what: as far as the environment tells, and never checked.

    Args:
        root: the project's directory.
        environ: the process's environment.
        command: what was asked for, such as `apply --dry-run`.
    """
    return {
        "command": command,
        "pgtenant": __version__,
        "actor": environ.get("GITHUB_ACTOR") or environ.get("GITLAB_USER_LOGIN") or _user(),
        "approver": environ.get("PGTENANT_APPROVED_BY", ""),
        "git_commit": _git_commit(root)
        or environ.get("GITHUB_SHA")
        or environ.get("CI_COMMIT_SHA", ""),
    }


def facts(
    inputs: Inputs, plan: Plan | None = None, observed: Observed | None = None
) -> dict[str, str | int]:
    """Return what a run was about: digests, and the server as it was found.

    Args:
        inputs: the run's.
        plan: None when the run failed before it had one.
        observed: None when the run failed before it could look.
    """
    return {
        "catalog": catalog_digest(inputs),
        "plan": plan_digest(plan) if plan is not None else "",
        "server": server_of(inputs),
        "server_version": observed.server.version if observed is not None else 0,
        "admin": inputs.admin.username,
    }


def plan_digest(plan: Plan) -> str:
    """Return the SHA-256 of the plan's JSON, as `plan --format json` prints it."""
    return hashlib.sha256(json_text(plan_json(plan)).encode()).hexdigest()


async def journaled(
    running: Awaitable[Outcome], recorder: Recorder, sink: S3Sink | None
) -> Outcome:
    """Wait for an apply like `ended`, and send its records away.

    Raises:
        PgtenantError: what the run raised, or `AuditError` when its end could not be written. An
            upload that failed is one of the outcome's errors.
    """
    outcome = await ended(running, recorder, sink, lambda outcome: outcome.exit_code)
    try:
        await asyncio.to_thread(upload, recorder, sink)
    except AuditError as error:
        return replace(outcome, errors=(*outcome.errors, error))
    return outcome


async def ended(
    running: Awaitable[_Outcome],
    recorder: Recorder,
    sink: S3Sink | None,
    code: Callable[[_Outcome], int],
) -> _Outcome:
    """Wait for a run and write how it ended, whatever ends it; what it raises goes on.

    Args:
        running: the run.
        recorder: the run's.
        sink: where the records of a run that failed go, besides the files.
        code: returns the exit code of a run that raised nothing.

    Raises:
        PgtenantError: what the run raised, or `AuditError` when its end could not be written.
    """
    try:
        outcome = await running
    except BaseException as error:
        with contextlib.suppress(AuditError):  # the first error is the one to report
            recorder.finish(_code(error), cut_off=not isinstance(error, PgtenantError))
            if isinstance(error, PgtenantError):  # nobody waits for an upload after Ctrl-C
                await asyncio.to_thread(upload, recorder, sink)
        raise
    recorder.finish(code(outcome))
    return outcome


def upload(recorder: Recorder, sink: S3Sink | None) -> None:
    """Send a run's records away.

    Raises:
        AuditError: they could not be; it says that they are safe, and how to do it later.
    """
    links = recorder.audit.links
    if sink is None or not links:
        return
    journal = recorder.audit.journal.path
    try:
        sink.put(recorder.environment, recorder.run_id, links)
    except AuditError as error:
        raise AuditError(
            f"{error.message}; the run's records are safe in {journal}",
            hint=f"{error.hint}; then: pgtenant audit upload {shlex.quote(str(journal))}"
            f" --run-id {shlex.quote(recorder.run_id)}",
            code=error.code,
        ) from None


def _code(error: BaseException) -> int:
    if isinstance(error, PgtenantError):
        return int(error.exit_code)
    interrupted = isinstance(error, KeyboardInterrupt | asyncio.CancelledError)
    return _INTERRUPTED if interrupted else int(ExitCode.FAILED)


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user need not have a name
        return f"uid {os.getuid()}"


def _git_commit(root: Path) -> str:
    """Return the commit that is checked out, empty when there is none or no git."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and nothing but a path of our own
            ["git", "-C", str(root), "rev-parse", "--verify", "HEAD"],  # noqa: S607 - from PATH
            capture_output=True,
            check=False,
            text=True,
            timeout=_GIT_WAIT,
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
