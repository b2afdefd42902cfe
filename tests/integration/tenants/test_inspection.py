"""What keeps tenants apart is read off a real server, and what does not is found."""

from __future__ import annotations

import psycopg
import pytest

from integration.tenants.conftest import DATABASE, OWNER, PASSWORD, Tenants
from pgtenant.planning.tenants.findings import Problem

COLUMNS = ("uuid", "text", "varchar", "varchar(40)", "bigint", "integer", "smallint")


@pytest.mark.every_major
def test_tenants_as_they_should_be(tenants: Tenants) -> None:
    assert tenants.judge() == ()
    found = tenants.look()
    assert [schema.name for schema in found.schemas] == ["tenant_a", "tenant_b"]
    assert [group.names for group in found.relations] == [
        (("tenant_a", "customers"), ("tenant_b", "customers")),
        (("tenant_a", "orders"), ("tenant_b", "orders")),
    ]


@pytest.mark.every_major
def test_the_policy_of_each_type_is_known_again(tenants: Tenants) -> None:
    for number, column in enumerate(COLUMNS):
        tenants.run(f"CREATE TABLE tenant_a.t{number} (tenant_id {column} PRIMARY KEY)")
    assert tenants.problems() == {
        Problem.NO_ROW_SECURITY,
        Problem.NOT_FORCED,
        Problem.NO_POLICY,
    }
    tenants.mend()
    assert tenants.judge() == ()
    before = tenants.look()
    tenants.mend()
    assert tenants.look() == before


def test_a_later_table_is_found_and_mended(tenants: Tenants) -> None:
    tenants.run("CREATE TABLE tenant_b.notes (tenant_id uuid PRIMARY KEY, text text)")
    assert all(finding.names == (("tenant_b", "notes"),) for finding in tenants.judge())
    assert all(finding.ours for finding in tenants.judge())
    tenants.mend()
    assert tenants.judge() == ()


@pytest.mark.every_major
def test_the_policy_isolates(tenants: Tenants) -> None:
    one, two = ("00000000-0000-0000-0000-00000000000" + digit for digit in "12")
    row = "INSERT INTO tenant_a.customers VALUES ('{}', {}, 'x')"
    count = "SELECT count(*) FROM tenant_a.customers"
    with tenants.instance.connect(OWNER, PASSWORD, DATABASE) as session:
        assert session.execute(count).fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(row.format(one, 1))  # no tenant
        for tenant in (one, two):
            with session.transaction():
                session.execute(f"SET LOCAL app.current_tenant = '{tenant}'")
                session.execute(row.format(tenant, 1))
                assert session.execute(count).fetchone() == (1,)
        assert session.execute(count).fetchone() == (0,)  # empty by now, not missing
        with session.transaction(force_rollback=True):
            session.execute(f"SET LOCAL app.current_tenant = '{one}'")
            with pytest.raises(psycopg.errors.InsufficientPrivilege), session.transaction():
                session.execute(row.format(two, 2))
            with pytest.raises(psycopg.errors.InsufficientPrivilege), session.transaction():
                session.execute(f"UPDATE tenant_a.customers SET tenant_id = '{two}'")
            plan = str(session.execute(f"EXPLAIN {count}").fetchall())
    assert "InitPlan" in plan


def test_a_setting_that_is_too_long_is_nobodys(tenants: Tenants) -> None:
    tenants.run("CREATE TABLE tenant_a.short (tenant_id varchar(4) PRIMARY KEY)")
    tenants.mend()
    with tenants.instance.connect(OWNER, PASSWORD, DATABASE) as session:
        for value, seen in (("acme", 1), ("acme-corp", 0)):
            with session.transaction():
                session.execute(f"SET LOCAL app.current_tenant = '{value}'")
                if seen:
                    session.execute("INSERT INTO tenant_a.short VALUES ('acme')")
                rows = session.execute("SELECT count(*) FROM tenant_a.short").fetchone()
            assert rows == (seen,)


