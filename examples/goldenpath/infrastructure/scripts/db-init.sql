-- An example: the entry qualisys of README.md in the directory above. For an entry of yours:
--     pgtenant render sql -e ENV KEY --out infrastructure/scripts/db-init.sql
--
-- Made by `pgtenant render sql -e dev qualisys`. It holds no password; run it as often as
-- you like.
--
-- It makes the role app_user and the database qualisys_master that it owns,
-- closed to everybody else, as `pgtenant apply` does; it sets the role's password, checks
-- what the role may do, and logs in as it to see that row security holds it. What else the
-- catalog declares (editors, readers, extensions, an initial schema) is left to an apply.
--
-- For psql 15 or newer, as the admin of the instance, in its maintenance database:
--
--     export APP_USER_PASSWORD=...
--     psql "host=... dbname=platform user=platform_admin sslmode=verify-full
--       sslrootcert=..." -X -f db-init.sql
--
-- The server is sent the password as it is, and may log it. A SCRAM-SHA-256 verifier does
-- as well; then nobody can log in here, and row security stays unchecked. An apply sends
-- only verifiers.

\set ON_ERROR_STOP on
\set QUIET on
SET search_path = pg_catalog;

\if :{?app_user_password}
\else
  \getenv app_user_password APP_USER_PASSWORD
\endif
\if :{?app_user_password}
\else
  \warn 'No password: set APP_USER_PASSWORD, or give psql -v app_user_password=...'
  DO $$ BEGIN RAISE EXCEPTION 'no password was given'; END $$;
\endif
SELECT :'app_user_password' = '' AS empty, starts_with(:'app_user_password', 'SCRAM-SHA-256$') AS verifier
\gset init_
\if :init_empty
  DO $$ BEGIN RAISE EXCEPTION 'the password is empty'; END $$;
\endif

-- The role. From PostgreSQL 16 on, whoever makes one can be granted it by the way: not here.
SELECT count(set_config(name, '', false)) AS settings FROM pg_settings
WHERE name = 'createrole_self_grant'
\gset init_
DO $init$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'app_user') THEN
    CREATE ROLE "app_user" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    COMMENT ON ROLE "app_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"qualisys","creating":"qualisys_master"}';
  ELSIF NOT EXISTS (
    SELECT FROM pg_roles
    WHERE rolname = 'app_user'
      AND starts_with(substring(shobj_description(oid, 'pg_authid') FROM '[^\n]*$'), '{"managed_by":"pgtenant","environment":"dev","entry":"qualisys"')
  ) THEN
    RAISE EXCEPTION USING MESSAGE = 'the role app_user is there, and was not made for the entry qualisys of dev', HINT = 'pgtenant adopt -e dev qualisys --dry-run shows what taking it over would change';
  ELSIF EXISTS (
    SELECT FROM pg_roles
    WHERE rolname = 'app_user'
      AND strpos(substring(shobj_description(oid, 'pg_authid') FROM '[^\n]*$'), '"retired":') > 0
  ) THEN
    RAISE EXCEPTION 'the role is out of service: pgtenant retire has disabled it';
  END IF;
END
$init$;

-- Out here, because psql replaces no variables inside of DO.
ALTER ROLE "app_user" PASSWORD :'app_user_password';

-- The database: made with connections off, so that nobody is in it before it is closed. The role's
-- comment says so first: a run that ends here is gone on with, by this script or by an apply.
SELECT format('COMMENT ON ROLE %I IS %L', rolname,
  regexp_replace(coalesce(shobj_description(oid, 'pg_authid'), ''), '[^\n]*$', '') || '{"managed_by":"pgtenant","environment":"dev","entry":"qualisys","creating":"qualisys_master"}')
FROM pg_roles
WHERE rolname = 'app_user'
  AND NOT EXISTS (SELECT FROM pg_database WHERE datname = 'qualisys_master')
\gexec
SELECT 'CREATE DATABASE "qualisys_master" TEMPLATE template0 ALLOW_CONNECTIONS false'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'qualisys_master')
\gexec
SELECT d.datdba <> r.oid AS unowned,
  d.datdba <> r.oid AND NOT (
    d.datdba = a.oid AND NOT d.datallowconn
    AND starts_with(substring(shobj_description(r.oid, 'pg_authid') FROM '[^\n]*$'), '{"managed_by":"pgtenant","environment":"dev","entry":"qualisys","creating":"qualisys_master"}')
  ) AS foreign,
  NOT a.rolsuper AND NOT pg_has_role(a.oid, r.oid,
    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)
  AS lend,
  current_setting('server_version_num')::int >= 160000 AS by_name,
  a.rolname AS admin
FROM pg_database d, pg_roles r, pg_roles a
WHERE d.datname = 'qualisys_master' AND r.rolname = 'app_user' AND a.rolname = current_user
\gset init_
\if :init_foreign
  DO $init$ BEGIN RAISE EXCEPTION USING MESSAGE = 'the database qualisys_master belongs to another role than app_user: nothing of it is changed'; END $init$;
\endif

-- The admin is a member of the role for this transaction alone.
BEGIN;
\if :init_lend
  \if :init_by_name
    GRANT "app_user" TO :"init_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
  \else
    GRANT "app_user" TO :"init_admin";
  \endif
\endif
\if :init_unowned
  REVOKE ALL ON DATABASE "qualisys_master" FROM PUBLIC;
  ALTER DATABASE "qualisys_master" OWNER TO "app_user";
