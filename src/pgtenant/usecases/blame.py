"""Let a lock timeout say who held the lock, without a connection more than the budget has."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from pgtenant.postgres.blockers import naming_blockers
from pgtenant.postgres.libpq import Connection
from pgtenant.usecases.look import Instance


def blame(
    instance: Instance, connection: Connection, idle: Callable[[], Connection | None] = lambda: None
) -> AbstractAsyncContextManager[None]:
    """Name the blockers in the error of a lock that `connection` did not get in the block.

    Args:
        instance: where.
        connection: what the block uses.
        idle: returns another one that nothing uses at that moment. Without it the budget has to
            have one left.
    """

    @asynccontextmanager
    async def witness() -> AsyncIterator[Connection]:
        free = idle()
        if free is not None and not free.closed:
            yield free
            return
        database = instance.inputs.maintenance_database
        async with instance.gate.open(instance.admin, database) as another:
            yield another

    return naming_blockers(connection, witness, instance.gate.endpoint.timeouts)
