-- The roles that initdb made and that own something which was made in this database since: no
-- shared catalog names them.
SELECT DISTINCT pg_get_userbyid(o.owner)::text
  FROM (SELECT 'pg_class'::regclass AS classid, oid, relowner AS owner FROM pg_class
         WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        UNION ALL
        SELECT 'pg_proc'::regclass, oid, proowner FROM pg_proc
        UNION ALL
        SELECT 'pg_type'::regclass, oid, typowner FROM pg_type WHERE typrelid = 0 AND typelem = 0
        UNION ALL
        SELECT 'pg_namespace'::regclass, oid, nspowner FROM pg_namespace
         WHERE nspname !~ '^pg_(toast_)?temp_') o
 WHERE o.oid >= 16384
   AND o.owner < 16384
   AND o.owner <> 'pg_database_owner'::regrole
   AND NOT EXISTS (SELECT FROM pg_depend x
                    WHERE x.classid = o.classid AND x.objid = o.oid AND x.deptype IN ('e', 'i'))
 ORDER BY 1
