-- Every database; a NULL ACL is PostgreSQL's default, which is open to PUBLIC.
SELECT b.datname AS name,
       b.oid,
       pg_get_userbyid(b.datdba) AS owner,
       b.datallowconn AS allow_connections,
       b.datconnlimit AS connection_limit,
       b.datistemplate AS is_template,
       coalesce((SELECT jsonb_agg(jsonb_build_array(
                            CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END,
                            a.privilege_type, pg_get_userbyid(a.grantor), a.is_grantable))
                   FROM aclexplode(coalesce(b.datacl, acldefault('d', b.datdba))) a), '[]') AS acl,
       d.description AS comment,
       coalesce((SELECT array_agg(split_part(c, '=', 1) ORDER BY c)
                   FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c
                  WHERE s.setdatabase = b.oid AND s.setrole = 0), '{}') AS settings
  FROM pg_database b
  LEFT JOIN pg_shdescription d ON d.objoid = b.oid AND d.classoid = 'pg_database'::regclass
 ORDER BY b.datname
