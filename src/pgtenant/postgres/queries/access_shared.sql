-- The shared catalogs, as far as they decide who can do what, in one JSON. Roles stand by their
-- OIDs; a NULL ACL is expanded to PostgreSQL's default. `to_jsonb(m)` reads the membership options
-- of PostgreSQL 16+ without naming columns that 15 does not have: there a membership inherits
-- when its member does, and may always be set.
SELECT to_json(answer) FROM (
SELECT current_user AS admin,
       current_database() AS maintenance_database,
       host(inet_server_addr()) AS address,
       (SELECT jsonb_agg(jsonb_build_object(
                   'oid', r.oid::bigint, 'name', r.rolname, 'login', r.rolcanlogin,
                   'superuser', r.rolsuper, 'inherit', r.rolinherit,
                   'createrole', r.rolcreaterole, 'createdb', r.rolcreatedb,
                   'replication', r.rolreplication, 'bypassrls', r.rolbypassrls,
                   'bootstrap', r.oid = 10,
                   'predefined', r.oid < 16384 AND r.oid <> 10, 'comment', d.description))
          FROM pg_roles r
          LEFT JOIN pg_shdescription d
            ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass) AS roles,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(
                   m.roleid::bigint, m.member::bigint, m.grantor::bigint,
                   coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit),
                   coalesce((to_jsonb(m) ->> 'set_option')::boolean, true),
                   m.admin_option)), '[]')
          FROM pg_auth_members m
          JOIN pg_roles r ON r.oid = m.member) AS memberships,
       (SELECT jsonb_agg(jsonb_build_object(
                   'name', b.datname, 'owner', b.datdba::bigint,
                   'allow_connections', b.datallowconn, 'is_template', b.datistemplate,
                   'enterable', has_database_privilege(current_user, b.oid, 'CONNECT')
                                AND b.datconnlimit <> -2,
                   'grants', (SELECT coalesce(jsonb_agg(jsonb_build_array(
                                         a.grantee::bigint, a.privilege_type, a.grantor::bigint,
                                         a.is_grantable)), '[]')
                                FROM aclexplode(coalesce(b.datacl, acldefault('d', b.datdba))) a)))
          FROM pg_database b) AS databases,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(
                   s.kind, s.name, s.owner::bigint,
                   (SELECT coalesce(jsonb_agg(jsonb_build_array(
                               a.grantee::bigint, a.privilege_type, a.grantor::bigint,
                               a.is_grantable)), '[]')
                      FROM aclexplode(s.acl) a))), '[]')
          FROM (SELECT 'parameter' AS kind, p.parname AS name, 10::oid AS owner,
                       coalesce(p.paracl, acldefault('p', 10)) AS acl
                  FROM pg_parameter_acl p
                UNION ALL
                SELECT 'tablespace', t.spcname::text, t.spcowner,
                       coalesce(t.spcacl, acldefault('t', t.spcowner))
                  FROM pg_tablespace t) s) AS shared
) answer
