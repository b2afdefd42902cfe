-- Who owns what in one database, and who holds what on it, in one JSON text, as bytes: a SQL_ASCII
-- database may hold names that are no UTF-8. Names are gathered in json: jsonb takes a minute to nest
-- an array of 100,000 in another one. Roles stand by their OIDs. Objects are grouped by
-- equal owners and ACLs before an ACL is looked at. Of PostgreSQL's own objects only what was granted beyond
-- what initdb left comes back.
WITH object AS (
    SELECT 'schema' AS kind, 'n'::"char" AS class, 'pg_namespace'::regclass AS catalog, n.oid, 0 AS part,
           '' AS schema, '' AS relation, n.nspname::text AS name, n.nspowner AS owner, n.nspacl AS acl,
           false AS definer,
           n.nspname IN ('pg_catalog', 'information_schema') AS system
      FROM pg_namespace n
     WHERE n.nspname !~ '^pg_(toast|temp_)'
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END,
           CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", 'pg_class'::regclass, c.oid, 0,
           n.nspname, '', c.relname, c.relowner, c.relacl, false,
           n.nspname IN ('pg_catalog', 'information_schema')
      FROM pg_class c
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
       AND n.nspname !~ '^pg_toast'
       AND (c.relacl IS NOT NULL OR n.nspname NOT IN ('pg_catalog', 'information_schema'))
    UNION ALL
    SELECT 'column', 'c', 'pg_class'::regclass, c.oid, a.attnum,
           n.nspname, c.relname, a.attname, c.relowner, a.attacl, false,
           n.nspname IN ('pg_catalog', 'information_schema')
      FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND c.relpersistence <> 't'
    UNION ALL
    SELECT 'function', 'f', 'pg_proc'::regclass, p.oid, 0,
           n.nspname, '', p.proname, p.proowner, p.proacl, p.prosecdef,
           n.nspname IN ('pg_catalog', 'information_schema')
      FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE p.proacl IS NOT NULL OR n.nspname NOT IN ('pg_catalog', 'information_schema')
    UNION ALL
    -- An array, a row type and a multirange have no privileges of their own.
    SELECT 'type', 'T', 'pg_type'::regclass, t.oid, 0,
           n.nspname, '', t.typname, t.typowner, t.typacl, false,
           n.nspname IN ('pg_catalog', 'information_schema')
      FROM pg_type t
      JOIN pg_namespace n ON n.oid = t.typnamespace
      LEFT JOIN pg_class c ON c.oid = t.typrelid
     WHERE t.typtype IN ('b', 'c', 'd', 'e', 'r')
       AND (c.oid IS NULL OR c.relkind = 'c')
       AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
       AND n.nspname !~ '^pg_(toast|temp_)'
       AND (t.typacl IS NOT NULL OR n.nspname NOT IN ('pg_catalog', 'information_schema'))
    UNION ALL
    SELECT 'language', 'l', 'pg_language'::regclass, l.oid, 0,
           '', '', l.lanname, l.lanowner, l.lanacl, false, false
      FROM pg_language l WHERE l.lanispl
    UNION ALL
    SELECT 'foreign_data_wrapper', 'F', 'pg_foreign_data_wrapper'::regclass, w.oid, 0,
           '', '', w.fdwname, w.fdwowner, w.fdwacl, false, false
      FROM pg_foreign_data_wrapper w
    UNION ALL
    SELECT 'server', 'S', 'pg_foreign_server'::regclass, s.oid, 0,
           '', '', s.srvname, s.srvowner, s.srvacl, false, false
      FROM pg_foreign_server s
    UNION ALL
    SELECT 'large_object', 'L', 'pg_largeobject'::regclass, o.oid, 0,
           '', '', o.oid::text, o.lomowner, o.lomacl, false, false
      FROM pg_largeobject_metadata o
    UNION ALL
    SELECT 'publication', NULL, 'pg_publication'::regclass, p.oid, 0,
           '', '', p.pubname, p.pubowner, NULL, false, false
      FROM pg_publication p
    UNION ALL
    SELECT 'subscription', NULL, 'pg_subscription'::regclass, u.oid, 0,
           '', '', u.subname, u.subowner, NULL, false, false
      FROM pg_subscription u
     WHERE u.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    UNION ALL
    SELECT 'event_trigger', NULL, 'pg_event_trigger'::regclass, t.oid, 0,
           '', '', t.evtname, t.evtowner, NULL, false, false
      FROM pg_event_trigger t
), known AS (
    SELECT o.*, coalesce(x.extname::text, '') AS extension,
           CASE WHEN o.system OR x.oid IS NOT NULL
                THEN coalesce(i.initprivs, acldefault(o.class, o.owner)) END AS shipped
      FROM object o
      LEFT JOIN pg_depend d ON d.classid = o.catalog AND d.objid = o.oid AND d.deptype = 'e'
                           AND d.refclassid = 'pg_extension'::regclass
      LEFT JOIN pg_extension x ON x.oid = d.refobjid
      LEFT JOIN pg_init_privs i ON i.classoid = o.catalog AND i.objoid = o.oid
                               AND i.objsubid = o.part
), acl_group AS (
    -- aclitem has no order, so this can only be hashed, which rules out ORDER BY in the aggregate.
    SELECT kind, class, schema, relation, owner, acl, shipped, definer, system, extension,
           array_agg(name) AS names,
           CASE kind WHEN 'function' THEN array_agg(oid) END AS functions
      FROM known
     GROUP BY kind, class, schema, relation, owner, acl, shipped, definer, system, extension
), granted AS (
    SELECT g.*, coalesce((
               SELECT jsonb_agg(jsonb_build_array(
                          a.grantee::bigint, a.privilege_type, a.grantor::bigint, a.is_grantable,
                          a.came_with_it))
                 FROM (SELECT e.*,
                              EXISTS (SELECT FROM aclexplode(g.shipped) s
                                       WHERE s.grantee = e.grantee
                                         AND s.privilege_type = e.privilege_type
                                         AND s.is_grantable >= e.is_grantable)
                              -- Made by a script after initdb had noted what it found.
                              OR g.system AND e.grantee IN (0, 10)
                                 AND 'information_schema' IN (g.schema, g.names[1])
                                 AND e.privilege_type IN ('SELECT', 'USAGE', 'CREATE')
                                  AS came_with_it
                         FROM aclexplode(coalesce(g.acl, acldefault(g.class, g.owner))) e) a
                WHERE NOT (g.system AND (a.came_with_it OR a.grantee = g.owner))), '[]') AS grants
      FROM acl_group g
), answer AS (
SELECT (SELECT json_agg(json_build_array(
                   g.kind, g.schema, g.relation, g.owner::bigint, g.names, g.grants,
                   g.definer, g.system, g.extension,
                   (SELECT json_agg((SELECT coalesce(jsonb_agg(jsonb_build_array(tn.nspname, t.typname)
                                                                ORDER BY x.n), '[]')
                                        FROM unnest(p.proargtypes) WITH ORDINALITY x(oid, n)
                                        JOIN pg_type t ON t.oid = x.oid
                                        JOIN pg_namespace tn ON tn.oid = t.typnamespace)
                                     ORDER BY f.n)
                      FROM unnest(g.functions) WITH ORDINALITY f(oid, n)
                      JOIN pg_proc p ON p.oid = f.oid)))
          FROM granted g WHERE NOT g.system OR g.grants <> '[]') AS groups,
       (SELECT jsonb_agg(jsonb_build_array(
                   f.defaclrole::bigint, coalesce(n.nspname, ''),
                   CASE f.defaclobjtype WHEN 'r' THEN 'table' WHEN 'S' THEN 'sequence'
                        WHEN 'n' THEN 'schema' WHEN 'f' THEN 'function'
                        WHEN 'T' THEN 'type' ELSE 'large_object' END,
                   a.grantee::bigint, a.privilege_type, a.is_grantable))
          FROM pg_default_acl f
          LEFT JOIN pg_namespace n ON n.oid = f.defaclnamespace
         CROSS JOIN LATERAL aclexplode(f.defaclacl) a) AS defaults,
       (SELECT jsonb_agg(jsonb_build_array(
                   s.srvname, s.srvowner::bigint, w.fdwname,
                   coalesce((SELECT split_part(o, '=', 2) FROM unnest(s.srvoptions) o
                              WHERE o ~ '^(host|hostaddr)=' ORDER BY o DESC LIMIT 1), ''),
                   coalesce((SELECT substr(o, 8) FROM unnest(s.srvoptions) o
                              WHERE o LIKE 'dbname=%%'), ''),
                   (SELECT coalesce(jsonb_agg(jsonb_build_array(
                               m.umuser::bigint,
                               coalesce((SELECT substr(o, 6) FROM unnest(m.umoptions) o
                                          WHERE o LIKE 'user=%%'), ''))), '[]')
                      FROM pg_user_mappings m WHERE m.srvid = s.oid)))
          FROM pg_foreign_server s
          JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw) AS servers,
       (SELECT jsonb_agg(jsonb_build_array(
                   t.evtname, t.evtowner::bigint, p.proowner::bigint, coalesce(x.extname, '')))
          FROM pg_event_trigger t
          JOIN pg_proc p ON p.oid = t.evtfoid
          LEFT JOIN pg_depend d ON d.classid = 'pg_event_trigger'::regclass AND d.objid = t.oid
                               AND d.deptype = 'e'
          LEFT JOIN pg_extension x ON x.oid = d.refobjid
         WHERE t.evtenabled <> 'D') AS event_triggers
)
SELECT convert_to(to_json(answer)::text,
                  CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)
  FROM answer
