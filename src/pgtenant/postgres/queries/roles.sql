-- The catalog's roles and all that carry a marker. `to_jsonb(m)` reads the membership
-- options of PostgreSQL 16+ without naming columns that 15 does not have.
SELECT r.rolname AS name,
       r.rolcanlogin AS login,
       r.rolsuper AS superuser,
       r.rolcreaterole AS createrole,
       r.rolcreatedb AS createdb,
       r.rolreplication AS replication,
       r.rolbypassrls AS bypassrls,
       r.rolinherit AS inherit,
       r.rolconnlimit AS connection_limit,
       coalesce(r.rolvaliduntil < now(), false) AS expired,
       d.description AS comment,
       coalesce((SELECT array_agg(g.rolname::text ORDER BY g.rolname)
                   FROM pg_auth_members m
                   JOIN pg_roles g ON g.oid = m.roleid
                  WHERE m.member = r.oid), '{}') AS member_of,
       -- From PostgreSQL 16 on a membership is revoked by whoever granted it.
       coalesce((SELECT array_agg(DISTINCT g.rolname::text)
                   FROM pg_auth_members m
                   JOIN pg_roles g ON g.oid = m.roleid
                  WHERE m.member = r.oid
                    AND (m.grantor = quote_ident(current_user)::regrole
                         OR NOT to_jsonb(m) ? 'set_option')), '{}') AS revocable,
       coalesce((SELECT array_agg(DISTINCT g.rolname::text)
                   FROM pg_auth_members m
                   JOIN pg_roles g ON g.oid = m.member
                  WHERE m.roleid = r.oid
                    AND (coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
                         OR coalesce((to_jsonb(m) ->> 'set_option')::boolean, true))), '{}')
           AS members,
       coalesce((SELECT array_agg(split_part(c, '=', 1)
                                  || coalesce(' in database ' || b.datname, '')
                                  ORDER BY b.datname NULLS FIRST, c)
                   FROM pg_db_role_setting s
                   LEFT JOIN pg_database b ON b.oid = s.setdatabase
                  CROSS JOIN unnest(s.setconfig) c
                  WHERE s.setrole = r.oid), '{}') AS settings,
       pg_has_role(current_user, r.oid, %(set_privilege)s) AS admin_can_set,
       (SELECT jsonb_build_object('inherit', to_jsonb(m) -> 'inherit_option',
                                  'set', to_jsonb(m) -> 'set_option')
          FROM pg_auth_members m
         WHERE m.roleid = r.oid
           AND m.member = quote_ident(current_user)::regrole
           AND m.grantor = quote_ident(current_user)::regrole
           AND to_jsonb(m) ? 'set_option') AS own_grant,
       coalesce(NOT r.rolsuper
                AND pg_has_role(r.oid, (SELECT oid FROM pg_roles WHERE rolname = 'rds_iam'),
                                'MEMBER'), false) AS rds_iam,
       -- On PostgreSQL 15 a membership inherits when its member does, and may always be set.
       coalesce((SELECT jsonb_agg(jsonb_build_array(
                     g.rolname, coalesce(b.rolname, ''),
                     coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, g.rolinherit),
                     coalesce((to_jsonb(m) ->> 'set_option')::boolean, true), m.admin_option))
                   FROM pg_auth_members m
                   JOIN pg_roles g ON g.oid = m.member
                   LEFT JOIN pg_roles b ON b.oid = m.grantor
                  WHERE m.roleid = r.oid AND d.description LIKE '%%"tenant":%%'), '[]')
           AS memberships
  FROM pg_roles r
  LEFT JOIN pg_shdescription d ON d.objoid = r.oid AND d.classoid = 'pg_authid'::regclass
 WHERE r.rolname = ANY (%(roles)s) OR d.description LIKE '%%"managed_by"%%pgtenant%%'
 ORDER BY r.rolname
