-- The admin itself, the direct memberships through which it would be in rds_iam, and whether RDS
-- lets it set passwords.
SELECT r.rolname AS name,
       r.rolsuper AS superuser,
       r.rolcreaterole AS createrole,
       r.rolcreatedb AS createdb,
       coalesce((SELECT array_agg(g.rolname::text ORDER BY g.rolname)
                   FROM pg_auth_members m
                   JOIN pg_roles g ON g.oid = m.roleid
                   JOIN pg_roles iam ON iam.rolname = 'rds_iam'
                  WHERE m.member = r.oid AND NOT r.rolsuper
                    AND pg_has_role(g.oid, iam.oid, 'MEMBER')), '{}') AS rds_iam_through,
       coalesce(lower(current_setting('rds.restrict_password_commands', true))
                IN ('on', '1', 'true', 'yes'), false) AS passwords_restricted,
       coalesce(pg_has_role(r.oid, (SELECT oid FROM pg_roles WHERE rolname = 'rds_password'),
                            'MEMBER'), false) AS password_member,
       EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') AS iam
  FROM pg_roles r
 WHERE r.rolname = current_user
