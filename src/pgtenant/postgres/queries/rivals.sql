-- Sessions that a run must not work beside, the one that asks left out: whoever holds the run lock
-- in this database, an admin that holds it in another one, and an admin's in the middle of a change,
-- which a killed run has left behind. What others may not see comes as 'unknown'.
WITH lock AS MATERIALIZED (
    SELECT l.pid, l.locktype = 'advisory' AS is_run_lock
      FROM pg_locks l
     WHERE CASE WHEN l.locktype = 'advisory'
                THEN l.granted AND l.objsubid = 1
                     AND l.classid::bigint = %(high)s AND l.objid::bigint = %(low)s
                -- It has changed something, or waits to.
                ELSE NOT l.granted OR l.locktype = 'transactionid' AND l.mode = 'ExclusiveLock' END
), session AS (
    SELECT a.pid, a.usename::text AS "user", a.datname::text AS database,
           a.datname = current_database() AS is_here,
           coalesce(r.rolcreaterole OR r.rolsuper, false) AS is_admin,
           a.application_name,
           CASE WHEN a.backend_start IS NULL THEN 'unknown'
                ELSE coalesce(a.client_hostname, host(a.client_addr), 'local') END AS host,
           coalesce(to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                    'unknown') AS since
      FROM pg_stat_activity a
      LEFT JOIN pg_roles r ON r.oid = a.usesysid
     WHERE a.pid <> pg_backend_pid()
)
SELECT s.pid, s."user", s.host, s.since, s.database, s.is_here, s.is_admin,
       bool_or(l.is_run_lock) AS holds_lock
  FROM session s
  JOIN lock l USING (pid)
 WHERE CASE WHEN l.is_run_lock THEN s.is_here OR s.is_admin
            ELSE s.is_admin AND s.application_name = %(application)s END
 GROUP BY s.pid, s."user", s.host, s.since, s.database, s.is_here, s.is_admin
 ORDER BY holds_lock DESC, s.is_here DESC, s.pid
