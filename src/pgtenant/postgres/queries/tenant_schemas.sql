-- Schemas by their names, and by what their names look like: whose they are, and who may do what there.
SELECT n.nspname::text AS name, pg_get_userbyid(n.nspowner)::text AS owner,
       obj_description(n.oid, 'pg_namespace') AS comment,
       EXISTS (SELECT FROM pg_depend d
                WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                  AND d.deptype = 'n') AS filled,
       ARRAY (SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'public'
                                   ELSE pg_get_userbyid(a.grantee)::text END
                FROM aclexplode(n.nspacl) a
               WHERE a.grantee <> n.nspowner
               ORDER BY 1) AS held
  FROM pg_namespace n
 WHERE n.nspname = ANY (%(names)s::name[]) OR n.nspname ~ %(like)s
