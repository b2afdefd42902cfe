-- All that decides how tenants of one database are kept apart, in one JSON text, as bytes (see contents.sql). Objects
-- are grouped by equal facts, so that thousands of tenants with the same tables are a few groups. Expressions
-- are printed for the session's search_path, pg_catalog alone: what is anybody's own has its schema before it.
-- How many relations and views there are the planner can't know, and joins of such lists it makes quadratic: so what
-- belongs to one is looked up for each by itself, in an index. Where each tenant has a role of its own
-- (`by_schema`), whoever owns a schema is no name but none, for what is in it: or each would be a group of its own.
-- Asked for one tenant, no catalog is read whole.
WITH RECURSIVE tenant AS (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl
      FROM pg_namespace n
     WHERE starts_with(n.nspname, %(prefix)s)
       AND (%(only)s::text IS NULL OR n.nspname = %(only)s)
), hanging AS (
    SELECT d.objid AS oid
      FROM tenant t
      JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = t.oid
                      AND d.classid = 'pg_class'::regclass
     WHERE %(only)s::text IS NOT NULL
), base AS (
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.relrowsecurity,
           c.relforcerowsecurity, c.relacl, c.relnamespace
      FROM pg_class c
     CROSS JOIN LATERAL (SELECT * FROM pg_namespace n WHERE n.oid = c.relnamespace LIMIT 1) n
     WHERE %(only)s::text IS NULL
       AND c.relkind IN ('r', 'p', 'm', 'f') AND starts_with(n.nspname, %(prefix)s)
    UNION ALL
    SELECT c.oid, %(only)s::name, c.relname, c.relkind, c.relowner, c.relrowsecurity,
           c.relforcerowsecurity, c.relacl, c.relnamespace
      FROM hanging h
     CROSS JOIN LATERAL (SELECT * FROM pg_class c WHERE c.oid = h.oid LIMIT 1) c
     WHERE c.relkind IN ('r', 'p', 'm', 'f')
), reader AS (
    (SELECT w.ev_class AS oid
       FROM pg_rewrite w
       JOIN pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm')
       JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                       AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
      CROSS JOIN LATERAL (SELECT * FROM pg_class c WHERE c.oid = d.refobjid LIMIT 1) c
      CROSS JOIN LATERAL (SELECT * FROM pg_namespace n WHERE n.oid = c.relnamespace LIMIT 1) n
      WHERE %(only)s::text IS NULL
        AND c.relkind IN ('r', 'p', 'm', 'f') AND starts_with(n.nspname, %(prefix)s)
     UNION ALL
     SELECT w.oid
       FROM base b
      CROSS JOIN LATERAL (
         SELECT w.ev_class AS oid
           FROM pg_depend d
           JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_class <> b.oid
          WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = b.oid
            AND d.classid = 'pg_rewrite'::regclass
         OFFSET 0) w
      WHERE %(only)s::text IS NOT NULL)
    UNION
    SELECT w.oid
      FROM reader x
     CROSS JOIN LATERAL (
        SELECT w.ev_class AS oid
          FROM pg_depend d
          JOIN pg_rewrite w ON w.oid = d.objid AND w.ev_class <> x.oid
         WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = x.oid
           AND d.classid = 'pg_rewrite'::regclass
        OFFSET 0) w
), relation AS (
    SELECT * FROM base
    UNION
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.relrowsecurity,
           c.relforcerowsecurity, c.relacl, c.relnamespace
      FROM reader x
     CROSS JOIN LATERAL (SELECT * FROM pg_class c WHERE c.oid = x.oid LIMIT 1) c
     CROSS JOIN LATERAL (SELECT * FROM pg_namespace n WHERE n.oid = c.relnamespace LIMIT 1) n
     WHERE c.relkind = 'm'
), fact AS (
    SELECT r.oid, r.nspname, r.relname, r.relkind,
           CASE WHEN %(by_schema)s AND r.relowner = h.nspowner THEN 0 ELSE r.relowner END AS relowner,
           r.relrowsecurity, r.relforcerowsecurity, r.relacl, c.attnum, c.type, c.loose,
           coalesce(i.serves, false) AS serves, p.trees, i.keys, f.keys AS foreign_keys,
           s.names AS sequences, b.texts AS by_name, t.triggers, u.rules, g.held AS column_grants,
           e.names AS relatives
      FROM relation r
     CROSS JOIN LATERAL (SELECT * FROM pg_namespace n WHERE n.oid = r.relnamespace LIMIT 1) h
      LEFT JOIN LATERAL (
        SELECT a.attnum, format_type(a.atttypid, a.atttypmod) AS type,
               NOT coalesce(l.collisdeterministic, true) AS loose
          FROM pg_attribute a
          LEFT JOIN pg_collation l ON l.oid = a.attcollation
         WHERE a.attrelid = r.oid AND a.attname = %(column)s AND a.attnum > 0 AND NOT a.attisdropped
         LIMIT 1) c ON true
     CROSS JOIN LATERAL (
        SELECT string_agg(concat_ws(' ', p.polname, p.polpermissive, p.polcmd, p.polroles::text,
                                    coalesce(md5(p.polqual::text), '-'),
                                    coalesce(md5(p.polwithcheck::text), '-')),
                          E'\n' ORDER BY p.polname) AS trees
          FROM pg_policy p
         WHERE p.polrelid = r.oid) p
     CROSS JOIN LATERAL (
        SELECT bool_or(i.indkey[0] = c.attnum AND i.indisvalid AND i.indpred IS NULL
                       AND m.amname IN ('btree', 'hash')) AS serves,
               jsonb_agg(jsonb_build_array(
                   k.relname, i.indisprimary,
                   coalesce(c.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]), false)
                   AND (NOT i.indisexclusion
                        OR EXISTS (SELECT FROM pg_constraint x
                                    CROSS JOIN unnest(x.conkey, x.conexclop) u(attnum, operator)
                                     JOIN pg_operator o ON o.oid = u.operator
                                    WHERE x.conindid = i.indexrelid AND u.attnum = c.attnum
                                      AND o.oprname = '=')))
                   ORDER BY k.relname) FILTER (WHERE i.indisunique OR i.indisexclusion) AS keys
          FROM pg_index i
          JOIN pg_class k ON k.oid = i.indexrelid
          JOIN pg_am m ON m.oid = k.relam
         WHERE i.indrelid = r.oid) i
     CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(
                   k.conname,
                   CASE WHEN f.relnamespace = r.relnamespace THEN ''
                        ELSE n.nspname || '.' || f.relname END,
                   EXISTS (SELECT FROM unnest(k.conkey, k.confkey) u(here, there)
                            WHERE u.here = c.attnum AND u.there = a.attnum),
                   f.relnamespace <> r.relnamespace AND starts_with(n.nspname, %(prefix)s))
                   ORDER BY k.conname) AS keys
          FROM pg_constraint k
          JOIN pg_class f ON f.oid = k.confrelid
          JOIN pg_namespace n ON n.oid = f.relnamespace
          LEFT JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attname = %(column)s
                                  AND NOT a.attisdropped
         WHERE k.conrelid = r.oid AND k.contype = 'f') f
     CROSS JOIN LATERAL (
        SELECT jsonb_agg(DISTINCT n.nspname || '.' || s.relname) AS names
          FROM pg_attrdef d
          JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                          AND p.refclassid = 'pg_class'::regclass
          JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
                         AND s.relnamespace <> r.relnamespace
          JOIN pg_namespace n ON n.oid = s.relnamespace
         WHERE d.adrelid = r.oid) s
     CROSS JOIN LATERAL (
        -- 1574 is nextval. Of a sequence that is looked up by its name each time the catalogs know nothing.
        SELECT jsonb_agg(pg_get_expr(d.adbin, d.adrelid) ORDER BY pg_get_expr(d.adbin, d.adrelid))
                   AS texts
          FROM pg_attrdef d
         WHERE d.adrelid = r.oid AND strpos(d.adbin::text, ':funcid 1574 ') > 0
           AND NOT EXISTS (SELECT FROM pg_depend p
                             JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
                            WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                              AND p.refclassid = 'pg_class'::regclass)) b
     CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(
                   t.tgname, n.nspname || '.' || p.proname, pg_get_userbyid(p.proowner))
                   ORDER BY t.tgname) AS triggers
          FROM pg_trigger t
          JOIN pg_proc p ON p.oid = t.tgfoid
          JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE t.tgrelid = r.oid
           AND NOT t.tgisinternal AND p.proowner <> r.relowner AND n.nspname <> 'pg_catalog'
           AND NOT EXISTS (SELECT FROM pg_depend d
                            WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                              AND d.deptype = 'e')) t
     CROSS JOIN LATERAL (
        SELECT jsonb_agg(w.rulename ORDER BY w.rulename) AS rules
          FROM pg_rewrite w
         WHERE w.ev_class = r.oid AND r.relkind IN ('r', 'p', 'f')) u
     CROSS JOIN LATERAL (
        SELECT jsonb_agg(DISTINCT jsonb_build_array(
                   CASE x.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(x.grantee) END,
                   x.privilege_type)) AS held
          FROM pg_attribute a
         CROSS JOIN LATERAL aclexplode(a.attacl) x
         WHERE a.attrelid = r.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
           AND x.privilege_type = 'REFERENCES' AND x.grantee <> r.relowner) g
     CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(n.nspname || '.' || k.relname, i.above)
                         ORDER BY n.nspname, k.relname) AS names
          FROM (SELECT inhparent AS oid, true AS above FROM pg_inherits WHERE inhrelid = r.oid
                UNION ALL
                SELECT inhrelid, false FROM pg_inherits WHERE inhparent = r.oid) i
          JOIN pg_class k ON k.oid = i.oid AND k.relnamespace <> r.relnamespace
          JOIN pg_namespace n ON n.oid = k.relnamespace) e
), locked AS (
    SELECT l.relation AS oid
      FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
), relation_group AS (
    -- aclitem has no order, so this can only be hashed. Where policies' trees are the same, and the tenant column at
    -- the same place, what is printed of one relation's policies is that of all: to print takes longer than all else,
    -- and waits for whoever has the relation for itself.
    SELECT f.relkind, f.relowner, f.relrowsecurity, f.relforcerowsecurity, f.relacl, f.type, f.loose,
           f.serves, f.keys, f.foreign_keys, f.sequences, f.by_name, f.triggers, f.rules,
           f.column_grants, f.relatives,
           coalesce(min(f.oid) FILTER (WHERE f.oid <> ALL (ARRAY (SELECT oid FROM locked))), min(f.oid))
               AS sample,
           json_agg(json_build_array(f.nspname, f.relname)) AS names
      FROM fact f
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, f.attnum, f.trees
), policy AS (
    SELECT g.sample, p.policies
      FROM relation_group g
     CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_array(
                   p.polname, p.polpermissive, p.polcmd,
                   CASE WHEN p.polroles = '{0}' THEN '[]'
                        ELSE (SELECT jsonb_agg(pg_get_userbyid(o) ORDER BY pg_get_userbyid(o))
                                FROM unnest(p.polroles) o) END,
                   pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
                   ORDER BY p.polname) AS policies
          FROM pg_policy p
         WHERE p.polrelid = g.sample) p
), viewing AS (
    SELECT v.oid
      FROM pg_class v
     CROSS JOIN LATERAL (SELECT * FROM pg_namespace n WHERE n.oid = v.relnamespace LIMIT 1) n
     WHERE %(only)s::text IS NULL AND v.relkind = 'v' AND starts_with(n.nspname, %(prefix)s)
    UNION
    SELECT oid FROM hanging
    UNION
    SELECT oid FROM reader
), view_group AS (
    SELECT CASE WHEN %(by_schema)s AND v.relowner = n.nspowner THEN 0 ELSE v.relowner END AS relowner,
           o.invoker, json_agg(json_build_array(n.nspname, v.relname)) AS names
      FROM viewing x
     CROSS JOIN LATERAL (SELECT * FROM pg_class v WHERE v.oid = x.oid LIMIT 1) v
     CROSS JOIN LATERAL (SELECT * FROM pg_namespace n WHERE n.oid = v.relnamespace LIMIT 1) n
     CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(x.option_value::boolean), false) AS invoker
          FROM pg_options_to_table(v.reloptions) x
         WHERE x.option_name = 'security_invoker') o
     WHERE v.relkind = 'v'
     GROUP BY 1, 2
), special AS (
    SELECT p.oid FROM pg_proc p
     WHERE %(only)s::text IS NULL AND (p.prosecdef OR p.proconfig IS NOT NULL)
    UNION ALL
    SELECT d.objid
      FROM tenant t
      JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = t.oid
                      AND d.classid = 'pg_proc'::regclass
     WHERE %(only)s::text IS NOT NULL
), function_group AS (
    SELECT CASE WHEN %(by_schema)s AND starts_with(n.nspname, %(prefix)s) AND p.proowner = n.nspowner
                THEN 0 ELSE p.proowner END AS proowner,
           p.prosecdef, s.tenant, s.path,
           json_agg(json_build_array(
               n.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'))
               AS names
      FROM special x
     CROSS JOIN LATERAL (SELECT * FROM pg_proc p WHERE p.oid = x.oid LIMIT 1) p
     CROSS JOIN LATERAL (SELECT * FROM pg_namespace n WHERE n.oid = p.pronamespace LIMIT 1) n
     CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(lower(split_part(c, '=', 1)) = lower(%(setting)s)), false) AS tenant,
               coalesce(bool_or(split_part(c, '=', 1) = 'search_path'), false) AS path
          FROM unnest(p.proconfig) c) s
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND (p.prosecdef OR s.tenant)
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                          AND d.deptype = 'e')
     GROUP BY 1, 2, 3, 4
), bypassing AS (
    SELECT r.oid, r.rolname, r.rolsuper FROM pg_roles r WHERE r.rolsuper OR r.rolbypassrls
), unheld AS (
    SELECT r.rolname AS role, CASE WHEN r.oid = b.oid THEN 'itself' ELSE 'member' END AS way,
           b.rolname AS becomes, b.rolsuper AS superuser
      FROM pg_roles r
      JOIN bypassing b ON r.oid = b.oid
                       OR NOT r.rolsuper AND pg_has_role(r.oid, b.oid, %(set_privilege)s)
     WHERE r.rolname = ANY (%(roles)s::text[])
), preset AS (
    SELECT DISTINCT coalesce(r.rolname, '') AS role, s.setdatabase = 0 AS everywhere
      FROM pg_db_role_setting s
     CROSS JOIN unnest(s.setconfig) c
      LEFT JOIN pg_roles r ON r.oid = s.setrole
     WHERE lower(split_part(c, '=', 1)) = lower(%(setting)s)
       AND (s.setdatabase = 0
            OR s.setdatabase = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))
       AND (s.setrole = 0 OR r.rolname = ANY (%(roles)s::text[]))
), answer AS (
    SELECT (SELECT json_agg(json_build_array(
                t.nspname, pg_get_userbyid(t.nspowner), obj_description(t.oid, 'pg_namespace'),
                held.by_role)) FROM tenant t CROSS JOIN LATERAL (
                SELECT json_agg(json_build_array(
                           CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END,
                           a.privilege_type)) AS by_role
                  FROM aclexplode(t.nspacl) a WHERE a.grantee <> t.nspowner) held) AS schemas,
           (SELECT json_agg(json_build_object(
                'kind', g.relkind,
                'owner', CASE g.relowner WHEN 0 THEN '' ELSE pg_get_userbyid(g.relowner) END,
                'row_security', g.relrowsecurity, 'forced', g.relforcerowsecurity,
                'type', g.type, 'loose', g.loose, 'indexed', g.serves, 'policies', p.policies,
                'keys', g.keys, 'foreign_keys', g.foreign_keys, 'sequences', g.sequences,
                'by_name', g.by_name, 'triggers', g.triggers, 'rules', g.rules,
                'column_grants', g.column_grants, 'relatives', g.relatives,
                'held', (SELECT json_agg(json_build_array(
                             CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END,
                             a.privilege_type))
                           FROM aclexplode(g.relacl) a
                          WHERE a.grantee <> (SELECT c.relowner FROM pg_class c WHERE c.oid = g.sample)),
                'names', g.names))
              FROM relation_group g LEFT JOIN policy p ON p.sample = g.sample) AS relations,
           (SELECT json_agg(json_build_array(
                CASE v.relowner WHEN 0 THEN '' ELSE pg_get_userbyid(v.relowner) END,
                v.invoker, v.names))
              FROM view_group v) AS views,
           (SELECT json_agg(json_build_array(
                CASE f.proowner WHEN 0 THEN '' ELSE pg_get_userbyid(f.proowner) END, f.prosecdef, f.tenant, f.path, f.names))
              FROM function_group f) AS functions,
           (SELECT json_agg(json_build_array(u.role, u.way, u.becomes, u.superuser))
              FROM unheld u) AS unheld,
           (SELECT json_agg(json_build_array(p.role, p.everywhere)) FROM preset p) AS presets,
           (SELECT json_agg(b.rolname) FROM bypassing b) AS bypassing
)
SELECT convert_to(to_json(answer)::text,
                  CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)
  FROM answer
