"""Random insides of a database, seen as the reader of a server sees them."""

from __future__ import annotations

from pgtenant.planning.desired import Desired, DesiredDatabase
from pgtenant.planning.observed import (
    Contents,
    DefaultGrant,
    ForeignObject,
    ObjectGrant,
    ObjectGroup,
    PublicSchema,
)
from pgtenant.planning.privileges import ObjectKind
from pgtenant.planning.tenants.found import (
    Column,
    Found,
    Policy,
    Relation,
    RelationKind,
    Same,
    Schema,
)
from pgtenant.planning.tenants.policy import NAME, Isolation, printed
from unit.planning.dice import Dice
from unit.planning.lists import PUBLIC, Item, grow

STRANGERS = ("alice", "rdsadmin")
ISOLATION = Isolation("t_", "app.tenant", "tenant_id")
WORDS = {
    ObjectKind.SCHEMA: ("USAGE", "CREATE"),
    ObjectKind.TABLE: ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE"),
    ObjectKind.SEQUENCE: ("USAGE", "SELECT", "UPDATE"),
}


def random_contents(dice: Dice, database: DesiredDatabase, desired: Desired) -> Contents:
    owner = database.owner.name
    groups: list[ObjectGroup] = []
    public = _public(dice, owner)
    if public is not None and public.owned:
        full = _grants(dice, ObjectKind.SCHEMA, public.owner, desired, owner, PUBLIC)
        is_open = any((i.grantee, i.privilege) == (PUBLIC, "CREATE") for i in full)
        public = PublicSchema(public.owner, owned=True, open=is_open)
        groups.append(_group(dice, ObjectKind.SCHEMA, "", ("public",), full, desired, owner))
    if dice.seldom(2):
        full = _grants(dice, ObjectKind.SCHEMA, owner, desired, owner)
        groups.append(_group(dice, ObjectKind.SCHEMA, "", ("app", "x.y"), full, desired, owner))
    for schema in dice.some(("app", "public"), 2):
        for kind in dice.some((ObjectKind.TABLE, ObjectKind.SEQUENCE), 2):
            for number in dice.times(2):
                full = _grants(dice, kind, owner, desired, owner)
                names = (f"n{number}", f"n{number}b")[: dice.pick(1, 2)]
                groups.append(_group(dice, kind, schema, names, full, desired, owner))
    foreign = tuple(
        ForeignObject("table", "app", f"theirs_{number}", "alice") for number in dice.times(2)
    )
    return Contents(
        public=public,
        groups=tuple(sorted(groups, key=lambda g: (g.kind, g.schema, g.names))),
        defaults=_defaults(dice, desired),
        foreign=foreign,
        foreign_count=len(foreign) + dice.pick(0, 5),
        extensions=frozenset(dice.some(("hstore", "plpgsql"))),
        tenants=None if database.isolation is None else _tenants(dice, owner),
    )


def _tenants(dice: Dice, owner: str) -> Found:
    groups = [
        Same(
            _relation(dice, owner), tuple(sorted((f"t_{letter}", f"n{number}") for letter in "ab"))
        )
        for number in dice.times(4)
    ]
    schemas = (Schema(f"t_{letter}", dice.pick(owner, owner, owner, "alice")) for letter in "ab")
    return Found(schemas=tuple(schemas), relations=tuple(groups))


def _relation(dice: Dice, owner: str) -> Relation:
    column = dice.pick(Column("uuid"), Column("text"), Column("name"), None)
    right = "true" if column is None else printed(ISOLATION, column)
    policies = (
        Policy("other", dice.seldom(2), "*", (), "true", None),
        Policy(NAME, dice.mostly(), dice.pick("*", "r"), (), right, dice.pick(right, None, "true")),
    )
    return Relation(
        kind=dice.pick(*RelationKind),
        owner=dice.pick(owner, owner, owner, "alice"),
        row_security=dice.seldom(2),
        forced=dice.seldom(2),
        column=column,
        indexed=dice.mostly(),
        policies=tuple(sorted(dice.some(policies, 2))),
    )


def _public(dice: Dice, owner: str) -> PublicSchema | None:
    return dice.pick(
        PublicSchema("pg_database_owner", owned=True, open=False),
        PublicSchema(owner, owned=True, open=False),
        PublicSchema("rdsadmin", owned=False, open=False),
        None,
        PublicSchema("rdsadmin", owned=False, open=dice.seldom(2)),
    )


def _grants(
    dice: Dice, kind: ObjectKind, grantor: str, desired: Desired, owner: str, *more: str
) -> tuple[Item, ...]:
    roles = tuple(role.name for role in desired.roles if role.name != owner)
    return grow(
        dice,
        grantor,
        tuple(Item(owner, word, grantor) for word in WORDS[kind]) if dice.seldom(3) else (),
        grantees=(*roles, *more, *STRANGERS),
        words=WORDS[kind],
        leaves=frozenset(STRANGERS),
    )


def _group(
    dice: Dice,
    kind: ObjectKind,
    schema: str,
    names: tuple[str, ...],
    full: tuple[Item, ...],
    desired: Desired,
    owner: str,
) -> ObjectGroup:
    """Leave out what a reader of the server does not ask for."""
    asked = {role.name for role in desired.roles} - ({owner} if dice.mostly() else set())
    if dice.seldom(2):
        asked.add(PUBLIC)
    passed_on = {(i.grantor, i.privilege) for i in full}
    return ObjectGroup(
        kind=kind,
        schema=schema,
        names=names,
        grants=tuple(
            sorted(
                ObjectGrant(
                    i.grantee,
                    i.privilege,
                    i.grantor,
                    grantable=i.grantable,
                    regranted=(i.grantee, i.privilege) in passed_on,
                )
                for i in full
                if i.grantee in asked
            )
        ),
    )


def _defaults(dice: Dice, desired: Desired) -> tuple[DefaultGrant, ...]:
    found: dict[tuple[str, str, str, str], bool] = {}
    for _ in dice.times(6):
        kind, word = dice.pick(
            ("table", "SELECT"),
            ("table", "INSERT"),
            ("sequence", "USAGE"),
            ("sequence", "SELECT"),
            ("schema", "USAGE"),
            ("schema", "CREATE"),
            ("function", "EXECUTE"),
        )
        schema = dice.pick("", "app") if kind != "schema" else ""
        role = dice.pick(*(role.name for role in desired.roles))
        found[role, schema, kind, word] = dice.seldom()
    return tuple(sorted(DefaultGrant(*key, grantable) for key, grantable in found.items()))
