"""The run lock, and the secrets that are read under it.

Whoever held the lock before may have rotated them. A run that judges the server's passwords by
what it read before it had the lock would set old ones again.
"""

from __future__ import annotations

from dataclasses import replace

from pgtenant.codes import Code
from pgtenant.errors import SecretError
from pgtenant.postgres.lock import take_run_lock
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.look import Instance


async def locked(instance: Instance, *, wait: float) -> Instance:
    """Take the run lock, and return the instance with what the secrets say now.

    Args:
        instance: connected.
        wait: how many seconds to wait for another run.

    Raises:
        LockHeldError: somebody else held it all that time.
        SecretError: a secret is bad now, or the admin's is of another server.
        ServerError: the server failed.
    """
    await take_run_lock(instance.primary, wait=wait)
    return await read_again(instance)


async def read_again(instance: Instance) -> Instance:
    """Return the instance with what the secrets say now; the run lock is held.

    Raises:
        SecretError: a secret is bad now, or the admin's is of another server.
    """
    before = instance.inputs
    if before.source is None:
        return instance
    now = await before.source.load()
    if _place(now) != _place(before):
        raise SecretError(
            f"secret {now.admin.name} names another server, database or user than when the run"
            " began; nothing was changed",
            hint="run again",
            code=Code.SECRET_CHANGED,
        )
    return replace(instance, inputs=replace(now, only=before.only))


def _place(inputs: Inputs) -> tuple[str, int, str, str]:
    admin = inputs.admin
    return admin.host, admin.port, inputs.maintenance_database, admin.username
