"""Open a disabled database for its dump, and put everything back; also after a run that died."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import AuditError, PgtenantError, ServerError
from pgtenant.planning.observed import Database
from pgtenant.planning.retired import Retired
from pgtenant.planning.retirement import dump, proof
from pgtenant.postgres.libpq import Connection
from pgtenant.postgres.retiring import Inside, inside_of
from pgtenant.report.words import count, some
from pgtenant.secrets.secret import Secret
from pgtenant.usecases.retire.carry import Carrier
from pgtenant.usecases.retire.sessions import end_all, listed

_TOKEN: Final = 6  # bytes: a name that nobody can take first
_PASSWORD: Final = 32  # bytes


def begun(carrier: Carrier) -> Retired:
    """Return what a disabled entry's marker remembers, with a new dump in it."""
    how = carrier.subject.retired
    if how is None:
        msg = f"{carrier.subject.entry} is in service"
        raise AssertionError(msg)
    return replace(how, dump=secrets.token_hex(_TOKEN))


def password(carrier: Carrier, role: str) -> None:
    """Choose the password of a login that is made for a dump."""
    carrier.passwords[role] = Secret(secrets.token_urlsafe(_PASSWORD))


@asynccontextmanager
async def opened(carrier: Carrier, database: Database) -> AsyncIterator[tuple[str, Inside]]:
    """Open the database for a login of its own; close it again, whatever happens.

    Yields:
        The login's name, and what its dump needs.

    Raises:
        PgtenantError: it could not be opened, or not be put back.
    """
    how, owner, admin = (
        begun(carrier),
        carrier.subject.role.name,
        carrier.observed.server.admin.name,
    )
    dumper = dump.dumper_of(how)
    password(carrier, dumper)
    async with mended(carrier):
        await carrier.announced(dump.opening(carrier.subject, database, how, admin))
        how = dump.letting_in(how, database, admin)
        async with carrier.enter(database.name) as connection:
            inside = await inside_of(connection, owner)
        if inside.event_triggers:
            raise PgtenantError(
                f"{database.name} has event triggers ({some(inside.event_triggers)}): what they run"
                " is not ours to run",
                hint="have a superuser disable them, or back it up in another way and say"
                " --no-backup",
                code=Code.NO_DUMP,
            )
        if inside.tables:
            unforced = dump.unforcing(carrier.subject, database, how, inside.tables)
            await carrier.announced(unforced)
        yield dumper, inside


@asynccontextmanager
async def mended(carrier: Carrier) -> AsyncIterator[None]:
    """Put back what the block has left, also when it fails.

    Raises:
        PgtenantError: of the block; or what was left could not be put back.
    """
    try:
        yield
    except BaseException as error:
        try:
            await mend(carrier)
        except PgtenantError as worse:
            if isinstance(error, PgtenantError) and not isinstance(error, AuditError):
                raise PgtenantError(
                    f"{error.message}; and what was done for the dump could not be put back:"
                    f" {worse.message}",
                    hint=f"any `pgtenant retire {carrier.subject.entry}` puts it back; until then"
                    " the database may let in whoever holds CONNECT",
                    code=Code.NOT_PUT_BACK,
                ) from None
        raise
    await mend(carrier)


def left_open(carrier: Carrier) -> bool:
    """Return whether a run that died has left something of a dump."""
    how = carrier.subject.retired
    changed = how is not None and (how.window or bool(how.unforced) or bool(how.dump))
    return changed or bool(dump.logins(carrier.subject, carrier.observed))


async def mend(carrier: Carrier) -> None:
    """Put back what a dump has changed, as far as it came.

    A login that somebody else keeps from being dropped stays, without login, and is recorded.

    Raises:
        PgtenantError: a step failed; the next run goes on from there.
    """
    await carrier.look()
    how = carrier.subject.retired
    if how is not None and (how.window or how.unforced):
        await _close(carrier)
    await _forget(carrier)


async def _close(carrier: Carrier) -> None:
    """Let nobody in any more, end who is in, and only then put back what was changed inside."""
    database, how = carrier.subject.database, carrier.subject.retired
    if database is None or how is None:
        return
    if how.unforced and not database.allow_connections:
        admin = carrier.observed.server.admin.name
        await carrier.announced(dump.reopening(carrier.subject, database, how, admin))
        await carrier.look()
        database, how = carrier.subject.database or database, carrier.subject.retired or how
    async with AsyncExitStack() as stack:
        inside: Connection | None = None
        refusal = ""
        if how.unforced:
            try:
                inside = await stack.enter_async_context(carrier.enter(database.name))
            except ServerError as error:
                refusal = error.message
        closed = dump.closing(carrier.subject, database, how, carrier.observed)
        await carrier.announced(closed)
        logins = {role.name for role in dump.logins(carrier.subject, carrier.observed)}
        spare = inside.info.backend_pid if inside is not None else 0
        names = logins | carrier.subject.names
        if there := await end_all(carrier, database.name, names, spare=spare):
            raise PgtenantError(
                f"{database.name} is closed, but {listed(there)} could not be ended",
                hint="have a superuser, or a member of pg_signal_backend, run"
                f" SELECT pg_terminate_backend({there[0].pid}); then run again",
                code=Code.UNENDED_SESSIONS,
            )
        if inside is not None:
            found = await inside_of(inside, carrier.subject.role.name, how.unforced)
            back = dump.forcing(carrier.subject, database, how, found.tables)
            await carrier.announced(back, within=inside)
        elif refusal:
            raise PgtenantError(
                f"{database.name} is closed, but row security is not forced again on"
                f" {count(len(how.unforced), 'table')} of it: {refusal}",
                hint="let the admin in, and run again",
                code=Code.NOT_PUT_BACK,
            )


async def _forget(carrier: Carrier) -> None:
    """Drop what was made for a dump."""
    await carrier.look()
    how = carrier.subject.retired
    scratch = proof.scratch_of(how) if how is not None and how.dump else None
    if how is not None:
        await carrier.announced(*proof.sealing(carrier.subject, how, carrier.observed))
    logins = [role.name for role in dump.logins(carrier.subject, carrier.observed)]
    await end_all(carrier, scratch, logins)
    if how is not None:
        await carrier.announced(*proof.dropping(carrier.subject, how, carrier.observed))
    maintenance = carrier.observed.server.maintenance_database
    for name in logins:
        await carrier.tried(*dump.dropping_login(carrier.subject, name, maintenance))
    await carrier.look()
    how = carrier.subject.retired
    if how is not None and how.dump:
        await carrier.announced(dump.forgetting(carrier.subject, how))
        await carrier.look()
