-- Who owns something in any database, and who stands in an ACL there: `pg_shdepend` is shared, so this
-- opens none of them. The bootstrap superuser, predefined roles and PUBLIC are not in it. Counted by OIDs and
-- named afterwards: names would have to be looked up and sorted for every row.
SELECT b.datname AS database, pg_get_userbyid(c.role) AS role, c.owns, c.what, c.number
  FROM (SELECT s.dbid, s.refobjid AS role, s.deptype = 'o' AS owns,
               CASE s.classid WHEN 'pg_class'::regclass
                              THEN CASE s.objsubid WHEN 0 THEN 'relation' ELSE 'column' END
                              WHEN 'pg_namespace'::regclass THEN 'schema'
                              WHEN 'pg_default_acl'::regclass THEN 'default'
                              ELSE 'function' END AS what,
               count(*) AS number
          FROM pg_shdepend s
         WHERE s.refclassid = 'pg_authid'::regclass
           AND s.deptype IN ('o', 'a')
           AND s.classid IN ('pg_class'::regclass, 'pg_namespace'::regclass,
                             'pg_default_acl'::regclass, 'pg_proc'::regclass)
         GROUP BY 1, 2, 3, 4) c
  JOIN pg_database b ON b.oid = c.dbid
