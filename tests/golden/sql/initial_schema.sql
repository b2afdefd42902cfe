\set ON_ERROR_STOP on

-- crm
\connect "platform" "platform_admin"
BEGIN;
CREATE ROLE "crm_user" LOGIN CREATEDB PASSWORD :'crm_user_verifier';
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","creating":"crm"}';
COMMIT;
\connect "platform" "platform_admin"
CREATE DATABASE "crm" TEMPLATE template0 ALLOW_CONNECTIONS false;
\connect "platform" "platform_admin"
BEGIN;
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
REVOKE ALL ON DATABASE "crm" FROM PUBLIC;
ALTER DATABASE "crm" OWNER TO "crm_user";
SET LOCAL ROLE "crm_user";
GRANT CONNECT ON DATABASE "crm" TO "platform_admin";
COMMENT ON DATABASE "crm" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm"}';
ALTER DATABASE "crm" ALLOW_CONNECTIONS TRUE;
RESET ROLE;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm"}';
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "crm" "crm_user"
BEGIN;
CREATE EXTENSION "hstore";
COMMIT;
\connect "crm" "crm_user"
BEGIN;
SELECT pg_catalog.pg_advisory_xact_lock(8099569325639560545);
SELECT (pg_catalog.shobj_description(d.oid, 'pg_database') ~ '(?p)[{]"managed_by":"pgtenant",.*"initial_schema":".*[}]$') IS NOT TRUE FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database();
CREATE TABLE public.users (id bigint);
-- the end
;
COMMENT ON DATABASE "crm" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","initial_schema":"basic-app"}';
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","initial_schema":"basic-app"}';
COMMIT;
