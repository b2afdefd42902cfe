"""One builder per PostgreSQL statement; every name goes through `sql.Identifier`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from psycopg import sql

from pgtenant.planning.changes import (
    AlterDatabase,
    AlterRole,
    CreateRole,
    GrantDatabase,
    GrantDefault,
    GrantObjects,
    RevokeColumns,
    RevokeDatabase,
    RevokeDefault,
    RevokeObjects,
)
from pgtenant.planning.observed import ForeignObject, FunctionGrant, OwnGrant
from pgtenant.planning.privileges import PUBLIC, ObjectKind

_KEYWORDS: Final = {
    ObjectKind.SCHEMA: sql.SQL("SCHEMA"),
    ObjectKind.TABLE: sql.SQL("TABLE"),
    ObjectKind.SEQUENCE: sql.SQL("SEQUENCE"),
}
_DEFAULT_KEYWORDS: Final = {
    "schema": sql.SQL("SCHEMAS"),
    "table": sql.SQL("TABLES"),
    "sequence": sql.SQL("SEQUENCES"),
    "function": sql.SQL("ROUTINES"),
    "type": sql.SQL("TYPES"),
    "large_object": sql.SQL("LARGE OBJECTS"),
}
_PRIVILEGES: Final = {
    word: sql.SQL(word)  # a closed list: nothing that a server sends is spliced in
    for word in (
        "CONNECT",
        "CREATE",
        "DELETE",
        "EXECUTE",
        "INSERT",
        "MAINTAIN",
        "REFERENCES",
        "SELECT",
        "TEMPORARY",
        "TRIGGER",
        "TRUNCATE",
        "UPDATE",
        "USAGE",
    )
}
_FLAGS: Final = {
    "login": (sql.SQL("LOGIN"), sql.SQL("NOLOGIN")),
    "createdb": (sql.SQL("CREATEDB"), sql.SQL("NOCREATEDB")),
    "createrole": (sql.SQL("CREATEROLE"), sql.SQL("NOCREATEROLE")),
    "superuser": (sql.SQL("SUPERUSER"), sql.SQL("NOSUPERUSER")),
    "replication": (sql.SQL("REPLICATION"), sql.SQL("NOREPLICATION")),
    "bypassrls": (sql.SQL("BYPASSRLS"), sql.SQL("NOBYPASSRLS")),
}


def grantee(role: str) -> sql.Composable:
    """Return a role's name, or the keyword `PUBLIC`."""
    return sql.SQL("PUBLIC") if role == PUBLIC else sql.Identifier(role)


def privileges(words: Iterable[str]) -> sql.Composable:
    """Return a list of privileges.

    Raises:
        KeyError: for a word that is no privilege of PostgreSQL 15 to 18.
    """
    return sql.SQL(", ").join(_PRIVILEGES[word] for word in words)


def create_role(change: CreateRole, verifier: sql.Composable | None) -> sql.Composed:
    """`CREATE ROLE`, with a SCRAM verifier as its password, or with none."""
    options: list[sql.Composable] = [sql.SQL("LOGIN")]
    if change.createdb:
        options.append(sql.SQL("CREATEDB"))
    if change.connection_limit != -1:
        options.append(_connection_limit(change.connection_limit))
    if verifier is not None:
        options.append(sql.SQL("PASSWORD {}").format(verifier))
    return sql.SQL("CREATE ROLE {} {}").format(
        sql.Identifier(change.role), sql.SQL(" ").join(options)
    )


def create_delegate(role: str, verifier: sql.Composable) -> sql.Composed:
    """`CREATE ROLE` for a delegated admin: `LOGIN CREATEROLE CREATEDB`, and nothing else."""
    return sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
        sql.Identifier(role), verifier
    )


def grant_role(group: str, member: str) -> sql.Composed:
    """`GRANT group TO member`."""
    return sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), sql.Identifier(member))


def alter_role(change: AlterRole) -> sql.Composed:
    """`ALTER ROLE` with only the attributes that differ.

    A non-superuser may not even mention `SUPERUSER`, `REPLICATION` or `BYPASSRLS`, not
    to take them away either (https://www.postgresql.org/docs/current/sql-alterrole.html).
    """
    options: list[sql.Composable] = [
        on if getattr(change.after, name) else off
        for name, (on, off) in _FLAGS.items()
        if getattr(change.before, name) != getattr(change.after, name)
    ]
    if change.before.connection_limit != change.after.connection_limit:
        options.append(_connection_limit(change.after.connection_limit))
    return sql.SQL("ALTER ROLE {} {}").format(
        sql.Identifier(change.role), sql.SQL(" ").join(options)
    )


def without_powers(role: str, powers: Iterable[str]) -> sql.Composed:
    """`ALTER ROLE … NOSUPERUSER …`, for a superuser to run."""
    return sql.SQL("ALTER ROLE {} {}").format(
        sql.Identifier(role), sql.SQL(" ").join(_FLAGS[power.lower()][1] for power in powers)
    )


