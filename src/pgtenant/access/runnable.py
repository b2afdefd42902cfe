"""Who can run what closes a finding: to name what lies in a schema takes `USAGE` on it.

A grantor, an owner too, may lack it, and then its own statement fails. Whoever owns the schema can
lend it, for as long as the statement takes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from pgtenant.access import statements
from pgtenant.access.effective import held
from pgtenant.access.ground import Ground
from pgtenant.access.holes import Closer
from pgtenant.access.model import Database, Group, Kind
from pgtenant.access.path import Path

_SUPERUSERS_OWN = frozenset({Kind.EVENT_TRIGGER, Kind.FOREIGN_DATA_WRAPPER})


@dataclass(frozen=True, slots=True)
class Run:
    """A statement that can be run as it stands.

    Attributes:
        executor: who can run it.
        closable_by: what that role is.
    """

    statement: str
    executor: str
    closable_by: Closer


def as_grantor(
    ground: Ground, statement: str, grantor: str, group: Group, database: Database | None
) -> Run:
    """Return how to run a `REVOKE` that counts only when it is the grantor's.

    Args:
        ground: the instance.
        statement: what is to be run.
        grantor: whose grant it takes away.
        group: the objects that it names.
        database: where they are; None for what belongs to the instance.
    """
    role = ground.actual(grantor, database)
    reach = _reach(ground, role, database)
    apart = grantor not in reach  # up to 15 a NOINHERIT owner has to become pg_database_owner
    acting = grantor if apart else role
    hidden = [
        s for s in _schemas(group, database) if not _may(ground, acting, "USAGE", s, database)
    ]
    names = [name for schema in hidden for name in schema.names]
    wanted = {"USAGE": names} if names else {}
    owners = {schema.owner for schema in hidden}
    if owners <= reach.keys() and _enters(ground, role, group, database):
        run = statements.with_loan(statement, wanted, acting, as_role=apart)
        return Run(run, role, ground.closer(role))
    needed = {role, *owners}
    executor, closer = _all_of(ground, needed, database)
    if grantor == group.owner and ground.superuser_is(executor):
        return Run(statement, executor, closer)  # a superuser revokes as the owner
    run = statements.with_loan(statement, wanted, acting, as_role=True)
    lent = {ground.actual(each, database) for each in needed}
    return _run(ground, run, executor, closer, lent)


def as_giver(ground: Ground, statement: str, group: Group, database: Database) -> Run:
    """Return how to run `ALTER … OWNER TO` the database's owner.

    It takes the rights of both owners; unless it is a superuser's, the new one needs `CREATE` on
    the schema, and for a schema whoever runs it `CREATE` on the database.
    """
    to = database.owner
    executor, closer = ground.both(group.owner, to)
    if ground.superuser_is(executor):
        return Run(statement, executor, closer)
    if group.kind in _SUPERUSERS_OWN or _lacks_outside(ground, group, database):
        return Run(statement, *ground.anybody)
    missing: dict[str, list[str]] = {}
    lenders: set[str] = set()
    for schema in _schemas(group, database):
        seen = any(_may(ground, r, "USAGE", schema, database) for r in (group.owner, to))
        wanted = [] if seen else ["USAGE"]
        if schema.names == (group.schema,) and not _may(ground, to, "CREATE", schema, database):
            wanted.append("CREATE")
        for word in wanted:
            missing.setdefault(word, []).extend(schema.names)
            lenders.add(schema.owner)
    needed = {group.owner, to, *lenders}
    executor, closer = _all_of(ground, needed, database)
    if missing and not ground.superuser_is(executor):
        statement = statements.with_loan(statement, missing, to, as_role=False)
    lent = {ground.actual(each, database) for each in needed}
    return _run(ground, statement, executor, closer, lent)


def _enters(ground: Ground, role: str, group: Group, database: Database | None) -> bool:
    """Return whether a role gets to where its statement has to be run."""
    if database is None or group.kind is Kind.DATABASE:
        return True
    return _may(ground, role, "CONNECT", database.group, database)


def _lacks_outside(ground: Ground, group: Group, database: Database) -> bool:
    """Return whether no owner here has what giving away a schema or a foreign server takes."""
    to = database.owner
    if group.kind is Kind.SCHEMA:
        owners = (group.owner, to)
        return not any(_may(ground, r, "CREATE", database.group, database) for r in owners)
    wrappers = database.inside.groups if database.inside and group.kind is Kind.SERVER else ()
    return any(
        not _may(ground, to, "USAGE", other, database)
        for other in wrappers
        if other.kind is Kind.FOREIGN_DATA_WRAPPER
    )


def as_both(ground: Ground, statement: str, *roles: str) -> Run:
    """Return how to run what takes the rights of all of `roles` and of nobody else."""
    executor, closer = ground.both(*roles)
    return _run(ground, statement, executor, closer, roles)


def _run(
    ground: Ground, statement: str, executor: str, closer: Closer, roles: Collection[str]
) -> Run:
    """Return a statement that the admin, should it be the one, makes itself able to run."""
    admin, graph = ground.model.admin, ground.graph
    if executor != admin or ground.superuser(admin):
        return Run(statement, executor, closer)
    has = graph.inherited(admin).keys() & graph.settable(admin).keys()
    lacks = sorted(set(roles) - has)
    if not all(_can_grant(ground, admin, role) for role in lacks):
        return Run(statement, *ground.anybody)
    if lacks:
        statement = statements.lent(statement, lacks, admin, ground.model.major)
    return Run(statement, executor, closer)


def _can_grant(ground: Ground, admin: str, role: str) -> bool:
    """Return whether the admin itself can make members of a role."""
    if ground.superuser(role):
        return False
    found = ground.model.roles.get(admin)
    if ground.model.major < 16 and found is not None and found.createrole:
        return True
    return any(
        item.admin and item.group == role
        for holder in ground.graph.inherited(admin)
        for item in ground.graph.memberships_of(holder)
    )


def _schemas(group: Group, database: Database | None) -> list[Group]:
    """Return each schema that has to be named, PostgreSQL's own aside: everyone may use those."""
    if database is None or database.inside is None or group.system:
        return []
    named = {group.schema, *(s for each in group.signatures for s, _ in each.types)}
    return [
        Group(Kind.SCHEMA, "", schema.owner, (name,), schema.grants)
        for schema in database.inside.groups
        if schema.kind is Kind.SCHEMA and not schema.system
        for name in schema.names
        if name in named
    ]


def _may(
    ground: Ground, role: str, privilege: str, group: Group, database: Database | None
) -> bool:
    if ground.superuser(role):
        return True
    return privilege in held(group, _reach(ground, role, database), ground.model.major)


def _reach(ground: Ground, role: str, database: Database | None) -> Mapping[str, Path]:
    """Return the roles whose rights `role` has without doing anything."""
    reach = ground.graph.inherited(role)
    return reach if database is None else ground.graph.in_database(reach, database.owner)


def _all_of(
    ground: Ground, roles: Collection[str], database: Database | None
) -> tuple[str, Closer]:
    """Return who has the rights of all of `roles`, of `pg_database_owner` too, and what that is."""
    actual = {role: ground.actual(role, database) for role in roles}
    if any(role not in _reach(ground, owner, database) for role, owner in actual.items()):
        return ground.anybody
    return ground.both(*actual.values())