OTHER_ID = "ALTER TABLE tenant_a.orders ADD COLUMN other uuid"
MADE = {
    "no tenant column": (["CREATE TABLE tenant_a.t (id int)"], Problem.NO_COLUMN),
    "a domain": (
        ["CREATE DOMAIN public.d AS text", "CREATE TABLE tenant_a.t (tenant_id public.d)"],
        Problem.COLUMN_TYPE,
    ),
    "a loose collation": (
        [
            (
                "CREATE COLLATION public.loose"
                " (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
            ),
            "CREATE TABLE tenant_a.t (tenant_id text COLLATE public.loose PRIMARY KEY)",
        ],
        Problem.COLUMN_TYPE,
    ),
    "row security off": (
        ["ALTER TABLE tenant_a.orders DISABLE ROW LEVEL SECURITY"],
        Problem.NO_ROW_SECURITY,
    ),
    "not forced": (
        ["ALTER TABLE tenant_a.orders NO FORCE ROW LEVEL SECURITY"],
        Problem.NOT_FORCED,
    ),
    "no policy": (["DROP POLICY tenant_isolation ON tenant_a.orders"], Problem.NO_POLICY),
    "a policy for some": (
        [f"ALTER POLICY tenant_isolation ON tenant_a.orders TO {OWNER}"],
        Problem.POLICY_PARTIAL,
    ),
    "the story's policy": (
        [
            (
                "ALTER POLICY tenant_isolation ON tenant_a.orders"
                " USING (tenant_id = current_setting('app.current_tenant')::uuid)"
            )
        ],
        Problem.POLICY_WEAK,
    ),
    "a policy that lets all through": (
        ["ALTER POLICY tenant_isolation ON tenant_a.orders WITH CHECK (true)"],
        Problem.POLICY_UNKNOWN,
    ),
    "a planted function": (
        [
            (
                "CREATE FUNCTION public.current_setting(text, boolean) RETURNS text"
                " LANGUAGE sql STABLE AS $$SELECT 'x'$$"
            ),
            (
                "ALTER POLICY tenant_isolation ON tenant_a.orders USING (tenant_id ="
                " (SELECT NULLIF(public.current_setting('app.current_tenant', true), '')::uuid))"
            ),
        ],
        Problem.POLICY_UNKNOWN,
    ),
    "a planted operator": (
        [
            (
                "CREATE FUNCTION public.yes(uuid, uuid) RETURNS boolean"
                " LANGUAGE sql AS $$SELECT true$$"
            ),
            "CREATE OPERATOR public.= (FUNCTION = public.yes, LEFTARG = uuid, RIGHTARG = uuid)",
            (
                "ALTER POLICY tenant_isolation ON tenant_a.orders USING (tenant_id"
                " OPERATOR(public.=)"
                " (SELECT NULLIF(current_setting('app.current_tenant', true), '')::uuid))"
            ),
        ],
        Problem.POLICY_UNKNOWN,
    ),
    "another policy": (
        ["CREATE POLICY beside ON tenant_a.orders FOR SELECT USING (true)"],
        Problem.POLICY_BESIDE,
    ),
    "no index": (
        ["ALTER TABLE tenant_a.orders DROP CONSTRAINT orders_pkey"],
        Problem.NO_INDEX,
    ),
    "truncate": (
        ["GRANT TRUNCATE ON tenant_a.orders TO PUBLIC"],
        Problem.BEYOND_POLICIES,
    ),
    "a unique key": ([f"{OTHER_ID} UNIQUE"], Problem.KEY),
    "a unique index": (
        ["CREATE UNIQUE INDEX ON tenant_a.customers (lower(name))"],
        Problem.KEY,
    ),
    "a key that only includes it": (
        ["CREATE UNIQUE INDEX ON tenant_a.customers (name) INCLUDE (tenant_id)"],
        Problem.KEY,
    ),
    "a foreign key outside": (
        [
            "CREATE TABLE public.plans (id uuid PRIMARY KEY)",
            f"{OTHER_ID} REFERENCES public.plans",
        ],
        Problem.FOREIGN_KEY_OUTSIDE,
    ),
    "a foreign key to another tenant": (
        [
            (
                "ALTER TABLE tenant_a.orders ADD FOREIGN KEY (tenant_id, customer)"
                " REFERENCES tenant_b.customers (tenant_id, id)"
            )
        ],
        Problem.FOREIGN_KEY_OTHER_TENANT,
    ),
    "a partition elsewhere": (
        [
            "CREATE TABLE tenant_a.t (tenant_id uuid PRIMARY KEY) PARTITION BY LIST (tenant_id)",
            "CREATE TABLE public.t PARTITION OF tenant_a.t DEFAULT",
        ],
        Problem.INHERITANCE,
    ),
    "a partition of a table elsewhere": (
        [
            "CREATE TABLE public.t (tenant_id uuid PRIMARY KEY) PARTITION BY LIST (tenant_id)",
            "CREATE TABLE tenant_a.t PARTITION OF public.t DEFAULT",
        ],
        Problem.INHERITANCE,
    ),
    "a child of another tenant's table": (
        ["CREATE TABLE tenant_a.t (PRIMARY KEY (tenant_id, id)) INHERITS (tenant_b.customers)"],
        Problem.INHERITANCE,
    ),
    "a shared sequence": (
        [
            "CREATE SEQUENCE public.numbers",
            "ALTER TABLE tenant_a.orders ALTER id SET DEFAULT nextval('public.numbers')",
        ],
        Problem.SEQUENCE,
    ),
    "a sequence by its name": (
        [
            "CREATE SEQUENCE public.numbers",
            "ALTER TABLE tenant_a.orders ALTER id SET DEFAULT nextval('public.numbers'::text)",
        ],
        Problem.SEQUENCE_BY_NAME,
    ),
    "a rule": (
        ["CREATE RULE also AS ON DELETE TO tenant_a.orders DO ALSO SELECT 1"],
        Problem.RULE,
    ),
    "references on a column": (
        ["GRANT REFERENCES (id) ON tenant_a.orders TO PUBLIC"],
        Problem.BEYOND_POLICIES,
    ),
    "a materialized view": (
        ["CREATE MATERIALIZED VIEW tenant_a.m AS SELECT * FROM tenant_a.orders"],
        Problem.MATERIALIZED_VIEW,
    ),
    "a materialized view of a view elsewhere": (
        [
            "CREATE VIEW public.v WITH (security_invoker = on) AS SELECT * FROM tenant_a.orders",
            "CREATE MATERIALIZED VIEW public.m AS SELECT * FROM public.v",
        ],
        Problem.MATERIALIZED_VIEW,
    ),
    "a view": (["CREATE VIEW tenant_a.v AS SELECT 1"], Problem.VIEW_OWNER),
    "a view elsewhere": (
        ["CREATE VIEW public.v AS SELECT * FROM tenant_a.orders"],
        Problem.VIEW_OWNER,
    ),
    "a definer without a path": (
        ["CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'"],
        Problem.FUNCTION_PATH,
    ),
    "an open schema": (["GRANT USAGE ON SCHEMA tenant_a TO PUBLIC"], Problem.SCHEMA_OPEN),
}


