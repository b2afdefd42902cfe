\set ON_ERROR_STOP on

-- crm
\connect "platform" "platform_admin"
BEGIN;
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
REVOKE CONNECT, TEMPORARY ON DATABASE "crm_plugin_app" FROM PUBLIC;
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
REVOKE CONNECT, TEMPORARY ON DATABASE "x""; drop role crm_user; --
\! ls" FROM PUBLIC;
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
