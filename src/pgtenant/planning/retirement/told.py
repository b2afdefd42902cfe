"""Retirements where an operator keeps roles and databases: it is told, and does them. Pure.

The steps are the same as elsewhere. Those that change what the operator keeps are written into
its manifests, and are done when it has seen these; what it drops has to be dropped in an order
that PostgreSQL allows, one sync after the other. Only grants are taken back by SQL, as the owners
who gave them: the admin is a member of theirs, and inherits nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError
from pgtenant.planning.changes import AlterDatabase, AlterRole, MarkRole, RevokeDatabase
from pgtenant.planning.desired import Desired, DesiredDatabase
from pgtenant.planning.diff.excess import excess_of
from pgtenant.planning.marker import parse
from pgtenant.planning.observed import Contents, Database, Observed, Role
from pgtenant.planning.retirement.disable import remember
from pgtenant.planning.retirement.steps import Batch, DropDatabase, DropRole, Step
from pgtenant.planning.retirement.subject import Subject, mark_of

_TOLD = AlterRole | MarkRole | AlterDatabase | DropDatabase | DropRole


@dataclass(frozen=True, slots=True)
class ToldRole:
    """What a manifest says of a role.

    Attributes:
        login: whether it can log in.
        comment: its whole comment.
        absent: whether it is to be dropped.
        resource: whether it has a manifest of its own: then it is dropped when that is deleted, and
            only if the operator knows before that it may be.
    """

    login: bool
    comment: str
    absent: bool
    resource: bool = False


@dataclass(frozen=True, slots=True)
class ToldDatabase:
    """What a manifest says of a database.

    Attributes:
        name: as PostgreSQL knows it.
        allow_connections: whether it lets anybody in.
        absent: whether it is to be dropped.
    """

    name: str
    allow_connections: bool
    absent: bool


@dataclass(frozen=True, slots=True)
class Told:
    """What the manifests say.

    Attributes:
        roles: by name.
        databases: those of the entries that are retired, by name.
    """

    roles: Mapping[str, ToldRole]
    databases: Mapping[str, ToldDatabase]


def is_told(batch: Batch) -> bool:
    """Return whether steps are written into manifests, where there is an operator."""
    return any(isinstance(step, _TOLD) for step in batch.steps)


def as_told(subject: Subject, told: Told) -> Subject:
    """Return what is retired as the manifests have it, which the operator may not have seen yet.

    Raises:
        PgtenantError: they lack a role.
    """
    roles = []
    for role in subject.roles:
        said = told.roles.get(role.name)
        if said is None:
            raise PgtenantError(
                f"the role {role.name} is not in the cluster's manifests, so that its operator"
                " would leave it alone: nothing was changed",
                hint="`pgtenant render cnpg` writes it, if the catalog has its entry",
                code=Code.NOT_IN_MANIFEST,
            )
        as_said = replace(role, login=said.login, comment=said.comment)
        if as_said.marker is None:
            raise PgtenantError(
                f"the role {role.name} has a marker on the server and none in the cluster's"
                " manifest: nothing was changed",
                hint="pull what was committed since, or take the role over:"
                " `pgtenant render cnpg --adopt`",
                code=Code.NOT_IN_MANIFEST,
            )
        roles.append(as_said)
    database = subject.database
    if database is not None and (there := told.databases.get(database.name)) is not None:
        allowed = there.allow_connections and not there.absent
        database = replace(database, allow_connections=allowed)
    return replace(subject, roles=tuple(roles), database=database)


def next_told(subject: Subject, told: Told) -> tuple[Batch, ...]:
    """Return what the operator has to be told next of a removal; nothing when it has been.

    A role that owns a database can't be dropped, and nobody says in which order the operator comes
    to the two: so the database first, and the roles when that is gone. What has to be known before
    a resource is deleted is said in the first step, and its marker on the server tells when it is.

    Args:
        subject: what is on the server.
        told: what the manifests say.
    """
    owner, database = subject.role, subject.database
    marked = [role for role in subject.roles if _is_marked(role, owner, told)]
    if database is not None or not all(_is_dropping(role.comment) for role in marked):
        return _first(subject, told, marked)
    left = [role for role in (*subject.roles[1:], owner) if not _is_absent(role.name, told)]
    if not left:
        return ()
    return (Batch(tuple(DropRole(entry=mark_of(r).entry, role=r.name) for r in left)),)


def _first(subject: Subject, told: Told, marked: Sequence[Role]) -> tuple[Batch, ...]:
    """Return what comes before the roles are dropped."""
    steps: list[Step] = [
        remember(role, replace(how, dropping=True))
        for role in marked
        if (how := mark_of(role).retired) is not None
        and not _is_dropping(told.roles[role.name].comment)
    ]
    database = subject.database
    there = told.databases.get(database.name) if database is not None else None
    if database is not None and (there is None or not there.absent):
        if database.is_template:
            steps.append(
                AlterDatabase(
                    entry=subject.entry,
                    database=database.name,
                    owner=database.owner,
                    is_template=False,
                )
            )
        else:
            steps.append(DropDatabase(entry=subject.entry, database=database.name))
    return (Batch(tuple(steps)),) if steps else ()


def _is_marked(role: Role, owner: Role, told: Told) -> bool:
    """Return whether the marker says that the role is being dropped, before it is."""
    there = told.roles.get(role.name)
    if there is None:
        return False
    has_database = (how := mark_of(role).retired) is not None and how.database is not None
    return there.resource or (role is owner and has_database)


def _is_dropping(comment: str | None) -> bool:
    mark = parse(comment)
    return mark is not None and mark.retired is not None and mark.retired.dropping


def revokes(
    subject: Subject, database: DesiredDatabase, contents: Contents, observed: Observed
) -> tuple[Batch, ...]:
    """Return what takes the roles out of a database that stays, as its owner.

    Args:
        subject: whose roles.
        database: it, as the catalog has it.
        contents: what is inside.
        observed: the server.
    """
    entries = {role.name: mark_of(role).entry for role in subject.roles}
    alone = replace(database, members=())
    desired = Desired(environment=mark_of(subject.role).environment, databases=(alone,))
    there = observed.databases[database.name]
    steps: list[Step] = [
        one.change for one in excess_of(alone, contents, observed, desired, entries)
    ]
    steps += _on_database(there, entries)
    return (Batch(tuple(steps), database=there.name, acting=there.owner),) if steps else ()


def _on_database(there: Database, entries: Mapping[str, str]) -> Iterator[RevokeDatabase]:
    for role, entry in sorted(entries.items()):
        held = {g.privilege for g in there.acl if g.grantee == role and g.grantor == there.owner}
        if held:
            yield RevokeDatabase(
                entry=entry,
                database=there.name,
                owner=there.owner,
                role=role,
                privileges=tuple(sorted(held)),
            )


def _is_absent(role: str, told: Told) -> bool:
    there = told.roles.get(role)
    return there is not None and there.absent
