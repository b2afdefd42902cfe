\set ON_ERROR_STOP on

-- crm
\connect "platform" "platform_admin"
BEGIN;
ALTER ROLE "crm_user" PASSWORD NULL;
GRANT "rds_iam" TO "crm_user";
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","auth":"iam"}';
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
CREATE ROLE "crm_etl" LOGIN;
GRANT "rds_iam" TO "crm_etl";
COMMENT ON ROLE "crm_etl" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm-etl","access_level":"editor","auth":"iam"}';
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
REVOKE "rds_iam" FROM "crm_ro";
ALTER ROLE "crm_ro" PASSWORD :'crm_ro_verifier';
COMMENT ON ROLE "crm_ro" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm-ro","access_level":"reader"}';
COMMIT;
