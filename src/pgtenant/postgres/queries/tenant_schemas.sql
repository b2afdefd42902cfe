-- Schemas by their names, and by what their names look like: whose they are, and who may do what there. Each is a JSON
-- text as bytes (see contents.sql).
SELECT convert_to(json_build_array(
           n.nspname, pg_get_userbyid(n.nspowner), obj_description(n.oid, 'pg_namespace'),
           EXISTS (SELECT FROM pg_depend d
                    WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                      AND d.deptype = 'n'),
           ARRAY (SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'public'
                                       ELSE pg_get_userbyid(a.grantee)::text END
                    FROM aclexplode(n.nspacl) a
                   WHERE a.grantee <> n.nspowner
                   ORDER BY 1))::text,
           CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)
  FROM pg_namespace n
 WHERE n.nspname = ANY (%(names)s::name[]) OR n.nspname ~ %(like)s
