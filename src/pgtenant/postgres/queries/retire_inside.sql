-- What roles have in this database, and with `shared` in what all databases share: only then can
-- they be dropped. The owner of an object is who can take back what was granted on it.
SELECT r.rolname::text AS role,
       CASE WHEN s.deptype = 'o' AND s.classid <> 'pg_default_acl'::regclass THEN 'owned'
            ELSE 'privilege' END AS kind,
       pg_describe_object(s.classid, s.objid, s.objsubid) AS description,
       CASE WHEN s.deptype = 'o' OR s.classid = 'pg_auth_members'::regclass THEN r.rolname::text
            ELSE coalesce(pg_get_userbyid(CASE WHEN o.owner = 'pg_database_owner'::regrole
                                               THEN (SELECT d.datdba FROM pg_database d
                                                      WHERE d.datname = current_database())
                                               ELSE o.owner END)::text, '') END AS owner
  FROM pg_shdepend s
  JOIN pg_roles r ON r.oid = s.refobjid
  LEFT JOIN LATERAL (
      SELECT relowner FROM pg_class
       WHERE s.classid = 'pg_class'::regclass AND oid = s.objid
      UNION ALL
      SELECT proowner FROM pg_proc
       WHERE s.classid = 'pg_proc'::regclass AND oid = s.objid
      UNION ALL
      SELECT nspowner FROM pg_namespace
       WHERE s.classid = 'pg_namespace'::regclass AND oid = s.objid
      UNION ALL
      SELECT typowner FROM pg_type
       WHERE s.classid = 'pg_type'::regclass AND oid = s.objid
      UNION ALL
      SELECT lanowner FROM pg_language
       WHERE s.classid = 'pg_language'::regclass AND oid = s.objid
      UNION ALL
      SELECT srvowner FROM pg_foreign_server
       WHERE s.classid = 'pg_foreign_server'::regclass AND oid = s.objid
      UNION ALL
      SELECT fdwowner FROM pg_foreign_data_wrapper
       WHERE s.classid = 'pg_foreign_data_wrapper'::regclass AND oid = s.objid
      UNION ALL
      SELECT lomowner FROM pg_largeobject_metadata
       WHERE s.classid = 'pg_largeobject'::regclass AND oid = s.objid
      UNION ALL
      SELECT defaclrole FROM pg_default_acl
       WHERE s.classid = 'pg_default_acl'::regclass AND oid = s.objid
      UNION ALL
      SELECT c.relowner FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
       WHERE s.classid = 'pg_policy'::regclass AND p.oid = s.objid
      UNION ALL
      SELECT datdba FROM pg_database
       WHERE s.classid = 'pg_database'::regclass AND oid = s.objid
      UNION ALL
      SELECT spcowner FROM pg_tablespace
       WHERE s.classid = 'pg_tablespace'::regclass AND oid = s.objid
  ) o (owner) ON s.deptype <> 'o'
 WHERE s.refclassid = 'pg_authid'::regclass
   AND r.rolname = ANY (%(roles)s)
   AND (s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
        OR %(shared)s AND s.dbid = 0)
   AND NOT (s.classid = 'pg_database'::regclass
            AND (s.deptype = 'o'
                 OR s.objid = (SELECT d.oid FROM pg_database d WHERE d.datname = %(database)s)))
 ORDER BY 1, 2, 3
