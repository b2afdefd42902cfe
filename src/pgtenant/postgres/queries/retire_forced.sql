-- The event triggers, which are SQL that is not ours; the tables that hide rows from their owner;
-- and what CREATE DATABASE takes to make a database like this one. `to_jsonb(d)` reads the columns
-- that only some versions have.
SELECT coalesce((SELECT array_agg(e.evtname::text ORDER BY e.evtname)
                   FROM pg_event_trigger e WHERE e.evtenabled <> 'D'), '{}'),
       coalesce((SELECT jsonb_agg(jsonb_build_array(c.oid::bigint, n.nspname, c.relname)
                                  ORDER BY n.nspname, c.relname)
                   FROM pg_class c
                   JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE c.relkind IN ('r', 'p')
                    AND pg_get_userbyid(c.relowner) = %(owner)s
                    AND CASE WHEN %(oids)s::bigint[] IS NULL THEN c.relforcerowsecurity
                             ELSE c.oid = ANY (%(oids)s::bigint[]::oid[])
                                  AND NOT c.relforcerowsecurity END), '[]'),
       (SELECT jsonb_strip_nulls(jsonb_build_object(
                   'ENCODING', pg_encoding_to_char(d.encoding),
                   'LOCALE_PROVIDER', CASE d.datlocprovider WHEN 'i' THEN 'icu'
                                                            WHEN 'b' THEN 'builtin'
                                                            ELSE 'libc' END,
                   'LC_COLLATE', d.datcollate,
                   'LC_CTYPE', d.datctype,
                   'ICU_LOCALE', CASE d.datlocprovider WHEN 'i' THEN
                       coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') END,
                   'BUILTIN_LOCALE', CASE d.datlocprovider WHEN 'b' THEN
                       to_jsonb(d) ->> 'datlocale' END,
                   'ICU_RULES', to_jsonb(d) ->> 'daticurules'))
          FROM pg_database d WHERE d.datname = current_database())
