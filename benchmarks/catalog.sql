SELECT 'n', nspname, '', nspacl::text FROM pg_catalog.pg_namespace
WHERE nspname NOT LIKE 'pg\_%' AND nspname <> 'information_schema'
UNION ALL
SELECT c.relkind::text, n.nspname, c.relname, c.relacl::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p', 'S')
  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
UNION ALL
SELECT 'd' || defaclobjtype::text, defaclrole::pg_catalog.regrole::text, '', defaclacl::text
FROM pg_catalog.pg_default_acl
