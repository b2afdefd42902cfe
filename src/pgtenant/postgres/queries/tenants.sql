-- All that decides how tenants of one database are kept apart, in one JSON text, as bytes (see contents.sql). Objects
-- are grouped by equal facts, so that thousands of tenants with the same tables are a few groups. Expressions
-- are printed for the session's search_path, pg_catalog alone: what is anybody's own has its schema before it.
WITH RECURSIVE tenant AS (
    SELECT n.oid, n.nspname, n.nspowner, n.nspacl
      FROM pg_namespace n
     WHERE starts_with(n.nspname, %(prefix)s)
       AND (%(only)s::text IS NULL OR n.nspname = %(only)s)
), chosen AS (
    SELECT c.oid FROM pg_class c JOIN tenant t ON t.oid = c.relnamespace
     WHERE %(only)s::text IS NULL AND c.relkind IN ('r', 'p', 'm', 'f')
    UNION ALL
    -- No index finds the relations of one schema but that of what depends on it.
    SELECT d.objid FROM tenant t
      JOIN pg_depend d ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = t.oid
                      AND d.classid = 'pg_class'::regclass
     WHERE %(only)s::text IS NOT NULL
), base AS (
    -- How many there are the planner can't know; with a limit each is looked up in the index.
    SELECT c.oid, n.nspname, c.relname, c.relkind, c.relowner, c.relrowsecurity,
           c.relforcerowsecurity, c.relacl, c.relnamespace
      FROM chosen x
     CROSS JOIN LATERAL (SELECT * FROM pg_class c WHERE c.oid = x.oid LIMIT 1) c
      JOIN tenant n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm', 'f')
), reading AS (
    -- Views are few, also where tables are many.
    SELECT DISTINCT w.ev_class, d.refobjid
      FROM pg_rewrite w
      JOIN pg_class v ON v.oid = w.ev_class AND v.relkind IN ('v', 'm')
      JOIN pg_namespace n ON n.oid = v.relnamespace
      JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                      AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
     WHERE %(only)s::text IS NULL
       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
), reader_of_any AS (
    SELECT g.ev_class AS oid FROM reading g JOIN base b ON b.oid = g.refobjid
    UNION
    SELECT g.ev_class FROM reading g JOIN reader_of_any x ON x.oid = g.refobjid
), reader_of_one AS (
    SELECT b.oid, b.oid AS read FROM base b WHERE %(only)s::text IS NOT NULL
    UNION
    SELECT w.ev_class, x.oid
      FROM reader_of_one x
     CROSS JOIN LATERAL (
        SELECT w.ev_class
          FROM pg_depend d
          JOIN pg_rewrite w ON w.oid = d.objid
         WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = x.oid
           AND d.classid = 'pg_rewrite'::regclass AND w.ev_class <> x.oid
        OFFSET 0) w
), reader AS (
    SELECT oid FROM reader_of_any
    UNION
    SELECT oid FROM reader_of_one WHERE oid <> read
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
), policy_row AS MATERIALIZED (
    SELECT r.oid AS relation, p.*, p.polqual::text AS qual, p.polwithcheck::text AS checked,
           coalesce(c.attnum, 0) AS attnum
      FROM relation r
     CROSS JOIN LATERAL (SELECT * FROM pg_policy p WHERE p.polrelid = r.oid OFFSET 0) p
      LEFT JOIN own_column c ON c.oid = r.oid
), expression AS (
    -- To print one takes longer than all else about its table. Where the tree is the same, and the tenant column at
    -- the same place, the text is that of any of them.
    SELECT g.*, pg_get_expr(s.polqual, s.polrelid) AS using_text,
           pg_get_expr(s.polwithcheck, s.polrelid) AS check_text
      FROM (SELECT qual, checked, attnum, min(p.oid) AS sample
              FROM policy_row p GROUP BY qual, checked, attnum) g
      JOIN pg_policy s ON s.oid = g.sample
), policy AS (
    SELECT p.relation AS oid,
           jsonb_agg(jsonb_build_array(
               p.polname, p.polpermissive, p.polcmd,
               CASE WHEN p.polroles = '{0}' THEN '[]'
                    ELSE (SELECT jsonb_agg(pg_get_userbyid(o) ORDER BY pg_get_userbyid(o))
                            FROM unnest(p.polroles) o) END,
               e.using_text, e.check_text)
               ORDER BY p.polname) AS policies
      FROM policy_row p
      JOIN expression e ON e.attnum = p.attnum
                       AND coalesce(e.qual, '') = coalesce(p.qual, '')
                       AND coalesce(e.checked, '') = coalesce(p.checked, '')
     GROUP BY p.relation
), index AS (
    SELECT r.oid, i.*
      FROM relation r
      LEFT JOIN own_column c ON c.oid = r.oid
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
), foreign_key AS (
    SELECT r.oid, k.keys
      FROM relation r
      LEFT JOIN own_column c ON c.oid = r.oid
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
         WHERE k.conrelid = r.oid AND k.contype = 'f') k
), sequence AS (
    SELECT r.oid, s.names
      FROM relation r
     CROSS JOIN LATERAL (
        SELECT jsonb_agg(DISTINCT n.nspname || '.' || s.relname) AS names
          FROM pg_attrdef d
          JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                          AND p.refclassid = 'pg_class'::regclass
          JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
                         AND s.relnamespace <> r.relnamespace
          JOIN pg_namespace n ON n.oid = s.relnamespace
         WHERE d.adrelid = r.oid) s
), relation_group AS (
    -- aclitem has no order, so this can only be hashed.
    SELECT r.relkind, r.relowner, r.relrowsecurity, r.relforcerowsecurity, r.relacl, c.type, c.loose,
           coalesce(i.serves, false) AS serves, p.policies, i.keys, f.keys AS foreign_keys,
           s.names AS sequences,
           json_agg(json_build_array(r.nspname, r.relname)) AS names
      FROM relation r
      LEFT JOIN own_column c USING (oid)
      LEFT JOIN policy p USING (oid)
      LEFT JOIN index i USING (oid)
      LEFT JOIN foreign_key f USING (oid)
      LEFT JOIN sequence s USING (oid)
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
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
