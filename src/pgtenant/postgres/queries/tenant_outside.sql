-- What outside of a schema needs something in it, and would go, or lose something, with a DROP … CASCADE. Something in
-- a schema depends on it, or on something that does: a table's columns and constraints on the table. And what a tenant's
-- own role was granted on what is not its own, which would keep it from being dropped.
WITH RECURSIVE inside AS (
    SELECT d.classid, d.objid
      FROM pg_depend d
     WHERE d.refclassid = 'pg_namespace'::regclass
       AND d.refobjid = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = %(schema)s)
    UNION
    SELECT d.classid, d.objid
      FROM inside i
      JOIN pg_depend d ON d.refclassid = i.classid AND d.refobjid = i.objid
), dependent AS (
    -- A rule, a constraint, a default, a policy and a trigger are their table's.
    SELECT CASE WHEN i.classid = 'pg_class'::regclass THEN i.objid
                ELSE coalesce(w.ev_class, nullif(k.conrelid, 0), a.adrelid, p.polrelid, t.tgrelid)
           END AS relation,
           CASE WHEN i.classid = 'pg_proc'::regclass THEN i.objid END AS function,
           CASE WHEN i.classid = 'pg_type'::regclass THEN i.objid END AS type
      FROM inside i
      LEFT JOIN pg_rewrite w ON i.classid = 'pg_rewrite'::regclass AND w.oid = i.objid
      LEFT JOIN pg_constraint k ON i.classid = 'pg_constraint'::regclass AND k.oid = i.objid
      LEFT JOIN pg_attrdef a ON i.classid = 'pg_attrdef'::regclass AND a.oid = i.objid
      LEFT JOIN pg_policy p ON i.classid = 'pg_policy'::regclass AND p.oid = i.objid
      LEFT JOIN pg_trigger t ON i.classid = 'pg_trigger'::regclass AND t.oid = i.objid
                           AND NOT t.tgisinternal
)
SELECT DISTINCT n.nspname::text AS schema, coalesce(c.relname, f.proname, y.typname)::text AS name,
       false AS granted
  FROM dependent d
  LEFT JOIN pg_class c ON c.oid = d.relation
  LEFT JOIN pg_proc f ON f.oid = d.function
  LEFT JOIN pg_type y ON y.oid = d.type
  JOIN pg_namespace n ON n.oid = coalesce(c.relnamespace, f.pronamespace, y.typnamespace)
 WHERE n.nspname NOT IN (%(schema)s, 'pg_toast')
 UNION
SELECT '', pg_describe_object(d.classid, d.objid, 0), true
  FROM pg_shdepend d
  JOIN pg_roles r ON r.oid = d.refobjid
 WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'a' AND r.rolname = %(role)s
   AND d.dbid IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database()))
 ORDER BY 3, 1, 2
 LIMIT 20
