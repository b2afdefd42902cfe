\set ON_ERROR_STOP on

-- platform
\connect "platform" "platform_admin"
BEGIN;
SET LOCAL ROLE "platform_admin";
REVOKE CONNECT, TEMPORARY ON DATABASE "platform" FROM PUBLIC;
RESET ROLE;
COMMIT;
