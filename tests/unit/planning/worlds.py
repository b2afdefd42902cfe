"""Random catalogs and servers, as strange as PostgreSQL lets them be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from pgtenant.catalog.model import AccessLevel, Auth
from pgtenant.planning.desired import Desired, DesiredDatabase, DesiredRole, InitialSchema
from pgtenant.planning.marker import Marker, with_marker
from pgtenant.planning.observed import (
    Admin,
    Database,
    DatabaseGrant,
    Observed,
    OwnGrant,
    Pairing,
    PasswordState,
    Role,
    Server,
    Setting,
)
from unit.planning.contents import ISOLATION, random_contents
from unit.planning.dice import Dice
from unit.planning.lists import PUBLIC, Item, grow, without

ADMIN = "platform_admin"
STRANGERS = ("alice", "rdsadmin")
RETIRED = "old_user"
ELSEWHERE = "prod_user"
DATABASE_WORDS = ("CONNECT", "TEMPORARY", "CREATE")
FRESH_ACL = tuple(
    sorted(
        [
            *(DatabaseGrant(ADMIN, word, ADMIN) for word in DATABASE_WORDS),
            *(DatabaseGrant(PUBLIC, word, ADMIN) for word in DATABASE_WORDS[:2]),
        ]
    )
)
"""What `CREATE DATABASE` leaves; a run that dies leaves nothing else behind."""


@dataclass(frozen=True)
class World:
    observed: Observed
    desired: Desired
    only: frozenset[str] | None


@st.composite
def worlds(
    draw: Callable[[st.SearchStrategy[Any]], Any],
    *,
    authoritative: bool = False,
    tenants: bool = False,
) -> World:
    dice = Dice(draw)
    desired = _desired(dice, authoritative=authoritative or dice.seldom(3), tenants=tenants)
    keys = [role.entry for role in desired.roles]
    only = frozenset(dice.some(keys, 2)) if dice.seldom(4) else None
    return World(_observed(dice, desired), desired, only)


def _desired(dice: Dice, *, authoritative: bool, tenants: bool) -> Desired:
    names = ("crm", "shop", "wiki")[: dice.pick(1, 2, 3)]
    return Desired(
        environment="dev",
        databases=tuple(_database(dice, name, tenants=tenants) for name in names),
        close_app_databases=dice.mostly(),
        authoritative=authoritative,
    )


def _database(dice: Dice, name: str, *, tenants: bool) -> DesiredDatabase:
    members = tuple(
        _role(dice, name, suffix, dice.pick(AccessLevel.READER, AccessLevel.EDITOR))
        for suffix in ("a", "b")[: dice.pick(1, 2, 0)]
    )
    schema = InitialSchema(dice.pick("basic-app", "event-sourcing"), "create table t ()")
    return DesiredDatabase(
        name=name,
        entry=name,
        owner=_role(dice, name, "user", AccessLevel.OWNER),
        members=members,
        initial_schema=schema if dice.seldom(3) else None,
        extensions=dice.some(("hstore", "nope", "postgis")),
        isolation=ISOLATION if tenants and dice.mostly() else None,
    )


def _role(dice: Dice, database: str, suffix: str, level: AccessLevel) -> DesiredRole:
    owner = level is AccessLevel.OWNER
    auth = Auth.IAM if dice.seldom(3) else Auth.PASSWORD
    alternates = auth is Auth.PASSWORD and dice.seldom(2)
    return DesiredRole(
        name=f"{database}_{suffix}",
        entry=database if owner else f"{database}-{suffix}",
        database=database,
        level=level,
        createdb=dice.mostly(),
        connection_limit=dice.pick(-1, 5),
        secret=f"goldenpath/dev/{database}-{suffix}/postgres",
        auth=auth,
        alternates=alternates,
        by_second=dice.seldom(2 if alternates else 9),
    )


def _observed(dice: Dice, desired: Desired) -> Observed:
    major = dice.pick(15, 16, 17, 18)
    admin = Admin(
        name=ADMIN,
        superuser=dice.seldom(),
        rds_iam_through=dice.some(("iam_a", "iam_b"), 9),
    )
    server = Server(
        version=major * 10000 + 3,
        admin=admin,
        maintenance_database="platform",
        extensions={"hstore": True, "postgis": False} if dice.mostly() else {},
        iam=dice.mostly(),
    )
    roles = _existing_roles(dice, desired, server)
    databases: dict[str, Database] = {}
    for database in desired.databases:
        there = _existing_database(dice, database, desired, roles)
        if there is not None:
            databases[there.name] = there
    for number in dice.times(2):
        name = f"plugin_{number}"
        owner = dice.pick(*sorted(roles), *STRANGERS, ADMIN)
        databases[name] = Database(
            name=name,
            owner=owner,
            acl=_acl(dice, owner, desired),
            connection_limit=dice.pick(-1, 3),
            is_template=dice.seldom(),
        )
    for name in ("platform", *dice.some(("postgres", "template1"), 3)):
        owner = ADMIN if name == "platform" or dice.seldom() else STRANGERS[0]
        databases[name] = Database(name=name, owner=owner, acl=_acl(dice, owner, desired))
    _pair(dice, desired, roles, databases, admin)
    return Observed(server=server, roles=roles, databases=databases)


def _existing_roles(dice: Dice, desired: Desired, server: Server) -> dict[str, Role]:
    roles: dict[str, Role] = {}
    for declared in desired.roles:
        if not dice.seldom(3):
            roles[declared.name] = _existing_role(dice, declared.name, declared, server.major)
        if not dice.seldom(3) if declared.alternates else dice.seldom(5):
            roles[declared.second] = _existing_second(dice, declared, server.major)
    for name, environment in ((RETIRED, "dev"), (ELSEWHERE, "prod"), (STRANGERS[0], None)):
        if dice.seldom(3):
            comment = Marker(environment, "gone").text() if environment else None
            roles[name] = Role(name=name, comment=comment)
    for name, role in roles.items():
        kept = tuple(g for g in role.member_of if g in {"pg_monitor", *roles})
        # In rds_iam by itself, through another role, or not at all.
        direct = server.iam and dice.seldom(4)
        kept = (*kept, "rds_iam") if direct else kept
        iam = direct or (server.iam and dice.seldom(9))
        roles[name] = replace(role, member_of=kept, revocable=kept[:: dice.pick(1, 2)], rds_iam=iam)
    return roles


def _pair(
    dice: Dice,
    desired: Desired,
    roles: dict[str, Role],
    databases: dict[str, Database],
    admin: Admin,
) -> None:
    for declared in desired.roles:
        paired = declared.alternates or declared.second in roles
        for name in (declared.name, declared.second):
            if paired and name in roles:
                pairing = _pairing(dice, declared, roles[name], databases, admin)
                roles[name] = replace(roles[name], pairing=pairing)


def _existing_second(dice: Dice, declared: DesiredRole, major: int) -> Role:
    """The second login of a declared role, or somebody who has its name."""
    role = _existing_role(dice, declared.second, declared, major)
    marker = Marker("dev", dice.pick(declared.entry, "renamed"), second_of=declared.name)
    return replace(role, comment=role.comment if dice.seldom(6) else marker.text())


def _pairing(
    dice: Dice, declared: DesiredRole, role: Role, databases: dict[str, Database], admin: Admin
) -> Pairing:
    """What a role has of its own: in databases that a run can enter, and in some that it can't."""
    settings = (
        Setting("", "role", declared.name),
        Setting("crm", "role", "none"),
        Setting("", "search_path", dice.pick("app, public", '"$user", "a ""b"""')),
        Setting("", "log_statement", "all", settable=False),
        Setting("shop", "statement_timeout", dice.pick("1s", "2s")),
    )
    within = [
        d.name
        for d in databases.values()
        if (admin.superuser or d.holds(ADMIN, "CONNECT") or d.owner in {ADMIN, declared.name})
        and d.allow_connections
        and not d.invalid
    ]
    mine = any(d.owner == role.name for d in databases.values())
    return Pairing(
        settings=tuple(sorted(dice.some(settings, 2))),
        acts_as=() if dice.seldom(3) else (declared.name,),
        owns=tuple(sorted({*dice.some((*within, ""), 4), *([""] if mine else [])})),
        holds=tuple(sorted(dice.some((*within, ""), 4))),
        sessions=dice.pick(0, 0, 0, 2),
    )


