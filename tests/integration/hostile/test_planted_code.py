"""Code that an owner has planted in its database before the admin comes in: none of it runs."""

from __future__ import annotations

from support.instance import Instance
from support.project import Project
from support.siege import SHOP, as_tenant, ask, holds, standing

SPY = """
CREATE TABLE public.spied (place text, who text, session text);
GRANT ALL ON public.spied TO PUBLIC;
CREATE FUNCTION public.spy(place text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.spied VALUES (place, current_user, session_user);
    BEGIN
        EXECUTE 'RESET ROLE';
        EXECUTE 'ALTER ROLE shop_user CREATEROLE';
    EXCEPTION WHEN OTHERS THEN
        NULL;
    END;
    RETURN true;
END $$;
"""

SHADOWS = """
CREATE FUNCTION public.pg_get_userbyid(oid) RETURNS name LANGUAGE sql
    AS $$ SELECT 'spied'::name FROM public.spy('function') $$;
CREATE FUNCTION public.pg_has_role(oid, oid, text) RETURNS boolean LANGUAGE sql
    AS $$ SELECT public.spy('function') $$;
CREATE FUNCTION public.aclexplode(aclitem[], OUT grantor oid, OUT grantee oid,
    OUT privilege_type text, OUT is_grantable boolean) RETURNS SETOF record LANGUAGE sql
    AS $$ SELECT 0::oid, 0::oid, 'X', public.spy('function') $$;
CREATE FUNCTION public.set_config(text, text, boolean) RETURNS text LANGUAGE sql
    AS $$ SELECT public.spy('function')::text $$;
CREATE FUNCTION public.pg_current_xact_id() RETURNS xid8 LANGUAGE sql
    AS $$ SELECT '1'::xid8 FROM public.spy('function') $$;
CREATE FUNCTION public.same(name, name) RETURNS boolean LANGUAGE sql
    AS $$ SELECT public.spy('operator') $$;
CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = name, FUNCTION = public.same);
CREATE OPERATOR public.<> (LEFTARG = name, RIGHTARG = name, FUNCTION = public.same);
CREATE FUNCTION public.same(oid, oid) RETURNS boolean LANGUAGE sql
    AS $$ SELECT public.spy('operator') $$;
CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = public.same);
CREATE VIEW public.pg_roles AS SELECT 10::oid AS oid, 'x'::name AS rolname, public.spy('view');
CREATE VIEW public.pg_class AS SELECT public.spy('view');
CREATE VIEW public.pg_namespace AS SELECT public.spy('view');
CREATE VIEW public.pg_database AS SELECT public.spy('view');
CREATE SCHEMA "PG_CATALOG";
CREATE VIEW "PG_CATALOG".pg_class AS SELECT public.spy('lookalike');
CREATE SCHEMA "platform_admin";
CREATE VIEW "platform_admin".pg_class AS SELECT public.spy('user schema');
"""

OBJECTS = """
CREATE DOMAIN public.checked AS text CHECK (public.spy('domain') OR VALUE IS NULL);
CREATE TABLE public.trap (
    a text DEFAULT public.spy('default')::text,
    b public.checked,
    c text GENERATED ALWAYS AS (public.pure('x')) STORED
);
INSERT INTO public.trap (a) VALUES ('x');
CREATE INDEX ON public.trap (public.pure(a));
ALTER TABLE public.trap ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON public.trap USING (public.spy('policy'));
CREATE RULE r AS ON UPDATE TO public.trap DO ALSO SELECT public.spy('rule');
CREATE MATERIALIZED VIEW public.seen_once AS SELECT 1 AS one WHERE public.pure('m') = 'm';
CREATE FUNCTION public.on_trap() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM public.spy('trigger'); RETURN NULL; END $$;
CREATE TRIGGER t AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON public.trap
    EXECUTE FUNCTION public.on_trap();
TRUNCATE public.spied;
ALTER DATABASE shop SET search_path = public, "PG_CATALOG", pg_catalog;
ALTER ROLE shop_user SET search_path = public, "PG_CATALOG", pg_catalog;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM shop_reader;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM shop_reader;
GRANT CREATE ON SCHEMA public TO PUBLIC;
GRANT SELECT ON public.pg_class, public.pg_roles, public.pg_namespace TO PUBLIC;
GRANT USAGE ON SCHEMA "PG_CATALOG", "platform_admin" TO PUBLIC;
GRANT SELECT ON "PG_CATALOG".pg_class, "platform_admin".pg_class TO PUBLIC;
GRANT CONNECT ON DATABASE shop TO PUBLIC;
"""

PURE = """
CREATE FUNCTION public.pure(x text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.spied VALUES ('index', current_user, session_user);
    RETURN x;
EXCEPTION WHEN OTHERS THEN
    RETURN x;
END $$;
"""


def test_an_apply_runs_nothing_that_a_tenant_has_planted(
    project: Project, instance: Instance
) -> None:
    project.write(SHOP)
    project.converge()
    as_tenant(instance, "shop_user", "shop", SPY.encode(), SHADOWS.encode(), PURE.encode())
    as_tenant(instance, "shop_user", "shop", OBJECTS.encode())
    # The trap is set: whoever looks without armour runs it.
    assert as_tenant(instance, "shop_user", "shop", "SELECT * FROM pg_class")
    assert ask(instance, "SELECT count(*) > 0 FROM public.spied", "shop") == [(True,)]
    ask(instance, "TRUNCATE public.spied", "shop")
    project.converge()
    assert project.plan("--detailed-exitcode").code == 0
    assert ask(instance, "SELECT DISTINCT place, who FROM public.spied", "shop") == []
    assert holds(instance, "shop_reader", "public.trap", "SELECT", "shop")
    assert standing(instance) == []
    flags = "SELECT rolcreaterole, rolsuper FROM pg_roles WHERE rolname = 'shop_user'"
    assert instance.su(flags) == [(False, False)]
