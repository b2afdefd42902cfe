-- Everything about one database in one JSON text, as bytes: a SQL_ASCII database may hold names
-- that are no UTF-8, which the server would refuse to send as text. Long lists of names are gathered in json:
-- nesting an array in jsonb takes time that grows with its square. Objects are grouped by equal ACLs before an
-- ACL is looked at, and only groups that differ from what is wanted come back. What the owner's second
-- login owns is the owner's: a plan gives it to the owner, ACLs included, before anything is granted.
-- In a retired tenant's schema (`closed`) nobody is to have anything; where tenants have roles of their own (`apart`),
-- what is in their schemas is theirs, and tenants.sql looks at it.
WITH owner AS (
    SELECT oid FROM pg_roles WHERE rolname = %(owner)s
), own AS (
    SELECT oid FROM pg_roles WHERE rolname = ANY (%(own)s::text[])
), grantee AS (
    SELECT oid, rolname FROM pg_roles
     WHERE rolname = ANY (%(roles)s::text[]) AND rolname <> ALL (%(own)s::text[])
), wanted AS (
    SELECT kind, array_agg(role || E'\n' || privilege || E'\nf' ORDER BY role COLLATE "C", privilege COLLATE "C") AS grants
      FROM jsonb_to_recordset(%(wanted)s::jsonb) AS w(kind text, role text, privilege text)
     GROUP BY kind
), object AS (
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
           n.nspname AS schema, c.relname AS name, c.relacl AS acl
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       AND c.relowner IN (SELECT oid FROM own)
       AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND n.nspname !~ %(closed)s
    UNION ALL
    SELECT 'schema', '', n.nspname, n.nspacl
      FROM pg_namespace n
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND n.nspname !~ %(closed)s
       AND (n.nspowner IN (SELECT oid FROM own)
            OR n.nspname = 'public'
               AND (pg_has_role((SELECT oid FROM owner), n.nspowner, 'USAGE')
                    OR %(will_own)s AND n.nspowner = 'pg_database_owner'::regrole))
), acl_group AS (
    -- aclitem has no order, so this can only be hashed, which rules out ORDER BY in the aggregate.
    SELECT kind, schema, acl, array_agg(name::text) AS names
      FROM object GROUP BY kind, schema, acl
), judged AS (
    SELECT g.kind, g.schema, g.names, held.grants,
           held.flat IS DISTINCT FROM (SELECT w.grants FROM wanted w WHERE w.kind = g.kind)
               OR held.passed_on
               OR g.kind = 'schema' AND held.everyone_creates AS differs
      FROM acl_group g
     CROSS JOIN LATERAL (
        SELECT array_agg(DISTINCT e.rolname || E'\n' || a.privilege_type || E'\n'
                         || CASE WHEN a.is_grantable THEN 't' ELSE 'f' END COLLATE "C")
                   FILTER (WHERE e.oid IS NOT NULL AND by_owner) AS flat,
               coalesce(bool_or(e.oid IS NOT NULL AND NOT by_owner), false) AS passed_on,
               coalesce(bool_or(a.grantee = 0 AND a.privilege_type = 'CREATE'), false)
                   AS everyone_creates,
               -- Strangers too: a privilege that was passed on is reached through whoever did.
               jsonb_agg(jsonb_build_array(
                   CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END,
                   a.privilege_type,
                   CASE WHEN a.grantor IN (SELECT oid FROM own) THEN %(owner)s::name
                        ELSE pg_get_userbyid(a.grantor) END, a.is_grantable,
                   EXISTS (SELECT FROM aclexplode(g.acl) x
                            WHERE x.grantor = a.grantee
                              AND x.privilege_type = a.privilege_type))) AS grants
          FROM aclexplode(g.acl) a
          LEFT JOIN grantee e ON e.oid = a.grantee
         -- Only the owner's own grants are what the catalog asks for.
         CROSS JOIN LATERAL (SELECT a.grantor IN (SELECT oid FROM own)
                                    OR a.grantor = 'pg_database_owner'::regrole AS by_owner) o
         WHERE a.grantee NOT IN (SELECT oid FROM own)) held
), stranger AS (
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
           n.nspname AS schema, c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
           c.relacl AS acl, c.relowner AS owner_oid
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       AND c.relowner NOT IN (SELECT oid FROM own)
       AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND n.nspname !~ %(apart)s
       AND NOT EXISTS (SELECT FROM pg_depend p
                        WHERE p.classid = 'pg_class'::regclass AND p.objid = c.oid
                          AND (p.deptype = 'e' OR c.relkind = 'S' AND p.deptype IN ('a', 'i')))
    UNION ALL
    SELECT 'schema', '', n.nspname, pg_get_userbyid(n.nspowner), n.nspacl, n.nspowner
      FROM pg_namespace n
     WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'public')
       AND n.nspowner NOT IN (SELECT oid FROM own)
       AND n.nspname !~ %(apart)s
       AND NOT EXISTS (SELECT FROM pg_depend p
                        WHERE p.classid = 'pg_namespace'::regclass AND p.objid = n.oid
                          AND p.deptype = 'e')
), answer AS (
SELECT (SELECT jsonb_build_object(
            'owner', pg_get_userbyid(n.nspowner),
            'owned', coalesce(pg_has_role((SELECT oid FROM owner), n.nspowner, 'USAGE'), false)
                     OR n.nspowner IN (SELECT oid FROM own)
                     OR %(will_own)s AND n.nspowner = 'pg_database_owner'::regrole,
            'open', EXISTS (SELECT FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
                             WHERE a.grantee = 0 AND a.privilege_type = 'CREATE'))
          FROM pg_namespace n WHERE n.nspname = 'public') AS public,
       (SELECT json_agg(json_build_array(j.kind, j.schema, j.names, coalesce(j.grants, '[]')))
          FROM judged j WHERE j.differs) AS groups,
       (SELECT jsonb_agg(jsonb_build_array(
                   e.rolname, coalesce(n.nspname, ''),
                   CASE f.defaclobjtype WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence'
                        WHEN 'n' THEN 'schema' WHEN 'f' THEN 'function'
                        WHEN 'T' THEN 'type' ELSE 'large_object' END,
                   a.privilege_type, a.is_grantable))
          FROM pg_default_acl f
          LEFT JOIN pg_namespace n ON n.oid = f.defaclnamespace
         CROSS JOIN LATERAL aclexplode(f.defaclacl) a
          JOIN grantee e ON e.oid = a.grantee
         WHERE f.defaclrole = (SELECT oid FROM owner)) AS defaults,
       (SELECT jsonb_agg(jsonb_build_array(c.role, c.schema, c.name, c.privilege, c.columns))
          FROM (SELECT e.rolname AS role, n.nspname AS schema, t.relname AS name,
                       a.privilege_type AS privilege, array_agg(c.attname::text) AS columns
                  FROM pg_attribute c
                  JOIN pg_class t ON t.oid = c.attrelid
                  JOIN pg_namespace n ON n.oid = t.relnamespace
                 CROSS JOIN LATERAL aclexplode(c.attacl) a
                  JOIN grantee e ON e.oid = a.grantee
                 WHERE c.attacl IS NOT NULL AND NOT c.attisdropped
                   AND t.relowner IN (SELECT oid FROM own)
                   AND a.grantor = t.relowner
                 GROUP BY 1, 2, 3, 4) c) AS columns,
       (SELECT jsonb_agg(jsonb_build_array(s.kind, s.schema, s.name, s.owner))
          FROM (SELECT kind, schema, name, owner FROM stranger ORDER BY kind, schema, name LIMIT 100) s) AS foreign_objects,
       (SELECT count(*) FROM stranger) AS foreign_count,
       (SELECT json_agg(json_build_array(h.role, h.kind, h.schema, h.owner, h.privileges, h.names))
          FROM (SELECT o.role, o.kind, o.schema, o.owner, o.privileges,
                       array_agg(o.name::text) AS names
                  FROM (SELECT e.rolname AS role, s.kind, s.schema, s.owner, s.name,
                               array_agg(DISTINCT a.privilege_type ORDER BY a.privilege_type)
                                   AS privileges
                          FROM stranger s
                         CROSS JOIN LATERAL aclexplode(s.acl) a
                          JOIN grantee e ON e.oid = a.grantee
                         WHERE a.grantee <> s.owner_oid
                         GROUP BY 1, 2, 3, 4, 5) o
                 GROUP BY 1, 2, 3, 4, 5) h) AS foreign_grants,
       (SELECT jsonb_agg(DISTINCT jsonb_build_array(
                   e.rolname, n.nspname, p.proname,
                   (SELECT coalesce(jsonb_agg(jsonb_build_array(tn.nspname, t.typname)
                                              ORDER BY x.n), '[]')
                      FROM unnest(p.proargtypes) WITH ORDINALITY x(oid, n)
                      JOIN pg_type t ON t.oid = x.oid
                      JOIN pg_namespace tn ON tn.oid = t.typnamespace)))
          FROM pg_proc p
          JOIN pg_namespace n ON n.oid = p.pronamespace
         CROSS JOIN LATERAL aclexplode(p.proacl) a
          JOIN grantee e ON e.oid = a.grantee
         WHERE p.proacl IS NOT NULL AND a.grantee <> p.proowner
           AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema') AS functions,
       (SELECT coalesce(array_agg(x.extname::text), '{}') FROM pg_extension x) AS extensions
)
SELECT convert_to(to_json(answer)::text,
                  CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)
  FROM answer
