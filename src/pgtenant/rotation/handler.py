"""The entry point of the function in AWS that Secrets Manager rotates with.

It stands above everything else, and here only because its name is `pgtenant.rotation.handler`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgtenant import logs
from pgtenant.errors import PgtenantError
from pgtenant.settings.load import load
from pgtenant.usecases.rotate.call import read_call
from pgtenant.usecases.rotate.called import Stores, answer

if TYPE_CHECKING:
    from pgtenant.settings.model import Settings


class RotationError(Exception):
    """A step failed, and Secrets Manager is told so; it holds no secret."""


def lambda_handler(event: Mapping[str, Any], context: object) -> None:
    """Take one step of a rotation: `createSecret`, `setSecret`, `testSecret` or `finishSecret`.

    Each may be called again with the same `ClientRequestToken`, whatever the call before it has
    left.

    Args:
        event: `SecretId`, `ClientRequestToken` and `Step`.
        context: Lambda's, whose `aws_request_id` the log names.

    Raises:
        RotationError: the step was refused or failed; the message says why and what to do.
    """
    request = str(getattr(context, "aws_request_id", ""))
    failure = ""
    try:
        logs.configure(sys.stderr, logs.level_for(os.environ, sys.stderr), request=request)
        asyncio.run(_take(event))
    except PgtenantError as error:
        said = f"{error.message}; {error.hint}" if error.hint else error.message
        failure = f"{said} ({error.code})"
    if failure:
        raise RotationError(failure)


async def _take(event: Mapping[str, Any]) -> None:
    call = read_call(event, os.environ)
    logs.bind(environment=call.environment, secret=call.secret, version=call.token, step=call.step)
    begun = time.monotonic()

    def duration() -> int:
        return round((time.monotonic() - begun) * 1000)

    try:
        outcome = await answer(call, _settings(), _stores(), os.environ)
    except PgtenantError as error:
        logs.get_logger().error(
            "rotation_failed",
            error=error.message,
            code=error.code,
            hint=error.hint,
            duration_ms=duration(),
        )
        raise
    logs.get_logger().info("rotation_step", outcome=outcome, duration_ms=duration())


def _settings() -> Settings:
    """Read the settings: the variables of the function, and a `pgtenant.toml` in its package."""
    return load(Path(os.environ.get("LAMBDA_TASK_ROOT", ".")), environ=os.environ)


@lru_cache(maxsize=1)
def _stores() -> Stores:
    """Return the clients, which a function that was called before still has."""
    return Stores.in_aws()
