"""Conflicts that are over at once: which errors they are, and how often to try again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

import psycopg

_ATTEMPTS: Final = 12
_TRANSIENT: Final = frozenset({"40001", "40P01"})

_T = TypeVar("_T")


def is_transient(error: Exception, *, ours: bool = True) -> bool:
    """Return whether the same transaction may well succeed when it is run again.

    `tuple concurrently updated` has no SQLSTATE of its own: somebody else changed the same
    catalog row (an owner who loops `GRANT` on its database). 23505 comes from the catalogs
    when two sessions insert the same membership, 55006 when somebody is in `template0`.

    Args:
        error: what ended it.
        ours: whether all its statements are our own. A tenant's schema has tables and errors of
            its own, and a name in the message proves nothing.
    """
    if not isinstance(error, psycopg.Error):
        return False
    text = error.diag.message_primary or ""
    match error.sqlstate:
        case "XX000":
            return text.startswith("tuple concurrently ")
        case "23505" | "55006" if not ours:
            return False
        case "23505":
            return "pg_auth_members" in text or "pg_default_acl" in text or "pg_class" in text
        case "55006":
            return "template0" in text
        case state:
            return state in _TRANSIENT


async def patiently(work: Callable[[], Awaitable[_T]], *, ours: bool = True) -> _T:
    """Do something, and do it again as often as it meets a transient conflict, within bounds.

    The waits grow from a fiftieth of a second to one, and no two runs wait equally long.

    Args:
        work: whatever fails in it leaves nothing behind.
        ours: see `is_transient`.

    Raises:
        Exception: the last conflict, or whatever else `work` raised.
    """
    failed: list[psycopg.Error] = []
    try:
        return await work()
    except psycopg.Error as error:
        if not is_transient(error, ours=ours):
            raise
        failed.append(error)
    import stamina  # 30 ms, for what hardly a run needs

    async for attempt in stamina.retry_context(
        on=partial(is_transient, ours=ours),
        attempts=_ATTEMPTS,
        timeout=60.0,
        wait_initial=0.02,
        wait_max=1.0,
        wait_jitter=0.2,
    ):
        with attempt:
            if failed:  # the first attempt
                raise failed.pop()
            return await work()
    msg = "the last attempt raises"
    raise AssertionError(msg)
