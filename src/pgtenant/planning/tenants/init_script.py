r"""One owner entry as a script for psql, to be run by whoever may make roles and databases.

It makes what an apply makes first: the role, its database, the markers. It asks before it does, so
that it can be run again, after an apply too. Where a statement depends on what is there, psql
branches (`\if`) or builds it (`\gexec`), because inside of `DO` it replaces no variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from pgtenant.planning.marker import Marker
from pgtenant.planning.sql import statements
from pgtenant.planning.sql.render import Verbatim
from pgtenant.planning.sql.text import as_text
from pgtenant.planning.tenants.capability import capability
from pgtenant.planning.tenants.policy import Isolation

_SCHEMA: Final = "pgtenant_row_security_check"


@dataclass(frozen=True, slots=True)
class Subject:
    """What the script is about.

    Attributes:
        environment: goes into the markers.
        entry: the key of an owner entry.
        connection_limit: -1 for none.
        isolation: names the setting and the column with which row security is tried out.
    """

    environment: str
    entry: str
    database: str
    role: str
    createdb: bool
    connection_limit: int
    isolation: Isolation

    @property
    def variable(self) -> str:
        """The psql variable that holds the password; in capitals, the environment's."""
        return f"{re.sub('[^A-Za-z0-9_]', '_', self.role)}_password"


def init_script(subject: Subject) -> str:
    """Return the script's text.

    Raises:
        UnicodeEncodeError: a name in it is not valid Unicode.
    """
    settled = Marker(environment=subject.environment, entry=subject.entry)
    creating = Marker(subject.environment, subject.entry, creating=subject.database)
    role = sql.Identifier(subject.role)
    checks = sql.SQL(";\n").join([*capability(subject.isolation, _SCHEMA), sql.SQL("")])
    parts = {
        "role": role,
        "role_name": sql.Literal(subject.role),
        "database": sql.Identifier(subject.database),
        "database_name": sql.Literal(subject.database),
        "powers": sql.SQL("CREATEDB" if subject.createdb else "NOCREATEDB"),
        "limit": sql.SQL("")
        if subject.connection_limit == -1
        else sql.SQL(" CONNECTION LIMIT {}").format(sql.Literal(subject.connection_limit)),
        "createdb": sql.Literal(subject.createdb),
        "password": Verbatim(subject.variable),
        "environ": Verbatim(subject.variable.upper()),
        "marker": sql.Literal(settled.text()),
        "creating": sql.Literal(creating.text()),
        "ours": sql.Literal(settled.text().removesuffix("}")),
        "create_database": sql.Literal(as_text(statements.create_database(subject.database))),
        "not_ours": sql.Literal(
            f"the role {subject.role} is there, and was not made for the entry {subject.entry} of"
            f" {subject.environment}"
        ),
        "adopt": sql.Literal(
            f"pgtenant adopt -e {subject.environment} {subject.entry} --dry-run shows what taking"
            " it over would change"
        ),
        "foreign": sql.Literal(
            f"the database {subject.database} belongs to another role than {subject.role}: nothing"
            " of it is changed"
        ),
        "row_security": checks,
    }
    head = "".join(f"-- {' '.join(line.splitlines())}".rstrip() + "\n" for line in _head(subject))
    body = as_text(sql.SQL(_BEGIN + _ROLE + _DATABASE + _CHECKS).format(**parts))
    return f"{head}\n{body}\n"


def _head(subject: Subject) -> Iterator[str]:
    variable = subject.variable
    yield (
        f"Made by `pgtenant render sql -e {subject.environment} {subject.entry}`. It holds no"
        " password; run it as often as"
    )
    yield "you like."
    yield ""
    yield f"It makes the role {subject.role} and the database {subject.database} that it owns,"
    yield "closed to everybody else, as `pgtenant apply` does; it sets the role's password, checks"
    yield "what the role may do, and logs in as it to see that row security holds it. What else the"
    yield "catalog declares (editors, readers, extensions, an initial schema) is left to an apply."
    yield ""
    yield "For psql 15 or newer, as the admin of the instance, in its maintenance database:"
    yield ""
    yield f"    export {variable.upper()}=..."
    yield '    psql "host=... dbname=platform user=platform_admin sslmode=verify-full'
    yield '      sslrootcert=..." -X -f db-init.sql'
    yield ""
    yield "The server is sent the password as it is, and may log it. A SCRAM-SHA-256 verifier does"
    yield "as well; then nobody can log in here, and row security stays unchecked. An apply sends"
    yield "only verifiers."


_BEGIN: Final = r"""
\set ON_ERROR_STOP on
\set QUIET on
SET search_path = pg_catalog;

\if :{{?{password}}}
\else
  \getenv {password} {environ}
\endif
\if :{{?{password}}}
\else
  \warn 'No password: set {environ}, or give psql -v {password}=...'
  DO $$ BEGIN RAISE EXCEPTION 'no password was given'; END $$;
\endif
SELECT :'{password}' = '' AS empty, starts_with(:'{password}', 'SCRAM-SHA-256$') AS verifier
\gset init_
\if :init_empty
  DO $$ BEGIN RAISE EXCEPTION 'the password is empty'; END $$;
\endif
"""

