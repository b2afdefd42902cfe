-- What the server runs with, in the unit of pg_settings.
SELECT s.name, s.setting::bigint, s.pending_restart
FROM pg_catalog.pg_settings s
WHERE s.name = ANY (%(names)s)
ORDER BY s.name
