\set ON_ERROR_STOP on

-- crm
\connect "platform" "platform_admin"
BEGIN;
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
ALTER DATABASE "crm" ALLOW_CONNECTIONS TRUE CONNECTION LIMIT  -1 IS_TEMPLATE FALSE;
REVOKE TEMPORARY ON DATABASE "crm" FROM PUBLIC;
REVOKE GRANT OPTION FOR CONNECT ON DATABASE "crm" FROM "crm_ro" CASCADE;
GRANT CONNECT ON DATABASE "crm" TO "platform_admin";
GRANT CONNECT, TEMPORARY ON DATABASE "crm" TO "crm_user";
GRANT CONNECT ON DATABASE "crm" TO "crm_etl";
COMMENT ON DATABASE "crm" IS  E'It''s \\ mine; --
{"managed_by":"pgtenant","environment":"dev","entry":"crm"}';
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
COMMIT;
