-- What decides about connecting and impersonating, from the shared catalogs alone. `to_jsonb(m)`
-- reads the membership options of PostgreSQL 16+ without naming columns that 15 does not have.
WITH tenant AS (
    SELECT r.oid, r.rolname FROM pg_roles r WHERE r.rolname = ANY (%(roles)s)
)
SELECT (SELECT jsonb_agg(jsonb_build_object(
                   'name', r.rolname, 'login', r.rolcanlogin, 'superuser', r.rolsuper,
                   'createrole', r.rolcreaterole, 'createdb', r.rolcreatedb,
                   'replication', r.rolreplication, 'bypassrls', r.rolbypassrls,
                   'bootstrap', r.oid = 10,
                   'admin_acts', pg_has_role(current_user, r.oid, 'MEMBER WITH ADMIN OPTION')
                                 OR pg_has_role(current_user, r.oid, %(set_privilege)s)))
          FROM pg_roles r) AS roles,
       (SELECT jsonb_agg(jsonb_build_array(
                   g.rolname, u.rolname, coalesce(b.rolname, ''), m.admin_option,
                   coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true),
                   coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)))
          FROM pg_auth_members m
          JOIN pg_roles g ON g.oid = m.roleid
          JOIN pg_roles u ON u.oid = m.member
          LEFT JOIN pg_roles b ON b.oid = m.grantor) AS memberships,
       (SELECT jsonb_agg(jsonb_build_array(t.rolname, d.datname))
          FROM tenant t CROSS JOIN pg_database d
         WHERE has_database_privilege(t.oid, d.oid, 'CONNECT')) AS connects,
       (SELECT jsonb_agg(jsonb_build_array(t.rolname, r.rolname))
          FROM tenant t CROSS JOIN pg_roles r
         WHERE r.oid <> t.oid AND pg_has_role(t.oid, r.oid, 'MEMBER')) AS reaches,
       -- Without pg_read_all_stats others' backend_type is NULL; workers have no user of their own.
       -- A role that was dropped is called as PostgreSQL calls it, "unknown (OID=…)".
       (SELECT jsonb_agg(jsonb_build_array(d.datname, pg_get_userbyid(s.usesysid), s.pid))
          FROM pg_stat_activity s
          JOIN pg_database d ON d.oid = s.datid
          LEFT JOIN pg_roles r ON r.oid = s.usesysid
         WHERE coalesce(s.backend_type, 'client backend') = 'client backend'
           AND s.usesysid IS NOT NULL
           AND (r.oid IS NULL OR NOT r.rolcanlogin
                OR NOT has_database_privilege(r.oid, d.oid, 'CONNECT'))) AS stale,
       (SELECT jsonb_object_agg(d.datname, cardinality(d.datacl))
          FROM pg_database d WHERE d.datacl IS NOT NULL) AS acl_entries
