-- The catalogs that say how tenants are kept apart, whole.
SELECT oid, nspname, nspowner, nspacl, obj_description(oid, 'pg_namespace') FROM pg_namespace;
SELECT oid, relname, relnamespace, relkind, relowner, relrowsecurity, relforcerowsecurity, relacl FROM pg_class;
SELECT oid, polrelid, polname, polpermissive, polcmd, polroles, pg_get_expr(polqual, polrelid),
       pg_get_expr(polwithcheck, polrelid) FROM pg_policy;
SELECT indexrelid, indrelid, indisunique, indisprimary, indisvalid, indkey FROM pg_index;
SELECT oid, conname, conrelid, confrelid, conkey, confkey FROM pg_constraint WHERE contype = 'f';
SELECT attrelid, attnum, atttypid, atttypmod FROM pg_attribute WHERE attname = 'tenant_id';
SELECT oid, adrelid FROM pg_attrdef;
SELECT oid, ev_class FROM pg_rewrite;
SELECT oid, proname, pronamespace, proowner, prosecdef, proconfig FROM pg_proc;
SELECT oid, rolname, rolsuper, rolbypassrls FROM pg_roles;
