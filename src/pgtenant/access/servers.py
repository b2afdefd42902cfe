"""Foreign servers that lead back to this very instance, as somebody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pgtenant.access import statements
from pgtenant.access.ground import Ground
from pgtenant.access.holes import Hole, HoleKind, Severity
from pgtenant.access.model import Database, ForeignServer

_POSTGRESQL: Final = frozenset({"postgres_fdw", "dblink_fdw"})
"""Wrappers of which it is known what they do where a server does not say."""


def servers(ground: Ground, database: Database) -> Iterator[Hole]:
    """Yield foreign servers that may lead a tenant to where it is somebody else.

    As whom a stored login goes there is seen by its own user and by superusers alone.
    """
    for server in database.inside.servers if database.inside is not None else ():
        what, sure = _leads(ground, server, database)
        if not what:
            continue
        here = _here(ground, server)
        broken = here and sure and server.mappings
        yield Hole(
            severity=Severity.FAILURE if broken else Severity.WARNING,
            kind=HoleKind.FOREIGN_SERVER,
            database=database.name,
            who=", ".join(user for user, _ in server.mappings) or server.owner,
            what=f"the foreign server {server.name} leads to {what}{_as_whom(server)}"
            + ("" if here else f", if {server.host} is here"),
            path=f"foreign server of {server.owner}",
            statement=statements.drop_server(server.name),
            executor=server.owner,
            closable_by=ground.closer(server.owner),
        )


def _leads(ground: Ground, server: ForeignServer, database: Database) -> tuple[str, bool]:
    """Return where a server leads to that is not its users' own, and whether that is sure."""
    strangers = [
        remote
        for user, remote in server.mappings
        if remote in ground.model.roles and remote not in {user, database.owner}
    ]
    if strangers:
        return f"what {', '.join(sorted(set(strangers)))} has on this instance", True
    unseen = any(not remote for _, remote in server.mappings)
    if not server.database:
        # libpq then takes the login's name for the database's.
        named_alike = ground.model.databases.keys() & ground.model.roles.keys()
        if not unseen or server.wrapper not in _POSTGRESQL:
            return "", False
        return "the database that is called like its login", bool(named_alike - {database.name})
    target = ground.model.databases.get(server.database)
    if target is None:
        return "", False
    if target.owner != database.owner:
        return f"the database {target.name} of {target.owner}", True
    return (f"its owner's database {target.name}" if unseen else ""), False


def _here(ground: Ground, server: ForeignServer) -> bool:
    return any(
        host in ground.model.hosts or host.startswith(("/", "127."))
        for host in server.host.split(",")
    )


def _as_whom(server: ForeignServer) -> str:
    remote = sorted({name for _, name in server.mappings if name})
    if remote:
        return f", logging in as {', '.join(remote)}"
    return ", with a stored login" if server.mappings else ", without a stored login"
