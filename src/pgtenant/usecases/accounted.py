"""Every entry has a record, also those of a run that failed before it came to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pgtenant.audit.record import Action
from pgtenant.errors import AuditError, PgtenantError
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.journal import facts
from pgtenant.usecases.outcome import bad_secret_rows, failure_rows
from pgtenant.usecases.recorder import Recorder


@asynccontextmanager
async def accounted(inputs: Inputs, recorder: Recorder) -> AsyncIterator[None]:
    """Leave a row for each entry that has none when the block raises an error.

    Raises:
        PgtenantError: what the block raised, or an `AuditError` instead.
    """
    try:
        yield
    except AuditError:
        raise
    except PgtenantError as error:
        if not recorder.audit.links:
            await recorder.start(facts(inputs))
        if not recorder.own:
            await recorder.write(bad_secret_rows(inputs))
        told = {record.username for record in recorder.own}
        keys = {
            entry.key
            for entry in inputs.catalog.entries
            if (inputs.only is None or entry.key in inputs.only) and entry.username not in told
        }
        await recorder.write(failure_rows(inputs, keys, Action.RUN, error))
        raise
