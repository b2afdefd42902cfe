-- What the transaction at hand has made or changed outside of one schema. Of a row that is visible in a REPEATABLE READ
-- transaction, an xmin at or behind its own id is its own or a subtransaction's. Age is compared within a million:
-- frozen rows keep the id they were written with, which may come again after a wraparound.
-- Types and functions are many where tenants are, and are read only when more of them were written than the schema has
-- got. To give away a privilege on a relation leaves no lock and no other trace: so relations are read whole, but only
-- where `relations` asks for it.
WITH own AS MATERIALIZED (
    SELECT age(pg_current_xact_id()::xid) AS age,
           (SELECT n.oid FROM pg_namespace n WHERE n.nspname = %(schema)s) AS schema
), hanging AS MATERIALIZED (
    SELECT d.classid, d.objid
      FROM pg_depend d
     WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = (SELECT schema FROM own)
), own_type AS (
    SELECT t.oid, t.typarray, t.xmin
      FROM hanging h
      LEFT JOIN pg_class c ON h.classid = 'pg_class'::regclass AND c.oid = h.objid
      JOIN pg_type t ON t.oid = CASE h.classid WHEN 'pg_type'::regclass THEN h.objid ELSE c.reltype END
), known AS MATERIALIZED (
    SELECT (SELECT count(*) + count(nullif(t.typarray, 0)) FROM own_type t
             WHERE age(t.xmin) <= (SELECT age FROM own)) AS types,
           (SELECT count(*) FROM hanging h JOIN pg_proc p ON p.oid = h.objid
             WHERE h.classid = 'pg_proc'::regclass
               AND age(p.xmin) <= (SELECT age FROM own)) AS functions
), changed AS (
    SELECT 'schema' AS kind, '' AS schema, n.nspname::text AS name, n.xmin
      FROM pg_namespace n
     WHERE age(n.xmin) <= (SELECT age FROM own) AND n.nspname <> %(schema)s
    UNION ALL
    SELECT 'relation', n.nspname, c.relname, c.xmin
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE %(relations)s AND age(c.xmin) <= (SELECT age FROM own)
       AND n.nspname NOT IN (%(schema)s, 'pg_toast')
    UNION ALL
    SELECT 'function', n.nspname, p.proname, p.xmin
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE (%(functions)s::bigint IS NULL OR %(functions)s <> (SELECT functions FROM known))
       AND age(p.xmin) <= (SELECT age FROM own) AND n.nspname <> %(schema)s
    UNION ALL
    SELECT 'type', n.nspname, t.typname, t.xmin
      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE (%(types)s::bigint IS NULL OR %(types)s <> (SELECT types FROM known))
       AND age(t.xmin) <= (SELECT age FROM own) AND n.nspname NOT IN (%(schema)s, 'pg_toast')
    UNION ALL
    SELECT 'operator', n.nspname, o.oprname, o.xmin
      FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'collation', n.nspname, l.collname, l.xmin
      FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'conversion', n.nspname, v.conname, v.xmin
      FROM pg_conversion v JOIN pg_namespace n ON n.oid = v.connamespace WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'statistics', n.nspname, s.stxname, s.xmin
      FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace
     WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'text search configuration', n.nspname, g.cfgname, g.xmin
      FROM pg_ts_config g JOIN pg_namespace n ON n.oid = g.cfgnamespace WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'text search dictionary', n.nspname, y.dictname, y.xmin
      FROM pg_ts_dict y JOIN pg_namespace n ON n.oid = y.dictnamespace WHERE n.nspname <> %(schema)s
    UNION ALL
    SELECT 'enum label', '', e.enumlabel, e.xmin
      FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
      JOIN pg_namespace n ON n.oid = t.typnamespace
     WHERE age(e.xmin) <= (SELECT age FROM own) AND n.nspname <> %(schema)s
    UNION ALL
    SELECT 'extension', '', e.extname, e.xmin FROM pg_extension e
    UNION ALL
    SELECT 'cast', '', format_type(c.castsource, NULL), c.xmin FROM pg_cast c
    UNION ALL
    SELECT 'publication', '', p.pubname, p.xmin FROM pg_publication p
    UNION ALL
    SELECT 'event trigger', '', e.evtname, e.xmin FROM pg_event_trigger e
    UNION ALL
    SELECT 'default privileges', coalesce(n.nspname, ''), pg_get_userbyid(a.defaclrole), a.xmin
      FROM pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace
     WHERE n.nspname IS DISTINCT FROM %(schema)s
    UNION ALL
    SELECT 'large object', '', l.oid::text, l.xmin FROM pg_largeobject_metadata l
)
SELECT c.kind, c.schema, c.name
  FROM changed c, own
 WHERE age(c.xmin) BETWEEN own.age - 1000000 AND own.age
 ORDER BY 1, 2, 3 LIMIT 10
