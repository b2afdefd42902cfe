"""The window of a rotation: set, test, promote; and the way back when one of them fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError, ServerError
from pgtenant.postgres import scram
from pgtenant.postgres.execute import Proviso, UnconfirmedError
from pgtenant.postgres.lock import LockLostError
from pgtenant.secrets.credentials import Credentials
from pgtenant.secrets.versioned import VersionedStore
from pgtenant.usecases.look import Instance
from pgtenant.usecases.rotate.steps import (
    Pair,
    Subject,
    Verifiers,
    change_of,
    prove,
    set_password,
    took_place,
)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Switch:
    """One rotation between a pending version and a current one.

    Attributes:
        both: what the server is to store.
        lock: whether the run lock is still held.
    """

    instance: Instance
    store: VersionedStore
    subject: Subject
    pair: Pair
    both: Verifiers
    lock: Proviso

    async def run(self) -> float:
        """Put the pending version in force, and return how many seconds that took.

        Ctrl-C waits for its end.

        Raises:
            PgtenantError: it failed; the message says whether the current version is in force.
        """
        return await _whole(self._run())

    async def _run(self) -> float:
        pair, stands, promoting, began = self.pair, False, False, time.monotonic()
        try:
            await self._set(pair.new, self.both.new)
            stands = True
            await prove(self.instance, pair.new, self.both.new.keys)
            promoting = True
            await self.store.promote(self.subject.secret, pair.pending, pair.current)
        except PgtenantError as error:
            stands = stands or isinstance(error, UnconfirmedError)
            failure = await self._failed(error, stands=stands, promoting=promoting)
        else:
            failure = None
        if failure is not None:
            raise failure
        return time.monotonic() - began

    async def _set(self, credentials: Credentials, verifier: scram.Verifier) -> None:
        change = change_of(self.subject, credentials.username)
        await set_password(self.instance, change, verifier, proviso=self.lock)

    async def _failed(
        self, error: PgtenantError, *, stands: bool, promoting: bool
    ) -> PgtenantError | None:
        """Go back, and return the error; None where the new version is in force all the same."""
        if promoting:
            try:
                if await took_place(self.store, self.subject.secret, self.pair, error):
                    return None
            except PgtenantError as unknown:
                return unknown
        return await self._back(error, stands=stands)

    async def _back(self, error: PgtenantError, *, stands: bool) -> PgtenantError:
        """Make the current version the one in force, as far as it is not, and return the error.

        What is pending is taken back last: until then the next rotation would finish it.
        """
        if isinstance(error, LockLostError) and not stands:
            return error  # another run may be at it
        if self.instance.primary.closed:
            return _about(error, "run again: the next rotation of it finishes or replaces this one")
        try:
            if stands and not self.pair.overlaps:
                with suppress(UnconfirmedError):
                    await self._set(self.pair.old, self.both.old)
            await self.store.withdraw(self.subject.secret, self.pair.pending)
        except PgtenantError as second:
            return PgtenantError(
                f"{error.message}; and it could not be taken back: {second.message}",
                hint="run again: the next rotation of it finishes or replaces this one",
                code=Code.UNDECIDED,
            )
        return _about(error, error.hint, "; the password so far is in force")


def _about(error: PgtenantError, hint: str, more: str = "") -> PgtenantError:
    message = error.message + more
    if isinstance(error, ServerError):
        return ServerError(message, hint=hint, sqlstate=error.sqlstate, code=error.code)
    return PgtenantError(message, hint=hint, code=error.code)


async def _whole(work: Coroutine[Any, Any, _T]) -> _T:
    """Wait for work that is not to be cut in two, and only then for who wants to end it."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # asked for, or asyncio complains that nobody did
        raise
