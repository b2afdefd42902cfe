-- pgtenant plan for dev. Plan: 4 to create, 2 to grant, 5 to alter, 3 to revoke · 3 entries blocked · 15 notes of drift · 2 entries as declared
--
-- A script for psql, to be read, or run where pgtenant can't be. `pgtenant apply` does the
-- same, and also takes the run lock, stops at a change since the plan, proves passwords
-- and writes the audit trail.
-- Blocked entries are left out; `--format text` says why.
--
-- No password is in here. Each verifier is a psql variable, to be set to the role's
-- SCRAM-SHA-256 verifier before the script runs (psql -v NAME=VALUE); unset, it is a
-- syntax error:
--   analytics_reader_verifier
--   keycloak_user_verifier
--
-- psql also logs in, with their own passwords, as:
--   keycloak_user

\set ON_ERROR_STOP on

-- analytics
\connect "platform" "platform_admin"
BEGIN;
ALTER ROLE "analytics_reader" NOCREATEDB CONNECTION LIMIT  -1;
ALTER ROLE "analytics_reader" PASSWORD :'analytics_reader_verifier';
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
GRANT "analytics_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "analytics_user";
REVOKE CONNECT, TEMPORARY ON DATABASE "analytics" FROM PUBLIC;
RESET ROLE;
REVOKE "analytics_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "analytics" "platform_admin"
BEGIN;
GRANT "analytics_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "analytics_user";
REVOKE CREATE ON SCHEMA "public" FROM PUBLIC;
GRANT SELECT ON TABLE "public"."fact_00", "public"."fact_01", "public"."fact_02", "public"."fact_03", "public"."fact_04", "public"."fact_05", "public"."fact_06", "public"."fact_07", "public"."fact_08", "public"."fact_09", "public"."fact_10", "public"."fact_11" TO "analytics_reader";
GRANT DELETE, INSERT, SELECT, UPDATE ON TABLE "public"."fact_00", "public"."fact_01", "public"."fact_02", "public"."fact_03", "public"."fact_04", "public"."fact_05", "public"."fact_06", "public"."fact_07", "public"."fact_08", "public"."fact_09", "public"."fact_10", "public"."fact_11" TO "analytics_writer";
RESET ROLE;
REVOKE "analytics_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;

-- backstage
\connect "platform" "platform_admin"
BEGIN;
GRANT "backstage_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "backstage_user";
REVOKE CONNECT, TEMPORARY ON DATABASE "backstage_plugin_app" FROM PUBLIC;
RESET ROLE;
REVOKE "backstage_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;

-- billing
\connect "platform" "platform_admin"
BEGIN;
GRANT "billing_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "billing_user";
ALTER DATABASE "billing" ALLOW_CONNECTIONS TRUE IS_TEMPLATE FALSE;
RESET ROLE;
REVOKE "billing_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;

-- keycloak
\connect "platform" "platform_admin"
BEGIN;
CREATE ROLE "keycloak_user" LOGIN CREATEDB PASSWORD :'keycloak_user_verifier';
COMMENT ON ROLE "keycloak_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"keycloak","creating":"keycloak"}';
COMMIT;
\connect "platform" "platform_admin"
CREATE DATABASE "keycloak" TEMPLATE template0 ALLOW_CONNECTIONS false;
\connect "platform" "platform_admin"
BEGIN;
GRANT "keycloak_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
REVOKE ALL ON DATABASE "keycloak" FROM PUBLIC;
ALTER DATABASE "keycloak" OWNER TO "keycloak_user";
SET LOCAL ROLE "keycloak_user";
GRANT CONNECT ON DATABASE "keycloak" TO "platform_admin";
COMMENT ON DATABASE "keycloak" IS '{"managed_by":"pgtenant","environment":"dev","entry":"keycloak"}';
ALTER DATABASE "keycloak" ALLOW_CONNECTIONS TRUE;
RESET ROLE;
COMMENT ON ROLE "keycloak_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"keycloak"}';
REVOKE "keycloak_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "keycloak" "keycloak_user"
BEGIN;
CREATE EXTENSION "pgcrypto";
COMMIT;
\connect "keycloak" "keycloak_user"
BEGIN;
SELECT pg_catalog.pg_advisory_xact_lock(8099569325639560545);
SELECT (pg_catalog.shobj_description(d.oid, 'pg_database') ~ '(?p)[{]"managed_by":"pgtenant",.*"initial_schema":".*[}]$') IS NOT TRUE FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database();
-- A basic application
CREATE TABLE users (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL
);
COMMENT ON DATABASE "keycloak" IS '{"managed_by":"pgtenant","environment":"dev","entry":"keycloak","initial_schema":"basic-app"}';
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
COMMENT ON ROLE "keycloak_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"keycloak","initial_schema":"basic-app"}';
COMMIT;
