-- disable

-- in the maintenance database
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm"}}';
ALTER ROLE "crm_user" NOLOGIN;
COMMENT ON ROLE "crm_etl" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm-etl","access_level":"editor","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm"}}';
ALTER ROLE "crm_etl" NOLOGIN;
COMMENT ON ROLE "crm_ro" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm-ro","access_level":"reader","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm"}}';
ALTER ROLE "crm_ro" NOLOGIN;
SET LOCAL ROLE "crm_user";
ALTER DATABASE "crm" ALLOW_CONNECTIONS FALSE;
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- undo

-- in the maintenance database
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
ALTER ROLE "crm_user" LOGIN;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm"}';
ALTER ROLE "crm_etl" LOGIN;
COMMENT ON ROLE "crm_etl" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm-etl","access_level":"editor"}';
ALTER ROLE "crm_ro" LOGIN;
COMMENT ON ROLE "crm_ro" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm-ro","access_level":"reader"}';
SET LOCAL ROLE "crm_user";
ALTER DATABASE "crm" ALLOW_CONNECTIONS TRUE;
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- the window of a dump

-- in the maintenance database
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
CREATE ROLE "pgtenant_dump_e6007a38a888" LOGIN INHERIT PASSWORD :'pgtenant_dump_e6007a38a888_verifier';
COMMENT ON ROLE "pgtenant_dump_e6007a38a888" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm/dump"}';
GRANT "crm_user" TO "pgtenant_dump_e6007a38a888" WITH INHERIT TRUE, SET TRUE;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm","window":true}}';
SET LOCAL ROLE "crm_user";
ALTER DATABASE "crm" ALLOW_CONNECTIONS TRUE;
RESET ROLE;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in crm
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
ALTER TABLE "tenant_a"."orders" NO FORCE ROW LEVEL SECURITY;
ALTER TABLE "public"."Weird ""name""" NO FORCE ROW LEVEL SECURITY;
RESET ROLE;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm","window":true,"unforced":[17,18]}}';
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
CREATE DATABASE "pgtenant_proof_e6007a38a888" TEMPLATE template0 ALLOW_CONNECTIONS false ENCODING 'UTF8' LC_COLLATE 'C''';

-- in the maintenance database
GRANT "pgtenant_dump_e6007a38a888" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
REVOKE ALL ON DATABASE "pgtenant_proof_e6007a38a888" FROM PUBLIC;
ALTER DATABASE "pgtenant_proof_e6007a38a888" OWNER TO "pgtenant_dump_e6007a38a888";
SET LOCAL ROLE "pgtenant_dump_e6007a38a888";
ALTER DATABASE "pgtenant_proof_e6007a38a888" ALLOW_CONNECTIONS TRUE;
RESET ROLE;
REVOKE "pgtenant_dump_e6007a38a888" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
GRANT "pgtenant_dump_e6007a38a888" TO "platform_admin" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER;
ALTER DATABASE "pgtenant_proof_e6007a38a888" OWNER TO "platform_admin";
REVOKE "pgtenant_dump_e6007a38a888" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
DROP DATABASE "pgtenant_proof_e6007a38a888";

-- in crm
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
ALTER TABLE "tenant_a"."orders" FORCE ROW LEVEL SECURITY;
ALTER TABLE "public"."Weird ""name""" FORCE ROW LEVEL SECURITY;
RESET ROLE;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm","window":true}}';
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
ALTER DATABASE "crm" ALLOW_CONNECTIONS FALSE;
RESET ROLE;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm"}}';
DROP ROLE "pgtenant_dump_e6007a38a888";
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- drop

-- in erp
GRANT "crm_etl" TO "platform_admin" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER;
GRANT "crm_ro" TO "platform_admin" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER;
GRANT "crm_user" TO "platform_admin" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER;
GRANT "erp_user" TO "platform_admin" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER;
DROP OWNED BY "crm_ro" RESTRICT;
DROP OWNED BY "crm_user" RESTRICT;
REVOKE "erp_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;
REVOKE "crm_ro" FROM "platform_admin" GRANTED BY CURRENT_USER;
REVOKE "crm_etl" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
GRANT "crm_user" TO "platform_admin" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm","dropping":true}}';
ALTER DATABASE "crm" OWNER TO "platform_admin";
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
DROP DATABASE "crm";

-- in the maintenance database
DROP ROLE "crm_etl";
DROP ROLE "crm_ro";
DROP ROLE "crm_user";