def _existing_role(dice: Dice, name: str, declared: DesiredRole, major: int) -> Role:
    superpower = dice.seldom(12)
    own = OwnGrant(inherit=dice.seldom(2), set=dice.seldom(2))
    groups = ("pg_monitor", "crm_user", "crm_a", RETIRED, "alice")
    return Role(
        name=name,
        login=dice.mostly(),
        superuser=superpower and dice.seldom(2),
        replication=superpower,
        bypassrls=superpower and dice.seldom(2),
        createrole=dice.seldom(),
        createdb=dice.mostly(),
        connection_limit=dice.pick(-1, 5, 7),
        expired=dice.seldom(),
        comment=_role_comment(dice, declared),
        member_of=tuple(g for g in dice.some(groups, 8) if g != name),
        members=tuple(g for g in dice.some(("alice", "crm_a", "shop_user"), 8) if g != name),
        settings=dice.some(("role", "statement_timeout in database crm"), 9),
        password=dice.pick(*PasswordState),
        password_note=dice.pick("", "the server was full"),
        admin_can_set=dice.seldom(),
        own_grant=own if major >= 16 and dice.seldom() else None,
    )


def _role_comment(dice: Dice, declared: DesiredRole) -> str | None:
    human = dice.pick(None, "ask Zoë, +49\n", '{"managed_by":"terraform"}', "two\n\nlines")
    if dice.seldom(9):
        return human
    return with_marker(
        human,
        Marker(
            environment=dice.pick("dev", "dev", "dev", "dev", "prod"),
            entry=dice.pick(declared.entry, declared.entry, "renamed"),
            creating=dice.pick(None, declared.database, "other"),
            access_level=dice.pick(None, declared.level, *AccessLevel),
            initial_schema=dice.pick(None, None, "basic-app"),
            auth=dice.pick(None, None, Auth.IAM),
        ),
    )


