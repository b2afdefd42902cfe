-- The admin itself, and the direct memberships through which it would be in rds_iam.
SELECT r.rolname AS name,
       r.rolsuper AS superuser,
       r.rolcreaterole AS createrole,
       r.rolcreatedb AS createdb,
       coalesce((SELECT array_agg(g.rolname::text ORDER BY g.rolname)
                   FROM pg_auth_members m
                   JOIN pg_roles g ON g.oid = m.roleid
                   JOIN pg_roles iam ON iam.rolname = 'rds_iam'
                  WHERE m.member = r.oid AND NOT r.rolsuper
                    AND pg_has_role(g.oid, iam.oid, 'MEMBER')), '{}') AS rds_iam_through
  FROM pg_roles r
 WHERE r.rolname = current_user
