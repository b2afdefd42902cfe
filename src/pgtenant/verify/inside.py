"""What a role tries in its own database: what its level promises, and what it forbids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from pgtenant.access.model import Kind as Thing
from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.desired import DesiredDatabase, DesiredRole
from pgtenant.planning.privileges import PUBLIC, ObjectKind, granted_by
from pgtenant.planning.sql.text import advice, can_be_sent
from pgtenant.verify import closing, probing
from pgtenant.verify.facts import Ground
from pgtenant.verify.inventory import MOST, Definer, Inventory
from pgtenant.verify.model import Attempt, Cure, Held, Kind, Observation, Outcome, Result, judged

_NAME: Final = "pgtenant_verify_{}"
"""Of the schema, and of each table in it and elsewhere; with a token, so that nobody has it."""

_SEQUENCE: Final = "pgtenant_verify_seq"
_WRITES: Final = (Kind.INSERT, Kind.UPDATE, Kind.DELETE)


@dataclass(frozen=True, slots=True)
class Probe:
    """One statement to try.

    Attributes:
        ask: a question to the catalogs instead, for where the statement would do harm.
        witness: a question to the catalogs besides, where a statement alone proves too little.
        ddl: whether it makes something (and is rolled back); then it needs a transaction that
            may write, and a database without event triggers.
        keep: whether the next probes of the same transaction need what it made.
        cure: what would take away the privilege that it tests.
    """

    attempt: Attempt
    statement: sql.Composable
    ask: sql.Composable | None = None
    witness: sql.Composable | None = None
    ddl: bool = False
    keep: bool = False
    cure: Cure | None = None


def probes(
    role: DesiredRole, database: DesiredDatabase, ground: Ground, found: Inventory, token: str
) -> tuple[Probe, ...]:
    """Return what `role` tries in `database`, its own.

    Args:
        role: who is logged in.
        database: where.
        ground: what is known of the instance.
        found: what is in the database.
        token: makes the name of the schema to be made one that nobody has.
    """
    make = _Maker(role, database, ground, new_name(token))
    made: list[Probe] = [make.passwords(), *make.definers(found.definers)]
    if role.level is AccessLevel.OWNER:
        return (*made, *make.workshop(found))
    return (*made, *make.tables(found), *make.forbidden_ddl(found))


def new_relations(found: Inventory, token: str) -> tuple[tuple[str, str], ...]:
    """Return the schema and name of every relation that an owner's probes make."""
    name = new_name(token)
    return ((name, name), (name, _SEQUENCE), *((s, name) for s in _default_schemas(found)))


def new_name(token: str) -> str:
    """Return how what a verification makes is called."""
    return _NAME.format(token)