def with_attribute(role: str, attribute: str) -> sql.Composed:
    """`ALTER ROLE … CREATEROLE` or the like, for a superuser to run."""
    return sql.SQL("ALTER ROLE {} {}").format(sql.Identifier(role), _FLAGS[attribute.lower()][0])


def grant_admin(role: str, admin: str, major: int) -> sql.Composed:
    """Give `admin` the right to lend itself `role`, and no standing power over its data."""
    options = (
        sql.SQL("WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
        if major >= 16
        else sql.SQL("WITH ADMIN OPTION")
    )
    return sql.SQL("GRANT {} TO {} {}").format(sql.Identifier(role), sql.Identifier(admin), options)


def set_password(role: str, verifier: sql.Composable) -> sql.Composed:
    """`ALTER ROLE … PASSWORD`, with a SCRAM verifier."""
    return sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), verifier)


def no_password(role: str) -> sql.Composed:
    """`ALTER ROLE … PASSWORD NULL`."""
    return sql.SQL("ALTER ROLE {} PASSWORD NULL").format(sql.Identifier(role))


def comment_on_role(role: str, comment: str) -> sql.Composed:
    """`COMMENT ON ROLE`."""
    return sql.SQL("COMMENT ON ROLE {} IS {}").format(sql.Identifier(role), sql.Literal(comment))


def comment_on_database(database: str, comment: str) -> sql.Composed:
    """`COMMENT ON DATABASE`."""
    return sql.SQL("COMMENT ON DATABASE {} IS {}").format(
        sql.Identifier(database), sql.Literal(comment)
    )


def revoke_membership(group: str, member: str) -> sql.Composed:
    """`REVOKE group FROM member`."""
    return sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(group), sql.Identifier(member))


def create_database(name: str) -> sql.Composed:
    """`CREATE DATABASE` that nobody can enter yet.

    From `template0`, because any tenant may sit in `template1` (creation then fails) or
    have left something there.
    """
    return sql.SQL("CREATE DATABASE {} TEMPLATE template0 ALLOW_CONNECTIONS false").format(
        sql.Identifier(name)
    )


def drop_database(name: str) -> sql.Composed:
    """`DROP DATABASE`; only ever shown."""
    return sql.SQL("DROP DATABASE {}").format(sql.Identifier(name))


def revoke_all_from_public(database: str) -> sql.Composed:
    """Close a database to everyone without a grant of their own."""
    return sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))


def database_owner(database: str, owner: str) -> sql.Composed:
    """`ALTER DATABASE … OWNER TO`."""
    return sql.SQL("ALTER DATABASE {} OWNER TO {}").format(
        sql.Identifier(database), sql.Identifier(owner)
    )


def alter_database(change: AlterDatabase) -> sql.Composed:
    """`ALTER DATABASE` with the properties that are not None."""
    options: list[sql.Composable] = []
    if change.allow_connections is not None:
        options.append(sql.SQL("ALLOW_CONNECTIONS {}").format(_boolean(change.allow_connections)))
    if change.connection_limit is not None:
        options.append(_connection_limit(change.connection_limit))
    if change.is_template is not None:
        options.append(sql.SQL("IS_TEMPLATE {}").format(_boolean(change.is_template)))
    return sql.SQL("ALTER DATABASE {} {}").format(
        sql.Identifier(change.database), sql.SQL(" ").join(options)
    )


def grant_database(change: GrantDatabase) -> sql.Composed:
    """`GRANT … ON DATABASE`."""
    return sql.SQL("GRANT {} ON DATABASE {} TO {}").format(
        privileges(change.privileges), sql.Identifier(change.database), grantee(change.role)
    )


def revoke_database(change: RevokeDatabase) -> sql.Composed:
    """`REVOKE … ON DATABASE`."""
    return sql.SQL("REVOKE {}{} ON DATABASE {} FROM {}{}").format(
        _option(only=change.grant_option_only),
        privileges(change.privileges),
        sql.Identifier(change.database),
        grantee(change.role),
        _cascade(cascade=change.cascade),
    )


def grant_objects(change: GrantObjects) -> sql.Composed:
    """`GRANT … ON SCHEMA/TABLE/SEQUENCE` for named objects."""
    return sql.SQL("GRANT {} ON {} {} TO {}").format(
        privileges(change.privileges),
        _KEYWORDS[change.object_kind],
        _names(change.schema, change.names),
        grantee(change.role),
    )


def revoke_objects(change: RevokeObjects) -> sql.Composed:
    """`REVOKE … ON SCHEMA/TABLE/SEQUENCE` for named objects."""
    return sql.SQL("REVOKE {}{} ON {} {} FROM {}{}").format(
        _option(only=change.grant_option_only),
        privileges(change.privileges),
        _KEYWORDS[change.object_kind],
        _names(change.schema, change.names),
        grantee(change.role),
        _cascade(cascade=change.cascade),
    )


