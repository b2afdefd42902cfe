\set ON_ERROR_STOP on

-- crm
\connect "platform" "platform_admin"
BEGIN;
ALTER ROLE "crm_user" CONNECTION LIMIT 40;
COMMIT;
\connect "platform" "platform_admin"
BEGIN;
CREATE ROLE "crm_user_b" LOGIN CONNECTION LIMIT 40;
GRANT "crm_user" TO "crm_user_b";
ALTER ROLE "crm_user_b" SET "role" TO 'crm_user';
COMMENT ON ROLE "crm_user_b" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","second_of":"crm_user"}';
CREATE ROLE "crm_ro_b" LOGIN;
GRANT "crm_ro" TO "crm_ro_b";
ALTER ROLE "crm_ro_b" SET "role" TO 'crm_ro';
COMMENT ON ROLE "crm_ro_b" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm-ro","second_of":"crm_ro"}';
COMMIT;