@dataclass(frozen=True, slots=True)
class _Maker:
    role: DesiredRole
    database: DesiredDatabase
    ground: Ground
    name: str

    def attempt(self, kind: Kind, target: str, *, allowed: bool) -> Attempt:
        expected = Outcome.ALLOWED if allowed else Outcome.REFUSED
        return Attempt(kind, self.role.name, self.database.name, target, expected)

    def cure(self, statement: sql.Composable, held: Held) -> Cure:
        return self.ground.take(self.role.name, self.database.name, statement, held)

    def passwords(self) -> Probe:
        return Probe(
            self.attempt(Kind.READ_PASSWORDS, "pg_authid", allowed=False), probing.READ_PASSWORDS
        )

    def tables(self, found: Inventory) -> Iterator[Probe]:
        words = granted_by(self.role.level, ObjectKind.TABLE)
        for schema, table, column in found.tables:
            if not can_be_sent(schema, table, column or ""):
                continue
            for kind in (Kind.SELECT, *_WRITES):
                if kind is Kind.UPDATE and column is None:
                    continue
                yield self._table(kind, schema, table, column, allowed=kind.upper() in words)
        if "UPDATE" in words:
            return
        for schema, table, column in found.columns:
            if can_be_sent(schema, table, column):
                yield self._table(Kind.UPDATE, schema, table, column, allowed=False, named=True)

    def _table(
        self,
        kind: Kind,
        schema: str,
        table: str,
        column: str | None,
        *,
        allowed: bool,
        named: bool = False,
    ) -> Probe:
        target = f"{schema}.{table}" + (f" ({column})" if named else "")
        revoke = closing.revoke_on_table(kind.upper(), schema, table, self.role.name)
        held = Held(Thing.TABLE, schema, table, kind.upper())
        return Probe(
            self.attempt(kind, target, allowed=allowed),
            probing.explain(kind, schema, table, column),
            witness=probing.ask_table(kind, schema, table, column),
            cure=None if allowed else self.cure(revoke, held),
        )

    def definers(self, found: Iterable[Definer]) -> Iterator[Probe]:
        """Yield a call of each function that would run with another tenant's rights."""
        for item in found:
            if not can_be_sent(item.name):
                continue
            types = ", ".join(name for _, name in item.arguments)
            ask = probing.ask_execute(item.oid, item.schema)
            yield Probe(
                self.attempt(
                    Kind.EXECUTE,
                    f"{item.schema}.{item.name}({types}), SECURITY DEFINER as {item.owner}",
                    allowed=False,
                ),
                probing.call(item.schema, item.name, item.arguments) if item.callable else ask,
                ask=None if item.callable else ask,
                witness=ask if item.callable else None,
                cure=Cure(
                    advice(closing.revoke_execute(item.schema, item.name, item.arguments)),
                    f"{item.owner}, in the database {self.database.name}",
                    self.ground.closable(item.owner),
                    database=self.database.name,
                    held=Held(Thing.FUNCTION, item.schema, item.name, "EXECUTE"),
                ),
            )

    def forbidden_ddl(self, found: Inventory) -> Iterator[Probe]:
        name = self.role.name
        for kind, privilege, statement in (
            (Kind.CREATE_SCHEMA, "CREATE", probing.create_schema(self.name)),
            (Kind.CREATE_TEMPORARY, "TEMPORARY", probing.CREATE_TEMPORARY),
        ):
            revoke = closing.revoke_on_database(privilege, self.database.name, name)
            yield Probe(
                self.attempt(kind, "", allowed=False),
                statement,
                ask=probing.ask_database(privilege),
                ddl=True,
                cure=self.cure(revoke, Held(Thing.DATABASE, "", self.database.name, privilege)),
            )
        for schema in sorted(found.schemas)[:MOST]:
            if can_be_sent(schema):
                yield Probe(
                    self.attempt(Kind.CREATE_TABLE, f"schema {schema}", allowed=False),
                    probing.create_table(schema, self.name),
                    ask=probing.ask_schema(schema),
                    ddl=True,
                    cure=self.cure(
                        closing.revoke_create_on_schema(schema, name),
                        Held(Thing.SCHEMA, "", schema, "CREATE"),
                    ),
                )

    def workshop(self, found: Inventory) -> Iterator[Probe]:
        """Yield what an owner does, on objects of the verification's own that never commit."""

        def probe(kind: Kind, target: str, statement: sql.Composable, ask: str = "") -> Probe:
            return Probe(
                self.attempt(kind, target, allowed=True),
                statement,
                ask=probing.ask_database(ask) if ask else None,
                ddl=True,
                keep=True,
            )

        schema = self.name
        yield probe(Kind.CREATE_SCHEMA, "", probing.create_schema(schema), "CREATE")
        yield probe(Kind.CREATE_TEMPORARY, "", probing.CREATE_TEMPORARY, "TEMPORARY")
        table = probing.create_table(schema, self.name)
        yield probe(Kind.CREATE_TABLE, "a schema of its own", table)
        sequence = probing.create_sequence(schema, _SEQUENCE)
        yield probe(Kind.CREATE_TABLE, "a schema of its own (a sequence)", sequence)
        for kind in (Kind.INSERT, Kind.SELECT, Kind.UPDATE, Kind.DELETE):
            yield probe(kind, "a table of its own", probing.write(kind, schema, self.name))
        for other in _default_schemas(found):
            yield probe(
                Kind.CREATE_TABLE, f"schema {other}", probing.create_table(other, self.name)
            )


def defaults(
    rows: Sequence[tuple[str, str, str, str]],
    database: DesiredDatabase,
    ground: Ground,
    found: Inventory,
) -> Iterator[Result]:
    """Judge what others were given on objects that the owner just made.

    Args:
        rows: schema, kind, grantee, privilege; the owner left out.
        database: where.
        ground: what is known of the instance.
        found: what is in the database.
    """
    own = set(_default_schemas(found))
    given: dict[tuple[str, str, str], set[str]] = {}
    for schema, kind, grantee, privilege in rows:
        scope = schema if schema in own else ""
        given.setdefault((scope, kind, grantee), set()).add(privilege)
    levels = {member.name: member.level for member in database.members}
    for kind in (ObjectKind.TABLE, ObjectKind.SEQUENCE):
        for name in levels:
            given.setdefault(("", kind, name), set())
    owner = database.owner.name
    for (scope, kind, grantee), privileges in sorted(given.items()):
        wanted = granted_by(levels.get(grantee), ObjectKind(kind))
        where = f"on new {kind}s of {owner}" + (f" in schema {scope}" if scope else "")

        def attempt(
            words: Iterable[str], expected: Outcome, where: str = where, grantee: str = grantee
        ) -> Attempt:
            who = "PUBLIC" if grantee == PUBLIC else grantee
            target = f"{', '.join(sorted(words))} {where}"
            return Attempt(Kind.DEFAULT_PRIVILEGE, who, database.name, target, expected)

        if wanted and not scope:
            full = Outcome.ALLOWED if wanted <= privileges else Outcome.REFUSED
            yield judged(attempt(wanted, Outcome.ALLOWED), Observation(full))
        if grantee == PUBLIC:  # nobody gets more by it than everybody may have who gets in
            wanted = _shared(levels.values(), ObjectKind(kind), privileges)
        if beyond := privileges - wanted:
            revoke = closing.revoke_default(owner, scope, kind, sorted(beyond), grantee)
            cure = Cure(advice(revoke), owner, ground.closable(owner), database=database.name)
            yield judged(attempt(beyond, Outcome.REFUSED), Observation(Outcome.ALLOWED), cure)


def _shared(
    levels: Iterable[AccessLevel], kind: ObjectKind, privileges: Iterable[str]
) -> frozenset[str]:
    """Return those of `privileges` that every level gives."""
    common = frozenset(privileges)
    for level in levels:
        common &= granted_by(level, kind)
    return common


def _default_schemas(found: Inventory) -> tuple[str, ...]:
    return tuple(s for s in sorted(found.default_schemas)[:MOST] if can_be_sent(s))
