-- What keeps a database from being dropped, in which databases roles have left something, the
-- server's clock, how much there is, and how many sessions there have ever been in it.
WITH target AS (
    SELECT d.oid FROM pg_database d WHERE d.datname = %(database)s
), going AS (
    SELECT r.oid FROM pg_roles r WHERE r.rolname = ANY (%(roles)s)
)
SELECT coalesce((SELECT array_agg(p.gid ORDER BY p.gid) FROM pg_prepared_xacts p
                  WHERE p.database = %(database)s), '{}'),
       coalesce((SELECT array_agg(s.slot_name::text ORDER BY s.slot_name)
                   FROM pg_replication_slots s WHERE s.database = %(database)s), '{}'),
       coalesce((SELECT array_agg(s.subname::text ORDER BY s.subname)
                   FROM pg_subscription s JOIN target t ON t.oid = s.subdbid), '{}'),
       coalesce((SELECT array_agg(DISTINCT pg_get_userbyid(s.refobjid)::text)
                   FROM pg_shdepend s JOIN target t ON t.oid = s.dbid
                  WHERE s.deptype = 'o' AND s.refclassid = 'pg_authid'::regclass
                    AND s.refobjid NOT IN (SELECT oid FROM going)), '{}'),
       coalesce((SELECT array_agg(DISTINCT d.datname::text)
                   FROM pg_shdepend s
                   JOIN pg_database d ON d.oid = s.dbid
                  WHERE s.refclassid = 'pg_authid'::regclass
                    AND s.refobjid IN (SELECT oid FROM going)
                    AND d.oid NOT IN (SELECT oid FROM target)), '{}'),
       to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       (SELECT CASE WHEN has_database_privilege(t.oid, 'CONNECT')
                         OR pg_has_role('pg_read_all_stats', 'USAGE')
                    THEN pg_database_size(t.oid) END FROM target t),
       (SELECT s.sessions FROM pg_stat_database s JOIN target t ON t.oid = s.datid),
       (SELECT s.stats_reset::text FROM pg_stat_database s JOIN target t ON t.oid = s.datid)
