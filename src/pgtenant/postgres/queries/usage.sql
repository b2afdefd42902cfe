-- Who uses a database now, and who gets in only because it is open to PUBLIC.
WITH target AS (
    SELECT b.oid, b.datname, b.datdba,
           coalesce(b.datacl, acldefault('d', b.datdba)) AS acl
      FROM pg_database b
     WHERE NOT b.datistemplate
), connect AS (
    SELECT t.oid AS database, a.grantee
      FROM target t
     CROSS JOIN LATERAL aclexplode(t.acl) a
     WHERE a.privilege_type = 'CONNECT'
), guest AS (
    SELECT t.oid AS database, r.oid AS role, r.rolname, r.rolcanlogin
      FROM target t
      JOIN connect p ON p.database = t.oid AND p.grantee = 0
     CROSS JOIN pg_roles r
     WHERE NOT r.rolsuper
       AND NOT pg_has_role(r.oid, t.datdba, 'USAGE')
       AND NOT EXISTS (SELECT FROM connect c
                        WHERE c.database = t.oid AND c.grantee <> 0
                          AND pg_has_role(r.oid, c.grantee, 'USAGE'))
), session AS (
    -- Without pg_read_all_stats others' backend_type is NULL; workers have no user of their own.
    SELECT s.datid AS database, s.usesysid AS role, count(*) AS number
      FROM pg_stat_activity s
     WHERE s.usesysid IS NOT NULL
       AND s.pid <> pg_backend_pid()
       AND coalesce(s.backend_type, 'client backend') = 'client backend'
     GROUP BY s.datid, s.usesysid
)
SELECT t.datname AS database,
       pg_has_role(current_user, t.datdba, 'USAGE') AS may_hand_over,
       coalesce((SELECT jsonb_agg(jsonb_build_array(
                            pg_get_userbyid(s.role), s.number,
                            EXISTS (SELECT FROM guest g
                                     WHERE g.database = t.oid AND g.role = s.role)))
                   FROM session s WHERE s.database = t.oid), '[]') AS sessions,
       coalesce((SELECT array_agg(g.rolname::text) FROM guest g
                  WHERE g.database = t.oid AND g.rolcanlogin), '{}') AS only_through_public
  FROM target t
