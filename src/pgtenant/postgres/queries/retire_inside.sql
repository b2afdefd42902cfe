-- What roles have in this database, and with `shared` in what all databases share: only then can
-- they be dropped. The owner of an object is who can take back what was granted on it. What a role
-- has passed on goes with it: `DROP OWNED` revokes in cascade, whatever it is told.
WITH acl (classid, objid, objsubid, owner, acl) AS (
    SELECT 'pg_class'::regclass, oid, 0, relowner, relacl FROM pg_class
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, a.attnum, c.relowner, a.attacl
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    UNION ALL
    SELECT 'pg_proc'::regclass, oid, 0, proowner, proacl FROM pg_proc
    UNION ALL
    SELECT 'pg_namespace'::regclass, oid, 0, nspowner, nspacl FROM pg_namespace
    UNION ALL
    SELECT 'pg_type'::regclass, oid, 0, typowner, typacl FROM pg_type
    UNION ALL
    SELECT 'pg_language'::regclass, oid, 0, lanowner, lanacl FROM pg_language
    UNION ALL
    SELECT 'pg_foreign_server'::regclass, oid, 0, srvowner, srvacl FROM pg_foreign_server
    UNION ALL
    SELECT 'pg_foreign_data_wrapper'::regclass, oid, 0, fdwowner, fdwacl
      FROM pg_foreign_data_wrapper
    UNION ALL
    SELECT 'pg_largeobject'::regclass, oid, 0, lomowner, lomacl FROM pg_largeobject_metadata
    UNION ALL
    SELECT 'pg_database'::regclass, oid, 0, datdba, datacl
      FROM pg_database
     WHERE %(shared)s AND datname IS DISTINCT FROM %(database)s
    UNION ALL
    SELECT 'pg_tablespace'::regclass, oid, 0, spcowner, spcacl FROM pg_tablespace WHERE %(shared)s
)
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
UNION ALL
SELECT r.rolname::text, 'passed on',
       string_agg(DISTINCT x.privilege_type, ', ' ORDER BY x.privilege_type) || ' of '
       || CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(x.grantee) END || ' on '
       || pg_describe_object(a.classid, a.objid, a.objsubid),
       pg_get_userbyid(a.owner)::text
  FROM acl a
 CROSS JOIN LATERAL aclexplode(a.acl) x
  JOIN pg_roles r ON r.oid = x.grantor
 WHERE a.acl IS NOT NULL
   AND r.rolname = ANY (%(roles)s)
   AND a.owner NOT IN (SELECT oid FROM pg_roles WHERE rolname = ANY (%(roles)s))
   AND x.grantee NOT IN (SELECT oid FROM pg_roles WHERE rolname = ANY (%(roles)s))
 GROUP BY r.rolname, x.grantee, a.classid, a.objid, a.objsubid, a.owner
 ORDER BY 1, 2, 3
