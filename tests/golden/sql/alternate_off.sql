\set ON_ERROR_STOP on

-- crm
\connect "platform" "platform_admin"
BEGIN;
ALTER ROLE "crm_user" CONNECTION LIMIT  -1;
ALTER ROLE "crm_user_b" NOLOGIN;
GRANT "crm_user" TO "crm_user_b" WITH INHERIT TRUE, SET TRUE;
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
ALTER ROLE "crm_ro_b" NOLOGIN;
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
GRANT CONNECT ON DATABASE "crm_plugin" TO "platform_admin";
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "crm" "platform_admin"
BEGIN;
GRANT "crm_user_b" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE usename = 'crm_user_b');
SET LOCAL ROLE "crm_user_b";
REASSIGN OWNED BY "crm_user_b" TO "crm_user";
DROP OWNED BY "crm_user_b" RESTRICT;
RESET ROLE;
REVOKE "crm_user_b" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "crm_plugin" "platform_admin"
BEGIN;
GRANT "crm_user_b" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE usename = 'crm_user_b');
SET LOCAL ROLE "crm_user_b";
REASSIGN OWNED BY "crm_user_b" TO "crm_user";
DROP OWNED BY "crm_user_b" RESTRICT;
RESET ROLE;
REVOKE "crm_user_b" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
GRANT "crm_user_b" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE usename = 'crm_user_b');
SET LOCAL ROLE "crm_user_b";
REASSIGN OWNED BY "crm_user_b" TO "crm_user";
DROP OWNED BY "crm_user_b" RESTRICT;
RESET ROLE;
REVOKE "crm_user_b" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE usename = 'crm_user_b');
DROP ROLE "crm_user_b";
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity WHERE usename = 'crm_ro_b');
DROP ROLE "crm_ro_b";
COMMIT;
