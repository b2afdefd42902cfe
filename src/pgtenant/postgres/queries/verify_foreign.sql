-- What a role that got into another's database could do there; asked only of built-in functions,
-- because everything else in it may be a trap.
WITH readable AS (
    SELECT n.nspname, c.relname
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
), answer AS (
    SELECT EXISTS (SELECT FROM pg_event_trigger e WHERE e.evtenabled <> 'D') AS event_triggers,
           EXISTS (SELECT FROM pg_namespace n WHERE n.nspname = 'public') AS public,
           (SELECT count(*) FROM readable) AS readable,
           (SELECT nspname || '.' || relname FROM readable ORDER BY 1 LIMIT 1) AS example
)
SELECT convert_to(to_json(answer)::text,
                  CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)
  FROM answer