def revoke_columns(change: RevokeColumns) -> sql.Composed:
    """`REVOKE … (columns) ON TABLE`, with whatever was passed on."""
    return sql.SQL("REVOKE {} ({}) ON TABLE {} FROM {} CASCADE").format(
        privileges([change.privilege]),
        sql.SQL(", ").join(map(sql.Identifier, change.columns)),
        sql.Identifier(change.schema, change.table),
        grantee(change.role),
    )


def revoke_execute(grant: FunctionGrant) -> sql.Composed:
    """`REVOKE EXECUTE ON ROUTINE`; only ever shown."""
    return sql.SQL("REVOKE EXECUTE ON ROUTINE {}({}) FROM {}").format(
        sql.Identifier(grant.schema, grant.name),
        sql.SQL(", ").join(sql.Identifier(*argument) for argument in grant.arguments),
        grantee(grant.role),
    )


def close_public_schema() -> sql.Composed:
    """Keep `PUBLIC` from creating objects in the schema `public`."""
    return sql.SQL("REVOKE CREATE ON SCHEMA {} FROM PUBLIC").format(sql.Identifier("public"))


def grant_default(change: GrantDefault) -> sql.Composed:
    """`ALTER DEFAULT PRIVILEGES … GRANT`, for everything the owner will make."""
    return sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} GRANT {} ON {} TO {}").format(
        sql.Identifier(change.owner),
        privileges(change.privileges),
        _DEFAULT_KEYWORDS[change.object_kind],
        grantee(change.role),
    )


def revoke_default(change: RevokeDefault) -> sql.Composed:
    """`ALTER DEFAULT PRIVILEGES … REVOKE`."""
    where = (
        sql.SQL(" IN SCHEMA {}").format(sql.Identifier(change.schema))
        if change.schema
        else sql.SQL("")
    )
    return sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {}{} REVOKE {}{} ON {} FROM {}").format(
        sql.Identifier(change.owner),
        where,
        _option(only=change.grant_option_only),
        privileges(change.privileges),
        _DEFAULT_KEYWORDS[change.object_kind],
        grantee(change.role),
    )


def create_extension(name: str) -> sql.Composed:
    """`CREATE EXTENSION`."""
    return sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(name))


def change_owner(item: ForeignObject, owner: str) -> sql.Composed:
    """`ALTER … OWNER TO`, for a schema or relation that someone else owns."""
    name = sql.Identifier(item.schema, item.name) if item.schema else sql.Identifier(item.name)
    return sql.SQL("ALTER {} {} OWNER TO {}").format(
        _KEYWORDS[ObjectKind(item.kind)], name, sql.Identifier(owner)
    )


def lend(role: str, admin: str, major: int) -> sql.Composed:
    """Make `admin` a member of `role` until the end of the transaction.

    From PostgreSQL 16 on `ADMIN` on a role is not the right to `SET ROLE` to it: `SET TRUE`
    is (https://www.postgresql.org/docs/16/sql-grant.html#SQL-GRANT-DESCRIPTION-ROLES).
    """
    grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), sql.Identifier(admin))
    if major < 16:
        return grant
    return grant + sql.SQL(" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER")


def give_back(role: str, admin: str, major: int, before: OwnGrant | None) -> sql.Composed:
    """End a loan: revoke it, or put back the row of ours that stood before."""
    if before is not None:
        return sql.SQL("GRANT {} TO {} WITH INHERIT {}, SET {} GRANTED BY CURRENT_USER").format(
            sql.Identifier(role),
            sql.Identifier(admin),
            _boolean(before.inherit),
            _boolean(before.set),
        )
    revoke = revoke_membership(role, admin)
    return revoke if major < 16 else revoke + sql.SQL(" GRANTED BY CURRENT_USER")


def set_local_role(role: str) -> sql.Composed:
    """`SET LOCAL ROLE`."""
    return sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role))


def _connection_limit(limit: int) -> sql.Composed:
    return sql.SQL("CONNECTION LIMIT {}").format(sql.Literal(limit))


def _boolean(value: bool) -> sql.SQL:
    return sql.SQL("TRUE") if value else sql.SQL("FALSE")


def _option(*, only: bool) -> sql.SQL:
    return sql.SQL("GRANT OPTION FOR ") if only else sql.SQL("")


def _cascade(*, cascade: bool) -> sql.SQL:
    return sql.SQL(" CASCADE") if cascade else sql.SQL("")


def _names(schema: str, names: Sequence[str]) -> sql.Composable:
    parts = (sql.Identifier(schema, name) if schema else sql.Identifier(name) for name in names)
    return sql.SQL(", ").join(parts)
