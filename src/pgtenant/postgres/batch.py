"""Several statements on one round trip, and what the server said to each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import psycopg
from psycopg import sql
from psycopg.abc import PQGen
from psycopg.errors import Diagnostic, error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Ready, Wait

from pgtenant.postgres.libpq import Connection

Heard = Callable[[int, Diagnostic], None]
"""Gets a statement's place in its batch, and a notice or an error of the server about it."""

_FINE: Final = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK, ExecStatus.EMPTY_QUERY})


async def send_together(
    connection: Connection, texts: Sequence[sql.Composable], heard: Heard = lambda *_: None
) -> list[bytes | None]:
    """Send statements at once, in libpq's pipeline mode, and wait for the answer to each.

    The server runs them in order and none after the first that fails: all are sent before it is
    known whether the first succeeds. So none of them may make anything permanent.

    Args:
        connection: in a transaction, or the first of the statements begins one.
        texts: one statement each.
        heard: told of the notices, each before the answer to its statement, and of the error.

    Returns:
        The first value that each statement returned, as text; None where there is none.

    Raises:
        psycopg.Error: one of them failed, or the connection was lost.
    """
    place = 0
    values: list[bytes | None] = []
    errors: list[psycopg.Error] = []

    def note(diagnostic: Diagnostic) -> None:
        heard(place, diagnostic)

    def answered(result: PGresult) -> None:
        nonlocal place
        connection.heard()
        if result.status == ExecStatus.FATAL_ERROR:
            error = error_from_result(result, encoding="utf-8")
            errors.append(error)
            heard(place, error.diag)
        elif result.status in _FINE:
            values.append(result.get_value(0, 0) if result.ntuples and result.nfields else None)
        place += 1

    queries = [text.as_bytes(connection) for text in texts]
    connection.add_notice_handler(note)
    try:
        async with connection.lock:
            await connection.wait(_exchange(connection.pgconn, queries, answered))
    except psycopg.OperationalError:
        if not errors:  # else the server has said why it ended the session
            raise
    finally:
        connection.remove_notice_handler(note)
    if errors:
        raise errors[0]
    return values


def _exchange(
    pgconn: PGconn, queries: Sequence[bytes], answered: Callable[[PGresult], None]
) -> PQGen[None]:
    """Send queries and a Sync, and read until the server is in step again.

    What psycopg's own pipeline does would not tell to which statement a notice belongs. Here it is
    libpq that does: it parses no answer before the one to the statement before has been taken.
    """
    pgconn.enter_pipeline_mode()
    for query in queries:
        pgconn.send_query_params(query, None)
    pgconn.pipeline_sync()
    unsent = pgconn.flush()
    while True:
        # After it has asked the server to cancel, psycopg goes on with None.
        ready = (yield Wait.RW if unsent else Wait.R) or Ready.NONE
        if unsent:
            unsent = pgconn.flush()
        if not ready & Ready.R:
            continue
        pgconn.consume_input()
        between = False  # two None in a row: nothing is left that has been read
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if pgconn.status == ConnStatus.BAD:
                raise psycopg.OperationalError(pgconn.get_error_message("utf-8"))
            if result is None and between:
                break
            between = result is None
            if result is None:
                continue  # the end of one statement's answer
            if result.status == ExecStatus.PIPELINE_SYNC:
                pgconn.exit_pipeline_mode()
                return
            answered(result)
