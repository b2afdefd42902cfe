\set ON_ERROR_STOP on

-- crm
\connect "platform" "platform_admin"
BEGIN;
REVOKE "crm_user" FROM "crm_ro";
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
REVOKE CREATE ON DATABASE "crm" FROM "crm_ro";
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "crm" "platform_admin"
BEGIN;
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
GRANT SELECT ON TABLE "Sales"."Weird ""name""", "Sales"."orders", "Sales"."x'; --" TO "crm_ro";
REVOKE GRANT OPTION FOR SELECT ON TABLE "Sales"."Weird ""name""", "Sales"."orders", "Sales"."x'; --" FROM "crm_etl" CASCADE;
REVOKE TRUNCATE ON TABLE "Sales"."Weird ""name""", "Sales"."orders", "Sales"."x'; --" FROM "crm_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "crm_user" REVOKE EXECUTE ON ROUTINES FROM "crm_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "crm_user" IN SCHEMA "Sales" REVOKE INSERT ON TABLES FROM "crm_ro";
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
