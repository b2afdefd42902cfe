-- What matters of roles where two logins alternate. `pg_shdepend` is shared, so this opens no database.
-- What it has of memberships is about their grantors; default privileges and user mappings are no
-- objects that could go to somebody else. `role` is in no list of settings, and anybody's to set.
WITH wanted AS (
    SELECT oid, rolname FROM pg_roles WHERE rolname = ANY (%(roles)s)
), held AS (
    SELECT s.refobjid AS role, coalesce(b.datname::text, '') AS database,
           s.deptype = 'o' AND s.classid NOT IN ('pg_default_acl'::regclass,
                                                 'pg_user_mapping'::regclass) AS owns
      FROM pg_shdepend s
      LEFT JOIN pg_database b ON b.oid = s.dbid
     WHERE s.refclassid = 'pg_authid'::regclass
       AND s.refobjid IN (SELECT oid FROM wanted)
       AND s.classid <> 'pg_auth_members'::regclass
     GROUP BY 1, 2, 3
)
SELECT w.rolname AS name,
       coalesce((SELECT jsonb_agg(jsonb_build_array(
                            coalesce(b.datname, ''), split_part(c, '=', 1), substr(c, strpos(c, '=') + 1),
                            split_part(c, '=', 1) = 'role'
                                OR coalesce((SELECT p.context = 'user' FROM pg_settings p
                                              WHERE lower(p.name) = lower(split_part(c, '=', 1))), false)
                                OR has_parameter_privilege(split_part(c, '=', 1), 'SET')))
                   FROM pg_db_role_setting s
                   LEFT JOIN pg_database b ON b.oid = s.setdatabase
                  CROSS JOIN unnest(s.setconfig) c
                  WHERE s.setrole = w.oid), '[]') AS settings,
       coalesce((SELECT array_agg(g.rolname::text)
                   FROM (SELECT m.roleid
                           FROM pg_auth_members m
                          WHERE m.member = w.oid
                          GROUP BY m.roleid
                         HAVING bool_or(coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true))
                            AND bool_or(coalesce((to_jsonb(m) ->> 'set_option')::boolean, true))) m
                   JOIN pg_roles g ON g.oid = m.roleid), '{}') AS acts_as,
       coalesce((SELECT array_agg(h.database) FROM held h WHERE h.role = w.oid AND h.owns), '{}') AS owns,
       coalesce((SELECT array_agg(h.database) FROM held h WHERE h.role = w.oid AND NOT h.owns), '{}')
           AS holds,
       (SELECT count(*) FROM pg_stat_activity a WHERE a.usesysid = w.oid) AS sessions
  FROM wanted w
