\set ON_ERROR_STOP on

-- crm
\connect "platform" "platform_admin"
BEGIN;
ALTER ROLE "crm_user_b" NOCREATEDB;
GRANT "crm_user" TO "crm_user_b" WITH INHERIT TRUE, SET TRUE;
ALTER ROLE "crm_user_b" IN DATABASE "crm" RESET "role";
ALTER ROLE "crm_user_b" SET "role" TO 'crm_user';
ALTER ROLE "crm_user_b" SET "search_path" TO 'app', '$user', 'it''s "x"';
ALTER ROLE "crm_user_b" IN DATABASE "crm" SET "statement_timeout" TO '5s';
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
SET LOCAL ROLE "crm_user_b";
REASSIGN OWNED BY "crm_user_b" TO "crm_user";
RESET ROLE;
REVOKE "crm_user_b" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "crm_plugin" "platform_admin"
BEGIN;
GRANT "crm_user_b" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user_b";
REASSIGN OWNED BY "crm_user_b" TO "crm_user";
RESET ROLE;
REVOKE "crm_user_b" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