def test_what_the_owner_can_do(tenants: Tenants) -> None:
    missed = {}
    for name, (statements, problem) in MADE.items():
        found, left = tenants.trying(statements)
        mended = {finding.problem for finding in found if finding.ours}
        if problem not in {finding.problem for finding in found}:
            missed[name] = found
        assert mended.isdisjoint(finding.problem for finding in left), name
        assert problem in mended | {finding.problem for finding in left}, name
    assert missed == {}
    assert tenants.judge() == ()


def test_a_foreign_key_without_the_tenant(tenants: Tenants) -> None:
    tenants.run(
        "CREATE TABLE tenant_a.t (tenant_id uuid, id int PRIMARY KEY)",
        "CREATE TABLE tenant_a.u (tenant_id uuid, t int REFERENCES tenant_a.t)",
    )
    tenants.mend()
    assert tenants.problems() == {Problem.KEY, Problem.FOREIGN_KEY, Problem.NO_INDEX}


def test_partitions_are_judged_by_themselves(tenants: Tenants) -> None:
    tenants.run(
        "CREATE TABLE tenant_a.events (tenant_id uuid, at date, PRIMARY KEY (tenant_id, at))"
        " PARTITION BY RANGE (at)",
    )
    tenants.mend()
    tenants.run(
        "CREATE TABLE tenant_a.events_2026 PARTITION OF tenant_a.events"
        " FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"
    )
    found = tenants.judge()
    assert {finding.names for finding in found} == {(("tenant_a", "events_2026"),)}
    tenants.mend()
    assert tenants.judge() == ()


