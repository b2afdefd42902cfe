"""What a role's marker says of its secret's version follows a rotation (`planning.trust`)."""

from __future__ import annotations

from dataclasses import replace

from pgtenant.planning.changes import MarkRole
from pgtenant.planning.marker import with_marker
from pgtenant.planning.observed import Role
from pgtenant.planning.sql.render import render
from pgtenant.postgres.execute import Proviso, run
from pgtenant.usecases.look import Instance


def new_memory(role: Role | None, version: str) -> MarkRole | None:
    """Return the change that names a version, which has been proven; None where none is named."""
    mark = role.marker if role is not None else None
    if role is None or mark is None or mark.secret in {None, version}:
        return None
    after = with_marker(role.comment, replace(mark, secret=version))
    return MarkRole(entry=mark.entry, role=role.name, before=role.comment, after=after, late=True)


async def remember(instance: Instance, change: MarkRole, *, proviso: Proviso | None = None) -> None:
    """Write it.

    Raises:
        ServerError: it was not written.
    """
    await run(
        instance.primary,
        render(change),
        transactional=True,
        doing=f"marking {change.role}",
        proviso=proviso,
    )
