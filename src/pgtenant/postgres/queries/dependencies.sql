-- Who owns something in any database, and who stands in an ACL there: `pg_shdepend` is shared, so this
-- opens none of them. The bootstrap superuser and PUBLIC are not in it.
SELECT b.datname AS database, pg_get_userbyid(s.refobjid) AS role, s.deptype = 'o' AS owns,
       CASE s.classid WHEN 'pg_class'::regclass
                      THEN CASE s.objsubid WHEN 0 THEN 'relation' ELSE 'column' END
                      WHEN 'pg_namespace'::regclass THEN 'schema'
                      WHEN 'pg_default_acl'::regclass THEN 'default'
                      ELSE 'function' END AS what,
       count(*) AS number
  FROM pg_shdepend s
  JOIN pg_database b ON b.oid = s.dbid
 WHERE s.refclassid = 'pg_authid'::regclass
   AND s.deptype IN ('o', 'a')
   AND s.classid IN ('pg_class'::regclass, 'pg_namespace'::regclass,
                     'pg_default_acl'::regclass, 'pg_proc'::regclass)
 GROUP BY 1, 2, 3, 4