def test_what_takes_a_superuser(tenants: Tenants) -> None:
    su = tenants.instance.su
    su("CREATE VIEW public.v AS SELECT * FROM tenant_a.orders", dbname=DATABASE)
    su(
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SECURITY DEFINER"
        " SET search_path = pg_catalog AS 'SELECT 1'",
        dbname=DATABASE,
    )
    su("CREATE TABLE tenant_a.t (tenant_id uuid PRIMARY KEY)", dbname=DATABASE)
    su("CREATE SCHEMA tenant_c", dbname=DATABASE)
    su(
        "CREATE FUNCTION public.seen() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RETURN NEW; END$$",
        dbname=DATABASE,
    )
    su(
        "CREATE TRIGGER seen BEFORE INSERT ON tenant_a.orders"
        " FOR EACH ROW EXECUTE FUNCTION public.seen()",
        dbname=DATABASE,
    )
    su(f"ALTER ROLE {OWNER} BYPASSRLS")
    su(f"ALTER DATABASE {DATABASE} SET app.current_tenant = 'x'")
    su(f"ALTER ROLE {OWNER} SET app.current_tenant = 'x'")
    su(
        "CREATE FUNCTION public.g() RETURNS int LANGUAGE sql"
        " SET app.current_tenant = 'x' AS 'SELECT 1'",
        dbname=DATABASE,
    )
    assert tenants.problems() >= {
        Problem.VIEW_BYPASSES,
        Problem.FUNCTION_BYPASSES,
        Problem.TABLE_OWNER,
        Problem.TRIGGER,
        Problem.SCHEMA_OWNER,
        Problem.ROLE_BYPASSES,
        Problem.PRESET,
        Problem.FUNCTION_SETS_TENANT,
    }
    assert sum(finding.problem is Problem.PRESET for finding in tenants.judge()) == 2
    assert not any(finding.ours for finding in tenants.judge())


@pytest.mark.every_major
def test_a_way_to_a_role_that_no_policy_holds(tenants: Tenants) -> None:
    su = tenants.instance.su
    su("CREATE ROLE dumper BYPASSRLS")
    su(f"GRANT dumper TO {OWNER}")
    assert tenants.problems() == {Problem.ROLE_BECOMES}
    su(f"REVOKE dumper FROM {OWNER}")
    su("DROP ROLE dumper")


def test_what_every_application_has_is_no_finding(tenants: Tenants) -> None:
    tenants.run(
        "CREATE FUNCTION public.touched() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RETURN NEW; END$$",
        "CREATE TABLE tenant_a.numbered (tenant_id uuid, id bigserial,"
        " other int GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (tenant_id, id))",
        "CREATE TRIGGER touched BEFORE UPDATE ON tenant_a.numbered"
        " FOR EACH ROW EXECUTE FUNCTION public.touched()",
        "GRANT SELECT (id) ON tenant_a.numbered TO PUBLIC",
    )
    tenants.mend()
    assert tenants.judge() == ()


def test_one_tenant_alone(tenants: Tenants) -> None:
    found = tenants.look(only="tenant_b")
    assert [schema.name for schema in found.schemas] == ["tenant_b"]
    assert {schema for group in found.relations for schema, _ in group.names} == {"tenant_b"}


def test_what_is_no_tenants_is_left_alone(tenants: Tenants) -> None:
    tenants.run(
        "CREATE SCHEMA other",
        "CREATE TABLE other.t (id int)",
        "CREATE VIEW other.v AS SELECT 1",
        "CREATE SCHEMA retired_a_20261122",
        "CREATE TABLE retired_a_20261122.t (id int)",
    )
    assert tenants.judge() == ()
