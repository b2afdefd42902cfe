-- What outside of a schema needs something in it, and would go, or lose something, with a DROP … CASCADE; and a parent
-- that shows the rows of a table in it. Something in a schema depends on it, or on something that does: a table's
-- columns and constraints on the table. How many these are the planner can't know, and would read whole catalogs: so
-- each is looked up by itself, in an index. And what a tenant's own role was granted on what is not its own, which would
-- keep it from being dropped. Each is a JSON text as bytes (see contents.sql).
WITH RECURSIVE inside AS (
    SELECT d.classid, d.objid
      FROM pg_depend d
     WHERE d.refclassid = 'pg_namespace'::regclass
       AND d.refobjid = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = %(schema)s)
    UNION
    SELECT d.classid, d.objid
      FROM inside i
     CROSS JOIN LATERAL (
        SELECT d.classid, d.objid
          FROM pg_depend d
         WHERE d.refclassid = i.classid AND d.refobjid = i.objid
        OFFSET 0) d
), dependent AS (
    -- A rule, a constraint, a default, a policy and a trigger are their table's; or a constraint its domain's.
    SELECT CASE i.classid
           WHEN 'pg_class'::regclass THEN i.objid
           WHEN 'pg_rewrite'::regclass THEN (SELECT w.ev_class FROM pg_rewrite w WHERE w.oid = i.objid)
           WHEN 'pg_constraint'::regclass THEN (SELECT k.conrelid FROM pg_constraint k WHERE k.oid = i.objid)
           WHEN 'pg_attrdef'::regclass THEN (SELECT a.adrelid FROM pg_attrdef a WHERE a.oid = i.objid)
           WHEN 'pg_policy'::regclass THEN (SELECT p.polrelid FROM pg_policy p WHERE p.oid = i.objid)
           WHEN 'pg_trigger'::regclass THEN (SELECT t.tgrelid FROM pg_trigger t
                                              WHERE t.oid = i.objid AND NOT t.tgisinternal)
           END AS relation,
           CASE i.classid WHEN 'pg_proc'::regclass THEN i.objid END AS function,
           CASE i.classid
           WHEN 'pg_type'::regclass THEN i.objid
           WHEN 'pg_constraint'::regclass THEN (SELECT k.contypid FROM pg_constraint k WHERE k.oid = i.objid)
           END AS type
      FROM inside i
    UNION ALL
    SELECT h.inhparent, NULL, NULL
      FROM inside i
     CROSS JOIN LATERAL (SELECT h.inhparent FROM pg_inherits h WHERE h.inhrelid = i.objid OFFSET 0) h
     WHERE i.classid = 'pg_class'::regclass
)
SELECT convert_to(json_build_array(x.schema, x.name, x.granted)::text,
                  CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)
  FROM (
    SELECT n.nspname::text AS schema, o.name::text AS name, false AS granted
      FROM dependent d
     CROSS JOIN LATERAL (
        SELECT c.relnamespace AS schema, c.relname AS name FROM pg_class c WHERE c.oid = d.relation
        UNION ALL
        SELECT f.pronamespace, f.proname FROM pg_proc f WHERE f.oid = d.function
        UNION ALL
        SELECT y.typnamespace, y.typname FROM pg_type y WHERE y.oid = d.type
        OFFSET 0) o
     CROSS JOIN LATERAL (SELECT n.nspname FROM pg_namespace n WHERE n.oid = o.schema LIMIT 1) n
     WHERE n.nspname NOT IN (%(schema)s, 'pg_toast')
    UNION
    SELECT '', pg_describe_object(d.classid, d.objid, 0), true
      FROM pg_shdepend d
      JOIN pg_roles r ON r.oid = d.refobjid
     WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'a' AND r.rolname = %(role)s
       AND d.dbid IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()))
     ORDER BY 3, 1, 2
     LIMIT 20) x
 ORDER BY x.granted, x.schema, x.name
