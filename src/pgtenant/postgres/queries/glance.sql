-- What a database holds, in few rows: enough to see that nothing in it differs from the catalog. Each
-- part is planned in a moment, which `contents.sql` is not. What the server itself brought along has a
-- lower oid than 16384.
SELECT 'objects' AS what, CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS name,
       relnamespace AS schema, pg_get_userbyid(relowner) AS owner, relacl::text[] AS acl
  FROM pg_class
 WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relpersistence <> 't' AND oid >= 16384
 GROUP BY 2, 3, relowner, relacl
UNION ALL
SELECT 'schema', nspname, oid, pg_get_userbyid(nspowner), nspacl::text[]
  FROM pg_namespace
UNION ALL
SELECT 'default', defaclobjtype::text, defaclnamespace, pg_get_userbyid(defaclrole), defaclacl::text[]
  FROM pg_default_acl
UNION ALL
SELECT 'function', '', 0, '', proacl::text[]
  FROM pg_proc
 WHERE proacl IS NOT NULL AND oid >= 16384
UNION ALL
(SELECT 'column', '', 0, '', NULL
   FROM pg_attribute
  WHERE attacl IS NOT NULL AND attrelid >= 16384
  LIMIT 1)
UNION ALL
SELECT 'extension', extname, 0, '', NULL
  FROM pg_extension
