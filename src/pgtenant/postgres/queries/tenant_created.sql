-- What the transaction at hand has made or changed outside of one schema. Of a row that is visible in a REPEATABLE READ
-- transaction, an xmin at or behind its own id is its own or a subtransaction's. Age is compared within a million:
-- frozen rows keep the id they were written with, which may come again after a wraparound.
WITH own AS (
    SELECT age(pg_current_xact_id()::xid) AS age
), changed AS (
    SELECT 'schema' AS kind, '' AS schema, n.nspname::text AS name, n.oid, n.xmin FROM pg_namespace n
     WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'relation', n.nspname, c.relname, c.oid, c.xmin
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT IN (%(schema)s, 'pg_toast')
    UNION ALL
    SELECT 'function', n.nspname, p.proname, p.oid, p.xmin
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'type', n.nspname, t.typname, t.oid, t.xmin
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE n.nspname NOT IN (%(schema)s, 'pg_toast')
    UNION ALL
    SELECT 'operator', n.nspname, o.oprname, o.oid, o.xmin
      FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'collation', n.nspname, l.collname, l.oid, l.xmin
      FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'enum label', '', e.enumlabel, e.oid, e.xmin
      FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
      JOIN pg_namespace n ON n.oid = t.typnamespace WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'extension', '', e.extname, e.oid, e.xmin FROM pg_extension e
    UNION ALL
    SELECT 'cast', '', format_type(c.castsource, NULL), c.oid, c.xmin FROM pg_cast c
    UNION ALL
    SELECT 'publication', '', p.pubname, p.oid, p.xmin FROM pg_publication p
    UNION ALL
    SELECT 'event trigger', '', e.evtname, e.oid, e.xmin FROM pg_event_trigger e
    UNION ALL
    SELECT 'default privileges', coalesce(n.nspname, ''), pg_get_userbyid(a.defaclrole), a.oid, a.xmin
      FROM pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace
     WHERE n.nspname IS DISTINCT FROM %(schema)s
    UNION ALL
    SELECT 'large object', '', l.oid::text, l.oid, l.xmin FROM pg_largeobject_metadata l
    UNION ALL
    -- pg_authid is not for all to read; how much was written to it is, also by what was undone.
    SELECT 'role or database, in', '', r.relname, 0::oid, pg_current_xact_id()::xid
      FROM pg_stat_xact_sys_tables r
      JOIN pg_class c ON c.oid = r.relid AND c.relisshared
     WHERE r.relname <> 'pg_shdepend' AND r.schemaname = 'pg_catalog'
       AND r.n_tup_ins + r.n_tup_upd + r.n_tup_del > 0
)
SELECT c.kind, c.schema, c.name
  FROM changed c, own
 WHERE age(c.xmin) BETWEEN own.age - 1000000 AND own.age
 ORDER BY 1, 2, 3 LIMIT 10