def _existing_database(
    dice: Dice, database: DesiredDatabase, desired: Desired, roles: dict[str, Role]
) -> Database | None:
    owners = (ADMIN, *STRANGERS, RETIRED, *sorted(roles))
    wanted = (database.owner.name,) if database.owner.name in roles else ("",)
    owner = dice.pick(*wanted * 5, "", ADMIN, ADMIN, dice.pick(*owners))
    if not owner:
        return None
    made = owner == database.owner.name
    open_ = dice.mostly() if owner != ADMIN else dice.seldom(2)
    limit = dice.pick(-1, -1, -1, 0, 7, -2)
    entered = made and open_ and limit not in {0, -2} and dice.mostly()
    return Database(
        name=database.name,
        owner=owner,
        allow_connections=open_,
        connection_limit=limit,
        is_template=dice.seldom(),
        acl=_acl(dice, owner, desired) if owner != ADMIN else FRESH_ACL,
        comment=_database_comment(dice),
        settings=dice.some(("role", "search_path"), 9),
        contents=random_contents(dice, database, desired) if entered else None,
    )


def _database_comment(dice: Dice) -> str | None:
    human = dice.pick(None, "the CRM\n", "[[[[", '{"managed_by":"pgtenant"}')
    if dice.seldom(3):
        return human
    marker = Marker(
        environment=dice.pick("dev", "prod"),
        entry=dice.pick("crm", "forged"),
        creating=dice.pick(None, "crm"),
        initial_schema=dice.pick(None, "basic-app", "forged"),
    )
    return with_marker(human, marker)


def _acl(dice: Dice, owner: str, desired: Desired) -> tuple[DatabaseGrant, ...]:
    own = tuple(Item(owner, word, owner) for word in DATABASE_WORDS)
    public = tuple(Item(PUBLIC, word, owner) for word in ("CONNECT", "TEMPORARY"))
    names = tuple(role.name for role in desired.roles if role.name != owner)
    grantees = (*names, PUBLIC, *STRANGERS, RETIRED, *((ADMIN,) if owner != ADMIN else ()))
    items = grow(
        dice,
        owner,
        own if dice.seldom(2) else own + public,
        grantees=tuple(g for g in grantees if g != owner),
        words=DATABASE_WORDS,
        most=8,
    )
    if dice.seldom():
        items = without(items, owner, owner)
    return tuple(
        sorted(DatabaseGrant(i.grantee, i.privilege, i.grantor, i.grantable) for i in items)
    )
