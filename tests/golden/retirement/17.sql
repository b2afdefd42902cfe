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
CREATE ROLE "pgtenant_dump_c0ffee" LOGIN INHERIT PASSWORD :'pgtenant_dump_c0ffee_verifier';
COMMENT ON ROLE "pgtenant_dump_c0ffee" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm/dump"}';
GRANT "crm_user" TO "pgtenant_dump_c0ffee" WITH INHERIT TRUE, SET TRUE;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm","window":true,"dump":"c0ffee"}}';
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
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm","window":true,"dump":"c0ffee","unforced":[17,18]}}';
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
ALTER ROLE "pgtenant_dump_c0ffee" NOLOGIN;
SET LOCAL ROLE "crm_user";
ALTER DATABASE "crm" ALLOW_CONNECTIONS FALSE;
RESET ROLE;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm","dump":"c0ffee"}}';
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in crm
GRANT "crm_user" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
SET LOCAL ROLE "crm_user";
ALTER TABLE "tenant_a"."orders" FORCE ROW LEVEL SECURITY;
ALTER TABLE "public"."Weird ""name""" FORCE ROW LEVEL SECURITY;
RESET ROLE;
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm","dump":"c0ffee"}}';
REVOKE "crm_user" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
GRANT "pgtenant_dump_c0ffee" TO "platform_admin" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER;
DROP OWNED BY "pgtenant_dump_c0ffee" RESTRICT;
REVOKE "pgtenant_dump_c0ffee" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
DROP ROLE "pgtenant_dump_c0ffee";

-- the proof of a dump

-- in the maintenance database
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm","dump":"c0ffee"}}';
CREATE ROLE "pgtenant_proof_c0ffee" LOGIN INHERIT PASSWORD :'pgtenant_proof_c0ffee_verifier';
COMMENT ON ROLE "pgtenant_proof_c0ffee" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm/dump"}';

-- in the maintenance database
CREATE DATABASE "pgtenant_proof_c0ffee" TEMPLATE template0 ALLOW_CONNECTIONS false ENCODING 'UTF8' LC_COLLATE 'C''';

-- in the maintenance database
GRANT "pgtenant_proof_c0ffee" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
REVOKE ALL ON DATABASE "pgtenant_proof_c0ffee" FROM PUBLIC;
ALTER DATABASE "pgtenant_proof_c0ffee" OWNER TO "pgtenant_proof_c0ffee";
SET LOCAL ROLE "pgtenant_proof_c0ffee";
ALTER DATABASE "pgtenant_proof_c0ffee" ALLOW_CONNECTIONS TRUE;
RESET ROLE;
REVOKE "pgtenant_proof_c0ffee" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
GRANT "pgtenant_proof_c0ffee" TO "platform_admin" WITH INHERIT FALSE, SET TRUE GRANTED BY CURRENT_USER;
ALTER ROLE "pgtenant_proof_c0ffee" NOLOGIN;
SET LOCAL ROLE "pgtenant_proof_c0ffee";
ALTER DATABASE "pgtenant_proof_c0ffee" ALLOW_CONNECTIONS FALSE;
RESET ROLE;
REVOKE "pgtenant_proof_c0ffee" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
GRANT "pgtenant_proof_c0ffee" TO "platform_admin" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER;
ALTER DATABASE "pgtenant_proof_c0ffee" OWNER TO "platform_admin";
REVOKE "pgtenant_proof_c0ffee" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
DROP DATABASE "pgtenant_proof_c0ffee";

-- in the maintenance database
GRANT "pgtenant_proof_c0ffee" TO "platform_admin" WITH INHERIT TRUE, SET TRUE GRANTED BY CURRENT_USER;
DROP OWNED BY "pgtenant_proof_c0ffee" RESTRICT;
REVOKE "pgtenant_proof_c0ffee" FROM "platform_admin" GRANTED BY CURRENT_USER;

-- in the maintenance database
DROP ROLE "pgtenant_proof_c0ffee";

-- in the maintenance database
COMMENT ON ROLE "crm_user" IS '{"managed_by":"pgtenant","environment":"dev","entry":"crm","retired":{"at":"2026-11-21T22:00:00Z","entry":"crm","database":"crm"}}';

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
