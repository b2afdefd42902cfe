-- What a dump has to hold: tables and sequences. What belongs to an extension the dump leaves to
-- CREATE EXTENSION, as far as the extension does not say otherwise; an owner can put a table of its
-- own there. Those that the owner can't read are the extension's alone.
SELECT n.nspname::text, c.relname::text, c.relkind = 'S', m.yes
  FROM pg_class c
  JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
      SELECT EXISTS (SELECT FROM pg_depend x
                      WHERE x.classid = 'pg_class'::regclass AND x.objid = c.oid
                        AND x.deptype = 'e') AS yes) m
 WHERE c.relkind IN ('r', 'S')
   AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND (NOT m.yes OR has_table_privilege(c.oid, 'SELECT'))
 ORDER BY 1, 2
