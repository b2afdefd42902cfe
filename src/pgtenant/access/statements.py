"""The statements that close what the analysis finds; they are only ever shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from psycopg import sql

from pgtenant.access.model import DefaultGrant, Group, Kind, Membership, Signature
from pgtenant.planning.changes import RevokeDefault
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.statements.words import and_dependents, grant_option, names_in
from pgtenant.planning.sql.text import advice

_KEYWORDS: Final[Mapping[Kind, str]] = {
    Kind.DATABASE: "DATABASE",
    Kind.SCHEMA: "SCHEMA",
    Kind.TABLE: "TABLE",
    Kind.COLUMN: "TABLE",
    Kind.SEQUENCE: "SEQUENCE",
    Kind.FUNCTION: "ROUTINE",
    Kind.TYPE: "TYPE",
    Kind.LANGUAGE: "LANGUAGE",
    Kind.FOREIGN_DATA_WRAPPER: "FOREIGN DATA WRAPPER",
    Kind.SERVER: "FOREIGN SERVER",
    Kind.LARGE_OBJECT: "LARGE OBJECT",
    Kind.PARAMETER: "PARAMETER",
    Kind.TABLESPACE: "TABLESPACE",
    Kind.EVENT_TRIGGER: "EVENT TRIGGER",
    Kind.PUBLICATION: "PUBLICATION",
    Kind.SUBSCRIPTION: "SUBSCRIPTION",
}
_OWNED: Final[Mapping[Kind, str]] = {**_KEYWORDS, Kind.SERVER: "SERVER"}
_ALL_OF: Final[Mapping[Kind, str]] = {
    Kind.TABLE: "ALL TABLES",
    Kind.SEQUENCE: "ALL SEQUENCES",
    Kind.FUNCTION: "ALL ROUTINES",
}
_MOST_NAMES: Final = 1000
_NAME_BYTES: Final = 63


def revoke(
    group: Group,
    privileges: Iterable[str],
    role: str,
    *,
    option_only: bool = False,
    cascade: bool = False,
) -> str:
    """`REVOKE … ON … FROM`, for every object of a group."""
    return advice(
        sql.SQL("REVOKE {}{} ON {} FROM {}{}").format(
            grant_option(only=option_only),
            _privileges(group, privileges),
            _objects(group),
            statements.grantee(role),
            and_dependents(cascade=cascade),
        )
    )


def take_back(
    group: Group, privileges: Sequence[str], grantor: str, *, kept: Collection[str]
) -> str:
    """Take away what a role passed on though it can't any more: as the owner, with `CASCADE`.

    Args:
        group: the objects.
        privileges: those that it passed on.
        grantor: the role; it has the right to grant them for as long as this takes.
        kept: those of them that it has of the owner, and that stay with it.
    """
    on, to = _objects(group, each=True), sql.Identifier(grantor)
    parts = [
        sql.SQL("GRANT {} ON {} TO {} WITH GRANT OPTION").format(
            _privileges(group, privileges), on, to
        )
    ]
    for option_only in (False, True):
        words = [word for word in privileges if (word in kept) is option_only]
        if words:
            option = grant_option(only=option_only)
            taken = _privileges(group, words)
            parts.append(sql.SQL("REVOKE {}{} ON {} FROM {} CASCADE").format(option, taken, on, to))
    return advice(sql.SQL("; ").join(parts))


def revoke_default(grants: Sequence[DefaultGrant], *, option_only: bool) -> str:
    """`ALTER DEFAULT PRIVILEGES … REVOKE` for grants that differ in their privileges only."""
    first = grants[0]
    return advice(
        statements.revoke_default(
            RevokeDefault(
                entry="",
                database="",
                owner=first.creator,
                role=first.grantee,
                object_kind=first.kind,
                schema=first.schema,
                privileges=tuple(sorted(g.privilege for g in grants)),
                grant_option_only=option_only,
            )
        )
    )


def revoke_membership(item: Membership, major: int) -> str:
    """`REVOKE group FROM member`; from PostgreSQL 16 on one row of several is named."""
    statement = statements.revoke_membership(item.group, item.member)
    if major >= 16:
        statement += sql.SQL(" GRANTED BY {}").format(sql.Identifier(item.grantor))
    return advice(statement)


def without_attributes(role: str, attributes: Iterable[str]) -> str:
    """`ALTER ROLE … NOSUPERUSER …`."""
    return advice(statements.without_powers(role, attributes))


def close(database: str) -> str:
    """`REVOKE ALL ON DATABASE … FROM PUBLIC`, as `apply` closes databases."""
    return advice(statements.revoke_all_from_public(database))


def let_in(database: str, role: str) -> str:
    """`GRANT CONNECT ON DATABASE`."""
    return advice(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
            sql.Identifier(database), sql.Identifier(role)
        )
    )


def no_template(database: str) -> str:
    """`ALTER DATABASE … IS_TEMPLATE FALSE`."""
    return advice(sql.SQL("ALTER DATABASE {} IS_TEMPLATE FALSE").format(sql.Identifier(database)))


def give_to(group: Group, owner: str) -> str:
    """`ALTER … OWNER TO` for the objects of a group, at most a thousand of them."""
    keyword = sql.SQL(_OWNED[group.kind])
    return advice(
        sql.SQL("; ").join(
            sql.SQL("ALTER {} {} OWNER TO {}").format(keyword, name, sql.Identifier(owner))
            for name in _names(group)[:_MOST_NAMES]
        )
    )


def with_loan(
    statement: str, wanted: Mapping[str, Sequence[str]], role: str, *, as_role: bool
) -> str:
    """`GRANT … ON SCHEMA`, a statement, and the `REVOKE` of what was granted.

    Args:
        statement: what `role` could not run.
        wanted: the privileges that it lacks, each with the schemas.
        role: to whom they are lent.
        as_role: whether it is run by somebody else, with `SET ROLE`.
    """
    to = sql.Identifier(role)
    loans = [(statements.privileges([w]), names_in("", names)) for w, names in wanted.items()]
    given = [advice(sql.SQL("GRANT {} ON SCHEMA {} TO {}").format(*loan, to)) for loan in loans]
    taken = [advice(sql.SQL("REVOKE {} ON SCHEMA {} FROM {}").format(*loan, to)) for loan in loans]
    inner = [statement]
    if as_role:
        inner = [advice(sql.SQL("SET ROLE {}").format(to)), statement, "RESET ROLE"]
    parts = [*given, *inner, *taken]
    return "; ".join(parts) if all(parts) else ""


def rename_database(database: str, owner: str) -> str:
    """`ALTER DATABASE … RENAME TO` a name that says whose it is."""
    name = f"{database}_of_{owner}".encode()[:_NAME_BYTES].decode(errors="ignore")
    return advice(
        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
            sql.Identifier(database), sql.Identifier(name)
        )
    )


def lent(statement: str, roles: Sequence[str], admin: str, major: int) -> str:
    """Make the admin a member of roles for as long as a statement takes, in one transaction."""
    groups = sql.SQL(", ").join(map(sql.Identifier, roles))
    to = sql.Identifier(admin)
    give = sql.SQL("GRANT {} TO {}").format(groups, to)
    if major >= 16:
        give += sql.SQL(" WITH INHERIT TRUE, SET TRUE")
    take = sql.SQL("REVOKE {} FROM {}").format(groups, to)
    parts = ["BEGIN", advice(give), statement, advice(take), "COMMIT"]
    return "; ".join(parts) if all(parts) else ""


def drop_server(name: str) -> str:
    """`DROP SERVER … CASCADE`, user mappings and foreign tables included."""
    return advice(sql.SQL("DROP SERVER {} CASCADE").format(sql.Identifier(name)))


def disable_event_trigger(name: str) -> str:
    """`ALTER EVENT TRIGGER … DISABLE`."""
    return advice(sql.SQL("ALTER EVENT TRIGGER {} DISABLE").format(sql.Identifier(name)))


def _privileges(group: Group, words: Iterable[str]) -> sql.Composable:
    if group.kind is Kind.PARAMETER:
        known = {"SET": sql.SQL("SET"), "ALTER SYSTEM": sql.SQL("ALTER SYSTEM")}
        return sql.SQL(", ").join(known[word] for word in words)
    if group.kind is Kind.COLUMN:
        columns = sql.SQL(", ").join(map(sql.Identifier, group.names))
        return sql.SQL(", ").join(
            sql.SQL("{} ({})").format(statements.privileges([word]), columns) for word in words
        )
    return statements.privileges(words)


def _objects(group: Group, *, each: bool = False) -> sql.Composable:
    keyword = sql.SQL(_KEYWORDS[group.kind])
    if group.kind is Kind.COLUMN:
        return sql.SQL("{} {}").format(keyword, sql.Identifier(group.schema, group.table))
    if len(group.names) > _MOST_NAMES and group.kind in _ALL_OF and not each:
        return sql.SQL("{} IN SCHEMA {}").format(
            sql.SQL(_ALL_OF[group.kind]), sql.Identifier(group.schema)
        )
    return sql.SQL("{} {}").format(keyword, sql.SQL(", ").join(_names(group)))


def _names(group: Group) -> list[sql.Composable]:
    match group.kind:
        case Kind.FUNCTION:
            return [
                sql.SQL("{}({})").format(sql.Identifier(group.schema, name), _arguments(signature))
                for name, signature in zip(group.names, group.signatures, strict=True)
            ]
        case Kind.LARGE_OBJECT:
            return [sql.Literal(int(name)) for name in group.names]
        case Kind.PARAMETER:
            return [sql.Identifier(*name.split(".")) for name in group.names]
        case _:
            return [names_in(group.schema, [name]) for name in group.names]


def _arguments(signature: Signature) -> sql.Composable:
    return sql.SQL(", ").join(sql.Identifier(*argument) for argument in signature.types)
