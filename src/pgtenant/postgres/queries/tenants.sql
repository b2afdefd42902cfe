-- All that decides how tenants of one database are kept apart, in one JSON text, as bytes (see contents.sql). Objects
-- are grouped by equal facts, so that thousands of tenants with the same tables are a few groups. Expressions
-- are printed for the session's search_path, pg_catalog alone: what is anybody's own has its schema before it.
WITH RECURSIVE tenant AS (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl
      FROM pg_namespace n
     WHERE starts_with(n.nspname, %(prefix)s)
       AND (%(only)s::text IS NULL OR n.nspname = %(only)s)
), base AS (
    SELECT c.oid, t.nspname, c.relname, c.relkind, c.relowner, c.relrowsecurity,
           c.relforcerowsecurity, c.relacl, c.relnamespace
      FROM pg_class c
      JOIN tenant t ON t.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm', 'f')
), reading AS (
    -- Views are few, also where tables are many.
    SELECT DISTINCT w.ev_class, d.refobjid
      FROM pg_rewrite w
      JOIN pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm')
      JOIN pg_namespace n ON n.oid = v.relnamespace
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                      AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), reader AS (
    SELECT g.ev_class AS oid FROM reading g JOIN base b ON b.oid = g.refobjid
    UNION
    SELECT g.ev_class FROM reading g JOIN reader x ON x.oid = g.refobjid
), relation AS (
    SELECT * FROM base
    UNION
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.relrowsecurity,
           c.relforcerowsecurity, c.relacl, c.relnamespace
      FROM reader x
      JOIN pg_class c ON c.oid = x.oid AND c.relkind = 'm'
      JOIN pg_namespace n ON n.oid = c.relnamespace
), own_column AS (
    -- How many relations there are the planner can't know; with a limit each is looked up in the index.
    SELECT r.oid, a.attnum, format_type(a.atttypid, a.atttypmod) AS type,
           NOT coalesce(l.collisdeterministic, true) AS loose
      FROM relation r
     CROSS JOIN LATERAL (
        SELECT * FROM pg_attribute a
         WHERE a.attrelid = r.oid AND a.attname = %(column)s AND a.attnum > 0 AND NOT a.attisdropped
         LIMIT 1) a
      LEFT JOIN pg_collation l ON l.oid = a.attcollation
), policy AS (
    SELECT p.polrelid AS oid,
           jsonb_agg(jsonb_build_array(
               p.polname, p.polpermissive, p.polcmd,
               CASE WHEN p.polroles = '{0}' THEN '[]'
                    ELSE (SELECT jsonb_agg(pg_get_userbyid(o) ORDER BY pg_get_userbyid(o))
                            FROM unnest(p.polroles) o) END,
               pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
               ORDER BY p.polname) AS policies
      FROM pg_policy p
      JOIN relation r ON r.oid = p.polrelid
     GROUP BY p.polrelid
), index AS (
    SELECT i.indrelid AS oid,
           bool_or(i.indkey[0] = c.attnum AND i.indisvalid AND i.indpred IS NULL
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
      JOIN relation r ON r.oid = i.indrelid
      JOIN pg_class k ON k.oid = i.indexrelid
      JOIN pg_am m ON m.oid = k.relam
      LEFT JOIN own_column c ON c.oid = i.indrelid
     GROUP BY i.indrelid
), foreign_key AS (
    SELECT k.conrelid AS oid,
           jsonb_agg(jsonb_build_array(
               k.conname,
               CASE WHEN f.relnamespace = r.relnamespace THEN '' ELSE n.nspname || '.' || f.relname END,
               EXISTS (SELECT FROM unnest(k.conkey, k.confkey) u(here, there)
                        WHERE u.here = c.attnum AND u.there = a.attnum),
               f.relnamespace <> r.relnamespace AND starts_with(n.nspname, %(prefix)s))
               ORDER BY k.conname) AS keys
      FROM pg_constraint k
      JOIN relation r ON r.oid = k.conrelid
      JOIN pg_class f ON f.oid = k.confrelid
      JOIN pg_namespace n ON n.oid = f.relnamespace
      LEFT JOIN own_column c ON c.oid = k.conrelid
      LEFT JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attname = %(column)s
                              AND NOT a.attisdropped
     WHERE k.contype = 'f'
     GROUP BY k.conrelid
), sequence AS (
    SELECT d.adrelid AS oid,
           jsonb_agg(DISTINCT n.nspname || '.' || s.relname) AS names
      FROM pg_attrdef d
      JOIN relation r ON r.oid = d.adrelid
      JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                      AND p.refclassid = 'pg_class'::regclass
      JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
                     AND s.relnamespace <> r.relnamespace
      JOIN pg_namespace n ON n.oid = s.relnamespace
     GROUP BY d.adrelid
), by_name AS (
    -- 1574 is nextval. Of a sequence that is looked up by its name each time the catalogs know nothing.
    SELECT d.adrelid AS oid,
           jsonb_agg(pg_get_expr(d.adbin, d.adrelid) ORDER BY pg_get_expr(d.adbin, d.adrelid)) AS texts
      FROM pg_attrdef d
      JOIN relation r ON r.oid = d.adrelid
     WHERE strpos(d.adbin::text, ':funcid 1574 ') > 0
       AND NOT EXISTS (SELECT FROM pg_depend p
                         JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
                        WHERE p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                          AND p.refclassid = 'pg_class'::regclass)
     GROUP BY d.adrelid
), trigger AS (
    SELECT t.tgrelid AS oid,
           jsonb_agg(jsonb_build_array(
               t.tgname, n.nspname || '.' || p.proname, pg_get_userbyid(p.proowner))
               ORDER BY t.tgname) AS triggers
      FROM pg_trigger t
      JOIN relation r ON r.oid = t.tgrelid
      JOIN pg_proc p ON p.oid = t.tgfoid
      JOIN pg_namespace n ON n.oid = p.pronamespace
     WHERE NOT t.tgisinternal AND p.proowner <> r.relowner AND n.nspname <> 'pg_catalog'
       AND NOT EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
                          AND d.deptype = 'e')
     GROUP BY t.tgrelid
), rule AS (
    SELECT w.ev_class AS oid, jsonb_agg(w.rulename ORDER BY w.rulename) AS rules
      FROM pg_rewrite w
      JOIN base b ON b.oid = w.ev_class AND b.relkind IN ('r', 'p', 'f')
     GROUP BY w.ev_class
), column_grant AS (
    SELECT a.attrelid AS oid,
           jsonb_agg(DISTINCT jsonb_build_array(
               CASE x.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(x.grantee) END,
               x.privilege_type)) AS held
      FROM pg_attribute a
      JOIN relation r ON r.oid = a.attrelid
     CROSS JOIN LATERAL aclexplode(a.attacl) x
     WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
       AND x.privilege_type = 'REFERENCES' AND x.grantee <> r.relowner
     GROUP BY a.attrelid
), relation_group AS (
    -- aclitem has no order, so this can only be hashed.
    SELECT r.relkind, r.relowner, r.relrowsecurity, r.relforcerowsecurity, r.relacl, c.type, c.loose,
           coalesce(i.serves, false) AS serves, p.policies, i.keys, f.keys AS foreign_keys,
           s.names AS sequences, b.texts AS by_name, t.triggers, u.rules,
           g.held AS column_grants,
           json_agg(json_build_array(r.nspname, r.relname)) AS names
      FROM relation r
      LEFT JOIN own_column c USING (oid)
      LEFT JOIN policy p USING (oid)
      LEFT JOIN index i USING (oid)
      LEFT JOIN foreign_key f USING (oid)
      LEFT JOIN sequence s USING (oid)
      LEFT JOIN by_name b USING (oid)
      LEFT JOIN trigger t USING (oid)
      LEFT JOIN rule u USING (oid)
      LEFT JOIN column_grant g USING (oid)
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
), view_group AS (
    SELECT v.relowner, o.invoker, json_agg(json_build_array(n.nspname, v.relname)) AS names
      FROM pg_class v
      JOIN pg_namespace n ON n.oid = v.relnamespace
     CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(x.option_value::boolean), false) AS invoker
          FROM pg_options_to_table(v.reloptions) x
         WHERE x.option_name = 'security_invoker') o
     WHERE v.relkind = 'v'
       AND (v.relnamespace IN (SELECT oid FROM tenant) OR v.oid IN (SELECT oid FROM reader))
     GROUP BY 1, 2
), function_group AS (
    SELECT p.proowner, p.prosecdef, s.tenant, s.path,
           json_agg(json_build_array(
               n.nspname, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')'))
               AS names
      FROM pg_proc p
      JOIN pg_namespace n ON n.oid = p.pronamespace
     CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(lower(split_part(c, '=', 1)) = lower(%(setting)s)), false) AS tenant,
               coalesce(bool_or(split_part(c, '=', 1) = 'search_path'), false) AS path
          FROM unnest(p.proconfig) c) s
     WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
       AND (%(only)s::text IS NULL OR n.nspname = %(only)s)
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
                'kind', g.relkind, 'owner', pg_get_userbyid(g.relowner),
                'row_security', g.relrowsecurity, 'forced', g.relforcerowsecurity,
                'type', g.type, 'loose', g.loose, 'indexed', g.serves, 'policies', g.policies,
                'keys', g.keys, 'foreign_keys', g.foreign_keys, 'sequences', g.sequences,
                'by_name', g.by_name, 'triggers', g.triggers, 'rules', g.rules,
                'column_grants', g.column_grants,
                'held', (SELECT json_agg(json_build_array(
                             CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END,
                             a.privilege_type))
                           FROM aclexplode(g.relacl) a WHERE a.grantee <> g.relowner),
                'names', g.names)) FROM relation_group g) AS relations,
           (SELECT json_agg(json_build_array(pg_get_userbyid(v.relowner), v.invoker, v.names))
              FROM view_group v) AS views,
           (SELECT json_agg(json_build_array(
                pg_get_userbyid(f.proowner), f.prosecdef, f.tenant, f.path, f.names))
              FROM function_group f) AS functions,
           (SELECT json_agg(json_build_array(u.role, u.way, u.becomes, u.superuser))
              FROM unheld u) AS unheld,
           (SELECT json_agg(json_build_array(p.role, p.everywhere)) FROM preset p) AS presets,
           (SELECT json_agg(b.rolname) FROM bypassing b) AS bypassing
)
SELECT convert_to(to_json(answer)::text,
                  CASE getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END)
  FROM answer
