\set ON_ERROR_STOP on

-- crm
\connect "crm" "platform_admin"
BEGIN;
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
REVOKE DELETE, INSERT, UPDATE ON TABLE "Sales"."Weird ""name""", "Sales"."orders", "Sales"."x'; --" FROM "crm_etl";
ALTER DEFAULT PRIVILEGES FOR ROLE "crm_user" REVOKE USAGE ON SEQUENCES FROM "crm_etl";
ALTER DEFAULT PRIVILEGES FOR ROLE "crm_user" REVOKE DELETE, INSERT, UPDATE ON TABLES FROM "crm_etl";
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
COMMENT ON ROLE "crm_etl" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm-etl","access_level":"reader"}';
COMMIT;
