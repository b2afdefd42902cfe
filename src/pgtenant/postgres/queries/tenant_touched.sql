-- For a cursor that is declared before a template runs, and read behind it: the locks are those of then, the catalogs
-- as they were before. So it shows what was there already, and was written, altered or dropped since.
DECLARE pgtenant_touched NO SCROLL CURSOR FOR
SELECT coalesce(c.relkind::text, '') AS kind, n.nspname AS schema,
       coalesce(c.relname, p.proname, t.typname, '')::text AS name
  FROM pg_locks l
  LEFT JOIN pg_class c ON l.locktype = 'relation' AND c.oid = l.relation
  LEFT JOIN pg_proc p ON l.locktype = 'object' AND l.classid = 'pg_proc'::regclass AND p.oid = l.objid
  LEFT JOIN pg_type t ON l.locktype = 'object' AND l.classid = 'pg_type'::regclass AND t.oid = l.objid
  LEFT JOIN pg_namespace s ON l.locktype = 'object' AND l.classid = 'pg_namespace'::regclass
                          AND s.oid = l.objid
  LEFT JOIN pg_depend d ON l.locktype = 'object' AND d.classid = l.classid AND d.objid = l.objid
                       AND d.refclassid = 'pg_namespace'::regclass
  JOIN pg_namespace n ON n.oid = coalesce(c.relnamespace, p.pronamespace, t.typnamespace, s.oid, d.refobjid)
 WHERE l.pid = pg_backend_pid() AND l.granted
   AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
   AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
   AND n.nspname NOT IN (%(schema)s, 'pg_catalog', 'pg_toast')
