-- Who is coming into a database and is in no list of sessions yet: from before it is looked at
-- whether the database lets anybody in, up to the session, whoever comes holds this lock.
SELECT count(*)
  FROM pg_locks l
  JOIN pg_database d ON d.oid = l.objid
 WHERE l.locktype = 'object'
   AND l.classid = 'pg_database'::regclass
   AND d.datname = %(database)s
