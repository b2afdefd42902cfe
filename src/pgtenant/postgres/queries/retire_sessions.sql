-- Who is in a database, and where roles are that are to have no session. Without
-- pg_read_all_stats others' backend_type is NULL; a worker, such as autovacuum's, has no user.
-- A session of ours stays listed for a moment when it has been closed.
SELECT coalesce(s.datname::text, '') AS database,
       coalesce(s.usename::text, '') AS "user",
       s.pid
  FROM pg_stat_activity s
 WHERE s.pid <> pg_backend_pid()
   AND s.datid IS NOT NULL
   AND s.usesysid IS NOT NULL
   AND coalesce(s.backend_type, 'client backend') = 'client backend'
   AND (%(own)s OR s.usename <> current_user
        OR s.application_name <> current_setting('application_name'))
   AND (s.datname = %(database)s OR s.usename = ANY (%(roles)s))
 ORDER BY 1, 2, 3
