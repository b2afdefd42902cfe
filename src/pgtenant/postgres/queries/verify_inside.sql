-- What a tenant's own login can be asked to try in its own database, as bytes (see contents.sql).
-- One table stands for all of a schema with the same ACL.
WITH home AS (
    SELECT d.datdba AS owner FROM pg_database d WHERE d.datname = current_database()
), mine AS (
    SELECT n.oid, n.nspname FROM pg_namespace n, home
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND n.nspname !~ %(closed)s
       AND (n.nspowner = home.owner
            OR n.nspname = 'public' AND pg_has_role(home.owner, n.nspowner, 'USAGE'))
), relation AS (
    SELECT m.nspname, c.oid, c.relname, c.relacl
      FROM pg_class c
      JOIN mine m ON m.oid = c.relnamespace, home
     WHERE c.relkind IN ('r', 'p') AND c.relowner = home.owner AND c.relpersistence <> 't'
), acl_group AS (
    SELECT r.nspname, min(r.oid) AS oid FROM relation r GROUP BY r.nspname, r.relacl
), own_column AS (
    SELECT r.nspname, r.relname, a.attname
      FROM relation r
      JOIN pg_attribute a ON a.attrelid = r.oid
     WHERE a.attacl IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped
       AND a.attgenerated = '' AND a.attidentity <> 'a'
), definer AS (
    SELECT n.nspname, p.*
      FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
       AND NOT pg_get_userbyid(p.proowner) = ANY (%(at_home)s)
), answer AS (
    SELECT (SELECT coalesce(array_agg(e.evtname::text), '{}')
              FROM pg_event_trigger e WHERE e.evtenabled <> 'D') AS event_triggers,
           (SELECT coalesce(array_agg(m.nspname::text), '{}') FROM mine m) AS schemas,
           (SELECT jsonb_agg(jsonb_build_array(g.nspname, c.relname,
                       (SELECT a.attname FROM pg_attribute a
                         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                           AND a.attgenerated = '' AND a.attidentity <> 'a'
                         ORDER BY a.attnum LIMIT 1)))
              FROM (SELECT * FROM acl_group ORDER BY nspname, oid LIMIT %(most)s) g
              JOIN pg_class c ON c.oid = g.oid) AS tables,
           (SELECT jsonb_agg(jsonb_build_array(x.nspname, x.relname, x.attname))
              FROM (SELECT * FROM own_column ORDER BY 1, 2, 3 LIMIT %(most)s) x) AS columns,
           (SELECT jsonb_agg(jsonb_build_object(
                       'schema', x.nspname, 'name', x.proname, 'owner', x.owner, 'oid', x.oid,
                       'callable', x.callable,
                       'arguments', (SELECT coalesce(jsonb_agg(jsonb_build_array(tn.nspname, t.typname)
                                                               ORDER BY y.n), '[]')
                                       FROM unnest(x.proargtypes) WITH ORDINALITY y(oid, n)
                                       JOIN pg_type t ON t.oid = y.oid
                                       JOIN pg_namespace tn ON tn.oid = t.typnamespace)))
              FROM (SELECT p.nspname, p.proname, p.oid::bigint AS oid, p.proargtypes,
                           pg_get_userbyid(p.proowner) AS owner,
                           -- The planner calls an immutable function whose arguments are constants.
                           p.prokind = 'f' AND p.provariadic = 0 AND p.prosupport = 0
                               AND (p.provolatile <> 'i' OR p.pronargs > 0)
                               AND NOT EXISTS (SELECT FROM pg_type t
                                                WHERE t.oid = ANY (p.proargtypes::oid[])
                                                  AND t.typtype = 'p') AS callable
                      FROM definer p
                     ORDER BY 1, 2, 3 LIMIT %(most)s) x) AS definers,
           jsonb_build_object('tables', (SELECT count(*) FROM acl_group),
                              'columns', (SELECT count(*) FROM own_column),
                              'definers', (SELECT count(*) FROM definer)) AS totals,
           (SELECT coalesce(array_agg(DISTINCT n.nspname::text), '{}')
              FROM pg_default_acl f
              JOIN mine n ON n.oid = f.defaclnamespace, home
             WHERE f.defaclrole = home.owner) AS default_schemas,
           (SELECT jsonb_agg(jsonb_build_array(x.nspname, x.relname, x.attname, x.size))
              FROM (SELECT n.nspname, c.relname, '' AS attname, pg_column_size(c.relacl) AS size
                      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE pg_column_size(c.relacl) > %(acl_bytes)s
                    UNION ALL
                    SELECT n.nspname, c.relname, a.attname, pg_column_size(a.attacl)
                      FROM pg_attribute a
                      JOIN pg_class c ON c.oid = a.attrelid
                      JOIN pg_namespace n ON n.oid = c.relnamespace
                     WHERE pg_column_size(a.attacl) > %(acl_bytes)s
                     ORDER BY 4 DESC, 1, 2, 3 LIMIT %(most)s) x) AS large_acls
)
SELECT convert_to(to_json(answer)::text,
                  CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)
  FROM answer
