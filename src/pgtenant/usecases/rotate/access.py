"""How a rotation comes to the server, and leaves a record when it does not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from pgtenant.audit.record import Action, Status
from pgtenant.errors import AuditError, PgtenantError, ServerError
from pgtenant.rotation.stages import PENDING
from pgtenant.secrets.versioned import VersionedStore
from pgtenant.usecases.accounted import accounted
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.look import Instance, connected
from pgtenant.usecases.recorder import Recorder, Row
from pgtenant.usecases.rotate.steps import Subject, credentials_of
from pgtenant.usecases.rows import short


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
    what logs in.
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
        async with connected(inputs):
            return inputs
    except ServerError as error:
        if error.sqlstate != "28P01":
            raise
        refused = error
    admin = inputs.admin
    pending = (await store.versions(admin.name)).pending
    if pending is None:
        raise refused
    text = await store.text(admin.name, pending, PENDING)
    subject = Subject(entry="", role=admin.username, secret=admin.name)
    return replace(inputs, admin=credentials_of(subject, text), source=None)