_ROLE: Final = r"""
-- The role. From PostgreSQL 16 on, whoever makes one can be granted it by the way: not here.
SELECT count(set_config(name, '', false)) AS settings FROM pg_settings
WHERE name = 'createrole_self_grant'
\gset init_
DO $init$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {role_name}) THEN
    CREATE ROLE {role} LOGIN NOSUPERUSER {powers} NOCREATEROLE NOREPLICATION NOBYPASSRLS{limit};
    COMMENT ON ROLE {role} IS {creating};
  ELSIF NOT EXISTS (
    SELECT FROM pg_roles
    WHERE rolname = {role_name}
      AND starts_with(substring(shobj_description(oid, 'pg_authid') FROM '[^\n]*$'), {ours})
  ) THEN
    RAISE EXCEPTION USING MESSAGE = {not_ours}, HINT = {adopt};
  ELSIF EXISTS (
    SELECT FROM pg_roles
    WHERE rolname = {role_name}
      AND strpos(substring(shobj_description(oid, 'pg_authid') FROM '[^\n]*$'), '"retired":') > 0
  ) THEN
    RAISE EXCEPTION 'the role is out of service: pgtenant retire has disabled it';
  END IF;
END
$init$;

-- Out here, because psql replaces no variables inside of DO.
ALTER ROLE {role} PASSWORD :'{password}';
"""

_DATABASE: Final = r"""
-- The database: made with connections off, so that nobody is in it before it is closed. The role's
-- comment says so first: a run that ends here is gone on with, by this script or by an apply.
SELECT format('COMMENT ON ROLE %I IS %L', rolname,
  regexp_replace(coalesce(shobj_description(oid, 'pg_authid'), ''), '[^\n]*$', '') || {creating})
FROM pg_roles
WHERE rolname = {role_name}
  AND NOT EXISTS (SELECT FROM pg_database WHERE datname = {database_name})
\gexec
SELECT {create_database}
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {database_name})
\gexec
SELECT d.datdba <> r.oid AS unowned,
  d.datdba <> r.oid AND NOT (
    d.datdba = a.oid AND NOT d.datallowconn
    AND starts_with(substring(shobj_description(r.oid, 'pg_authid') FROM '[^\n]*$'), {creating})
  ) AS foreign,
  NOT a.rolsuper AND NOT pg_has_role(a.oid, r.oid,
    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
  AS lend,
  current_setting('server_version_num')::int >= 160000 AS by_name,
  a.rolname AS admin
FROM pg_database d, pg_roles r, pg_roles a
WHERE d.datname = {database_name} AND r.rolname = {role_name} AND a.rolname = current_user
\gset init_
\if :init_foreign
  DO $init$ BEGIN RAISE EXCEPTION USING MESSAGE = {foreign}; END $init$;
\endif

-- The admin is a member of the role for this transaction alone.
BEGIN;
\if :init_lend
  \if :init_by_name
    GRANT {role} TO :"init_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
  \else
    GRANT {role} TO :"init_admin";
  \endif
\endif
\if :init_unowned
  REVOKE ALL ON DATABASE {database} FROM PUBLIC;
  ALTER DATABASE {database} OWNER TO {role};
\endif
SET LOCAL ROLE {role};
REVOKE ALL ON DATABASE {database} FROM PUBLIC;
GRANT CONNECT ON DATABASE {database} TO :"init_admin";
SELECT format('COMMENT ON DATABASE %I IS %L', datname, {marker})
FROM pg_database
WHERE datname = {database_name} AND shobj_description(oid, 'pg_database') IS NULL
\gexec
ALTER DATABASE {database} ALLOW_CONNECTIONS true;
RESET ROLE;
SELECT format('COMMENT ON ROLE %I IS %L', rolname,
  regexp_replace(shobj_description(oid, 'pg_authid'), '[^\n]*$', '') || {marker})
FROM pg_roles
WHERE rolname = {role_name}
  AND starts_with(substring(shobj_description(oid, 'pg_authid') FROM '[^\n]*$'), {creating})
\gexec
\if :init_lend
  \if :init_by_name
    REVOKE {role} FROM :"init_admin" GRANTED BY CURRENT_USER;
  \else
    REVOKE {role} FROM :"init_admin";
  \endif
\endif
COMMIT;
"""

_CHECKS: Final = r"""
-- What the role may do.
DO $init$
DECLARE
  r pg_roles;
BEGIN
  SELECT * INTO STRICT r FROM pg_roles WHERE rolname = {role_name};
  IF r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolreplication THEN
    RAISE EXCEPTION 'the role has SUPERUSER, BYPASSRLS, CREATEROLE or REPLICATION';
  END IF;
  IF NOT r.rolcanlogin OR r.rolcreatedb <> {createdb} THEN
    RAISE EXCEPTION 'the role lacks LOGIN, or its CREATEDB is not as declared';
  END IF;
  IF EXISTS (
    SELECT FROM pg_roles o
    WHERE (o.rolsuper OR o.rolbypassrls OR o.rolcreaterole OR o.rolreplication)
      AND pg_has_role(r.oid, o.oid, 'MEMBER')
  ) THEN
    RAISE EXCEPTION 'the role is a member of one with such powers';
  END IF;
  IF NOT has_database_privilege(r.oid, {database_name}, 'CREATE') THEN
    RAISE EXCEPTION 'the role may not create schemas in its database';
  END IF;
  IF has_database_privilege('public', {database_name}, 'CONNECT, TEMPORARY, CREATE') THEN
    RAISE EXCEPTION 'the database is open to everybody';
  END IF;
END
$init$;

-- Row security, as the role itself and rolled back: what holds an admin says nothing about it.
\if :init_verifier
  \warn 'Not checked: row security, because the variable holds a verifier and no password'
\else
  \setenv PGPASSWORD :{password}
  \connect {database} {role}
  \setenv PGPASSWORD
  SET search_path = pg_catalog;
  BEGIN;
{row_security}  ROLLBACK;
\endif
\unset {password}
\echo 'The role and its database are as declared.'
"""
