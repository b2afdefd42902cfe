-- Of pairs of a role and a database: who owns the database, and what the role may do. A superuser is a
-- member of every role, so that only its own attributes are told.
SELECT p.role, p.database,
  pg_catalog.pg_get_userbyid(d.datdba),
  r.oid IS NOT NULL,
  ARRAY (
    SELECT power.name
    FROM (VALUES ('BYPASSRLS', r.rolbypassrls), ('CREATEDB', r.rolcreatedb),
      ('CREATEROLE', r.rolcreaterole), ('REPLICATION', r.rolreplication),
      ('SUPERUSER', r.rolsuper)) AS power (name, held)
    WHERE power.held
    ORDER BY power.name
  ),
  ARRAY (
    SELECT o.rolname::text
    FROM pg_catalog.pg_roles o
    WHERE (o.rolsuper OR o.rolbypassrls OR o.rolcreaterole OR o.rolreplication)
      AND o.oid <> r.oid AND NOT r.rolsuper
      AND pg_catalog.pg_has_role(r.oid, o.oid, 'MEMBER')
    ORDER BY 1
  ),
  pg_catalog.has_database_privilege(r.oid, d.oid, 'CREATE')
FROM ROWS FROM (pg_catalog.unnest(%(roles)s::text[]), pg_catalog.unnest(%(databases)s::text[]))
  AS p (role, database)
LEFT JOIN pg_catalog.pg_roles r ON r.rolname = p.role
LEFT JOIN pg_catalog.pg_database d ON d.datname = p.database