\endif
SET LOCAL ROLE "app_user";
REVOKE ALL ON DATABASE "qualisys_master" FROM PUBLIC;
GRANT CONNECT ON DATABASE "qualisys_master" TO :"init_admin";
SELECT format('COMMENT ON DATABASE %I IS %L', datname, '{"managed_by":"pgtenant","environment":"dev","entry":"qualisys"}')
FROM pg_database
WHERE datname = 'qualisys_master' AND shobj_description(oid, 'pg_database') IS NULL
\gexec
ALTER DATABASE "qualisys_master" ALLOW_CONNECTIONS true;
RESET ROLE;
SELECT format('COMMENT ON ROLE %I IS %L', rolname,
  regexp_replace(shobj_description(oid, 'pg_authid'), '[^\n]*$', '') || '{"managed_by":"pgtenant","environment":"dev","entry":"qualisys"}')
FROM pg_roles
WHERE rolname = 'app_user'
  AND starts_with(substring(shobj_description(oid, 'pg_authid') FROM '[^\n]*$'), '{"managed_by":"pgtenant","environment":"dev","entry":"qualisys","creating":"qualisys_master"}')
\gexec
\if :init_lend
  \if :init_by_name
    REVOKE "app_user" FROM :"init_admin" GRANTED BY CURRENT_USER;
  \else
    REVOKE "app_user" FROM :"init_admin";
  \endif
\endif
COMMIT;

-- What the role may do.
DO $init$
DECLARE
  r pg_roles;
BEGIN
  SELECT * INTO STRICT r FROM pg_roles WHERE rolname = 'app_user';
  IF r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolreplication THEN
    RAISE EXCEPTION 'the role has SUPERUSER, BYPASSRLS, CREATEROLE or REPLICATION';
  END IF;
  IF NOT r.rolcanlogin OR r.rolcreatedb <> false THEN
    RAISE EXCEPTION 'the role lacks LOGIN, or its CREATEDB is not as declared';
  END IF;
  IF EXISTS (
    SELECT FROM pg_roles o
    WHERE (o.rolsuper OR o.rolbypassrls OR o.rolcreaterole OR o.rolreplication)
      AND pg_has_role(r.oid, o.oid, 'MEMBER')
  ) THEN
    RAISE EXCEPTION 'the role is a member of one with such powers';
  END IF;
  IF NOT has_database_privilege(r.oid, 'qualisys_master', 'CREATE') THEN
    RAISE EXCEPTION 'the role may not create schemas in its database';
  END IF;
  IF has_database_privilege('public', 'qualisys_master', 'CONNECT, TEMPORARY, CREATE') THEN
    RAISE EXCEPTION 'the database is open to everybody';
  END IF;
END
$init$;

-- Row security, as the role itself and rolled back: what holds an admin says nothing about it.
\if :init_verifier
  \warn 'Not checked: row security, because the variable holds a verifier and no password'
\else
  \setenv PGPASSWORD :app_user_password
  \connect "qualisys_master" "app_user"
  \setenv PGPASSWORD
  SET search_path = pg_catalog;
  BEGIN;
CREATE SCHEMA "pgtenant_row_security_check";
CREATE TABLE "pgtenant_row_security_check"."rows" ("tenant_id" uuid NOT NULL);
ALTER TABLE "pgtenant_row_security_check"."rows" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "pgtenant_row_security_check"."rows" FORCE ROW LEVEL SECURITY;
CREATE POLICY "tenant_isolation" ON "pgtenant_row_security_check"."rows" USING ("tenant_id" = (SELECT NULLIF(pg_catalog.current_setting('app.current_tenant', true), '')::uuid)) WITH CHECK ("tenant_id" = (SELECT NULLIF(pg_catalog.current_setting('app.current_tenant', true), '')::uuid));
DO $body$
DECLARE
  refused boolean := false;
BEGIN
  PERFORM pg_catalog.set_config('app.current_tenant', '00000000-0000-4000-8000-000000000001', true);
  INSERT INTO "pgtenant_row_security_check"."rows" ("tenant_id") VALUES ('00000000-0000-4000-8000-000000000001');
  PERFORM pg_catalog.set_config('app.current_tenant', '00000000-0000-4000-8000-000000000002', true);
  INSERT INTO "pgtenant_row_security_check"."rows" ("tenant_id") VALUES ('00000000-0000-4000-8000-000000000002');
  IF (SELECT pg_catalog.count(*) FROM "pgtenant_row_security_check"."rows") <> 1 THEN
    RAISE EXCEPTION 'a tenant sees rows of another one';
  END IF;
  BEGIN
    INSERT INTO "pgtenant_row_security_check"."rows" ("tenant_id") VALUES ('00000000-0000-4000-8000-000000000001');
  EXCEPTION WHEN insufficient_privilege THEN
    refused := true;
  END;
  IF NOT refused THEN
    RAISE EXCEPTION 'a tenant writes rows of another one';
  END IF;
  PERFORM pg_catalog.set_config('app.current_tenant', '', true);
  IF EXISTS (SELECT FROM "pgtenant_row_security_check"."rows") THEN
    RAISE EXCEPTION 'rows are seen without a tenant';
  END IF;
END
$body$;
  ROLLBACK;
\endif
\unset app_user_password
\echo 'The role and its database are as declared.'
