\set ON_ERROR_STOP on

-- crm
\connect "platform" "platform_admin"
BEGIN;
CREATE ROLE "crm_etl" LOGIN PASSWORD :'crm_etl_verifier';
COMMENT ON ROLE "crm_etl" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm-etl","access_level":"editor"}';
CREATE ROLE "crm_ro" LOGIN PASSWORD :'crm_ro_verifier';
COMMENT ON ROLE "crm_ro" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm-ro","access_level":"reader"}';
COMMIT;
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
COMMENT ON ROLE "crm_user" IS 'Ask the CRM team.
{"managed_by":"pgtenant","environment":"dev","entry":"crm"}';
SET LOCAL ROLE "crm_user";
GRANT CONNECT ON DATABASE "crm" TO "crm_etl";
GRANT CONNECT ON DATABASE "crm" TO "crm_ro";
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
\connect "crm" "platform_admin"
BEGIN;
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
ALTER DEFAULT PRIVILEGES FOR ROLE "crm_user" GRANT USAGE ON SCHEMAS TO "crm_etl";
ALTER DEFAULT PRIVILEGES FOR ROLE "crm_user" GRANT DELETE, INSERT, SELECT, UPDATE ON TABLES TO "crm_etl";
ALTER DEFAULT PRIVILEGES FOR ROLE "crm_user" GRANT SELECT, USAGE ON SEQUENCES TO "crm_etl";
GRANT USAGE ON SCHEMA "public" TO "crm_etl";
ALTER DEFAULT PRIVILEGES FOR ROLE "crm_user" GRANT USAGE ON SCHEMAS TO "crm_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "crm_user" GRANT SELECT ON TABLES TO "crm_ro";
ALTER DEFAULT PRIVILEGES FOR ROLE "crm_user" GRANT SELECT ON SEQUENCES TO "crm_ro";
GRANT USAGE ON SCHEMA "public" TO "crm_ro";
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
