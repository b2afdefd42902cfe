-- Who keeps a session from the lock that it waits for; no rows when it waits for none.
SELECT DISTINCT b.pid, a.usename::text AS "user", a.datname::text AS database,
       a.application_name AS application, a.state,
       to_char(coalesce(a.xact_start, a.backend_start) AT TIME ZONE 'UTC',
               'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
  FROM unnest(pg_blocking_pids(%(pid)s)) AS b(pid)
  LEFT JOIN pg_stat_activity a USING (pid)
 ORDER BY b.pid
