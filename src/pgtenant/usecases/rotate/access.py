"""How a rotation comes to the server, and leaves a record when it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Final

from pgtenant.audit.record import Action, Status
from pgtenant.codes import Code
from pgtenant.errors import AuditError, PgtenantError, SecretError, ServerError
from pgtenant.rotation.stages import PENDING, PREVIOUS
from pgtenant.secrets.versioned import VersionedStore
from pgtenant.usecases.accounted import accounted
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.look import Instance, connected
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.rotate.steps import Subject, credentials_of
from pgtenant.usecases.rows import short

WRONG_PASSWORD: Final = "28P01"  # noqa: S105 - a SQLSTATE


class _RefusedError(ServerError):
    """The server refuses a password."""

    code = Code.WRONG_PASSWORD


@asynccontextmanager
async def for_entries(inputs: Inputs, recorder: Recorder) -> AsyncIterator[Instance]:
    """Connect, and leave a row for each entry that has none when the block raises an error."""
    async with accounted(inputs, recorder), connected(inputs) as instance:
        yield instance


@asynccontextmanager
async def as_admin(
    inputs: Inputs, recorder: Recorder, store: VersionedStore
) -> AsyncIterator[Instance]:
    """Connect to rotate the admin's own secret, and leave a row when the block raises an error.

    A rotation of it may have been stopped after the server was told: then the pending version is
    what logs in. Where something else has changed the secret, it may be the previous one.
    """
    try:
        async with connected(await _that_logs_in(inputs, store)) as instance:
            yield instance
    except AuditError:
        raise
    except PgtenantError as error:
        if not recorder.audit.links:
            await recorder.start(facts(inputs))
        if not recorder.own:
            row = Row(
                database="",
                username=inputs.admin.username,
                action=Action.RUN,
                status=Status.ERROR,
                message=short(error.message),
            )
            await recorder.write([row])
        raise


async def _that_logs_in(inputs: Inputs, store: VersionedStore) -> Inputs:
    try:
        return await _if_admitted(inputs)
    except _RefusedError as error:
        refused = error
    name = inputs.admin.name
    versions = await store.versions(name)
    tried = []
    for version, stage in ((versions.pending, PENDING), (versions.previous, PREVIOUS)):
        if version is None:
            continue
        subject = Subject(entry="", role=inputs.admin.username, secret=name)
        tried.append(stage)
        with suppress(SecretError, _RefusedError):
            admin = credentials_of(subject, await store.text(name, version, stage))
            return await _if_admitted(replace(inputs, admin=admin, source=None))
    also = f"; no version that is {' or '.join(tried)} logs in either" if tried else ""
    raise ServerError(
        refused.message + also, hint=refused.hint, sqlstate=refused.sqlstate, code=refused.code
    )


async def _if_admitted(inputs: Inputs) -> Inputs:
    """Return them.

    Raises:
        _RefusedError: the server refuses the admin's password.
        ServerError: the server failed in another way.
    """
    try:
        async with connected(inputs):
            return inputs
    except ServerError as error:
        if error.sqlstate != WRONG_PASSWORD:
            raise
        raise _RefusedError(error.message, hint=error.hint, sqlstate=error.sqlstate) from None
