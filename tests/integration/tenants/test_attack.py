"""Tenants that attack each other on a real server, as their application logs in."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from integration.tenants.conftest import DATABASE, ISOLATION, OWNER, PASSWORD, Tenants
from pgtenant.errors import ServerError
from pgtenant.planning.tenants.found import Column
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.postgres.stand_ins import drop_stand_ins, make_stand_ins
from pgtenant.postgres.tenant_attack import attack
from pgtenant.verify.tenants.ground import MARK, ground
from pgtenant.verify.tenants.outcome import SHOWN, Trial, trials
from pgtenant.verify.tenants.targets import targets
from pgtenant.verify.tenants.tricks import Trick
from support.processes import until

SCHEMAS = ("tenant_a", "tenant_b", "tenant_c")
RUNTIME = "app_user_runtime"
OF_ROLES = {Trick.NO_ENTRY, Trick.NO_SETTING, Trick.ANOTHERS_ROLE}
"""What is tried where each tenant has a role of its own."""

POWERS = {trick for trick in Trick if trick.startswith("no_")} - OF_ROLES
"""What is tried by a login that does not own the tables."""

EVERYTHING = (
    "SELECT relname, relnamespace::regnamespace, relrowsecurity FROM pg_class"
    " UNION ALL SELECT proname, pronamespace::regnamespace, true FROM pg_proc ORDER BY 1, 2"
)


def attacked(
    tenants: Tenants,
    column: str = "uuid",
    schemas: tuple[str, ...] = SCHEMAS[:2],
    isolation: Isolation = ISOLATION,
    *,
    login: str = OWNER,
) -> dict[Trick, Trial]:
    """Attack, and leave nothing behind."""
    before = tenants.instance.su(EVERYTHING, dbname=DATABASE)
    found = asyncio.run(_attack(tenants, Column(column), schemas, login, isolation))
    assert tenants.instance.su(EVERYTHING, dbname=DATABASE) == before
    return found


async def _attack(
    tenants: Tenants,
    column: Column,
    schemas: tuple[str, ...],
    login: str,
    isolation: Isolation = ISOLATION,
) -> dict[Trick, Trial]:
    place = ground(isolation, column, schemas, f"{MARK}0123456789ab")
    found = await tenants.look_now()
    tables, _ = targets(found, schemas, OWNER, column)
    slugs = [(schema, schema.removeprefix("tenant_")) for schema in schemas]
    if login == OWNER:
        async with tenants.session() as session:
            answers = await attack(session, place, tables, slugs)
    else:
        async with tenants.session() as owner, tenants.session(login) as session:
            await make_stand_ins(owner, place, owner=OWNER, login=login)
            answers = await attack(session, place, tables, slugs, made_by=OWNER)
            await drop_stand_ins(owner, place)
    return {trial.trick: trial for trial in trials(answers)}


def through(found: dict[Trick, Trial]) -> dict[Trick, Trial]:
    return {trick: trial for trick, trial in found.items() if not trial.holds}


@pytest.mark.every_major
def test_no_tenant_reaches_another_and_what_can_not_be_prevented_is_shown(tenants: Tenants) -> None:
    for column in ("uuid", "text", "integer"):
        found = attacked(tenants, column, SCHEMAS)
        assert through(found) == {}
        assert set(found) == {trick for trick in Trick if trick not in POWERS | OF_ROLES}
        assert {trick: found[trick].otherwise for trick in SHOWN} == dict.fromkeys(SHOWN, ())
        assert found[Trick.READ].tried == 6
        assert found[Trick.COPY_OUT].tried == 3


def test_a_tenant_column_of_any_name(tenants: Tenants) -> None:
    for name in ("id", "secret", "rows"):
        found = attacked(tenants, isolation=replace(ISOLATION, column=name))
        assert through(found) == {}, name
        assert found[Trick.READ].tried == 2


def test_a_large_table_is_not_read_whole(tenants: Tenants) -> None:
    tenants.run(
        "SET app.current_tenant = '00000000-0000-0000-0000-000000000001'",
        "INSERT INTO tenant_a.orders SELECT current_setting('app.current_tenant')::uuid, n"
        " FROM generate_series(1, 5000) n",
        "ANALYZE tenant_a.orders",
    )
    read = "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relid = 'tenant_a.orders'::regclass"
    before = tenants.instance.su(read, dbname=DATABASE)
    assert through(attacked(tenants)) == {}
    # What a session has read is told by its end at the latest.
    gone = "SELECT 1 WHERE NOT EXISTS (SELECT FROM pg_stat_activity WHERE usename = %s)"
    until(tenants.instance, gone, [OWNER])
    assert tenants.instance.su(read, dbname=DATABASE) == before


def test_a_table_that_somebody_locks_is_not_waited_for_and_proves_nothing(
    tenants: Tenants,
) -> None:
    tenants.instance.su(f"ALTER ROLE {OWNER} SET lock_timeout = '100ms'")
    with tenants.instance.connect(OWNER, PASSWORD, DATABASE) as held:
        held.execute("BEGIN")
        held.execute("LOCK TABLE tenant_a.orders")
        assert tenants.judge() == ()  # another tenant's is read in its place
        with pytest.raises(ServerError, match=r"tables of tenant_a: .*lock timeout"):
            attacked(tenants)


def test_less_than_two_tenants_have_stand_ins(tenants: Tenants) -> None:
    for schemas in ((), ("tenant_a",)):
        found = attacked(tenants, "varchar(40)", schemas)
        assert through(found) == {}
        assert found[Trick.READ].tried == 2


def test_a_role_that_no_policy_holds_gets_through(tenants: Tenants) -> None:
    tenants.instance.su(f"ALTER ROLE {OWNER} BYPASSRLS")
    found = through(attacked(tenants))
    assert set(found) >= {
        Trick.READ,
        Trick.LEAKY,
        Trick.ERROR,
        Trick.UPDATE,
        Trick.DELETE,
        Trick.STEAL,
        Trick.MERGE,
        Trick.INSERT,
        Trick.MOVE,
        Trick.UPSERT,
        Trick.SWITCH,
        Trick.EMPTY,
        Trick.WRITE_WITHOUT,
        Trick.COPY_OUT,
        Trick.COPY_IN,
    }
    assert len(found[Trick.READ].otherwise) == 2


def test_real_tables_are_read_as_everybody_else(tenants: Tenants) -> None:
    tenants.run(
        "CREATE TABLE tenant_a.open (tenant_id uuid, id int)",
        "INSERT INTO tenant_a.open VALUES (gen_random_uuid(), 1)",
        "CREATE TABLE tenant_b.fails (tenant_id uuid PRIMARY KEY)",
        "ALTER TABLE tenant_b.fails ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
        "CREATE POLICY tenant_isolation ON tenant_b.fails"
        " USING (tenant_id = current_setting('app.current_tenant')::uuid)",
    )
    [trial] = through(attacked(tenants)).values()
    assert trial.trick is Trick.REAL
    given = {(one.on, one.given) for one in trial.otherwise}
    assert given == {("tenant_a", "tenant_a.open"), ("tenant_b", "22P02")}


def test_a_slug_is_another_tenants_where_the_column_is_a_text(tenants: Tenants) -> None:
    tenants.run("CREATE TABLE tenant_a.notes (tenant_id text PRIMARY KEY)")
    tenants.mend()
    tenants.run(
        "BEGIN",
        "SET LOCAL app.current_tenant = 'b'",
        "INSERT INTO tenant_a.notes VALUES ('b')",  # a row that lies with the wrong tenant
        "COMMIT",
    )
    [trial] = through(attacked(tenants, "text")).values()
    [one] = trial.otherwise
    assert (one.by, one.on, one.given) == ("tenant_b", "tenant_a", "tenant_a.notes")


def test_nothing_of_the_tenants_own_is_written(tenants: Tenants) -> None:
    tenants.run(
        "CREATE TABLE tenant_a.numbered"
        " (tenant_id uuid, id bigserial, PRIMARY KEY (tenant_id, id))",
        "CREATE FUNCTION tenant_a.fired() RETURNS trigger LANGUAGE plpgsql AS"
        " $$BEGIN RAISE EXCEPTION 'fired'; END$$",
        "CREATE TRIGGER fired BEFORE INSERT OR UPDATE OR DELETE ON tenant_a.numbered"
        " FOR EACH STATEMENT EXECUTE FUNCTION tenant_a.fired()",
    )
    tenants.mend()
    assert through(attacked(tenants)) == {}
    with tenants.instance.connect(OWNER, PASSWORD, DATABASE) as session:
        last = "SELECT last_value, is_called FROM tenant_a.numbered_id_seq"
        assert session.execute(last).fetchone() == (1, False)


@pytest.fixture
def runtime(tenants: Tenants) -> str:
    """A login with DML on the tenants' tables, and nothing else."""
    su = tenants.instance.su
    su(f"CREATE ROLE {RUNTIME} LOGIN PASSWORD '{PASSWORD}'")
    su(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC", dbname=DATABASE)
    su(f"GRANT CONNECT ON DATABASE {DATABASE} TO {RUNTIME}", dbname=DATABASE)
    schemas = ", ".join(SCHEMAS[:2])
    tenants.run(
        f"GRANT USAGE ON SCHEMA {schemas} TO {RUNTIME}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schemas} TO {RUNTIME}",
    )
    return RUNTIME


@pytest.mark.every_major
def test_a_login_that_owns_nothing_is_refused_what_only_an_owner_may(
    tenants: Tenants, runtime: str
) -> None:
    for column in ("uuid", "text", "integer"):
        found = attacked(tenants, column, SCHEMAS, login=runtime)
        assert through(found) == {}
        of_an_owner = {Trick.DISABLE, Trick.TRUNCATE, Trick.FOREIGN_KEY}
        assert set(found) == set(Trick) - of_an_owner - OF_ROLES
        assert not any(trial.otherwise for trial in found.values())
        assert (found[Trick.READ].tried, found[Trick.NO_OBJECT].tried) == (6, 4)


@pytest.mark.every_major
def test_the_owners_powers_in_its_hands_get_through(tenants: Tenants, runtime: str) -> None:
    su = tenants.instance.su
    su(f"GRANT {OWNER} TO {runtime}")
    assert set(through(attacked(tenants, login=runtime))) == {
        Trick.NO_DISABLE,
        Trick.NO_POLICY,
        Trick.NO_TRUNCATE,
        Trick.NO_REFERENCE,
        Trick.NO_OBJECT,
        Trick.NO_OWNER,
    }
    su(f"REVOKE {OWNER} FROM {runtime}")
    su(f"ALTER ROLE {runtime} BYPASSRLS")
    found = set(through(attacked(tenants, login=runtime)))
    assert found >= {Trick.READ, Trick.UPDATE, Trick.DELETE, Trick.MOVE, Trick.COPY_OUT}
    assert Trick.NO_OWNER not in found


def test_what_a_killed_attack_has_left_goes_with_the_next(tenants: Tenants, runtime: str) -> None:
    async def killed(mark: str) -> None:
        place = ground(ISOLATION, Column("uuid"), SCHEMAS[:2], mark)
        async with tenants.session() as owner:
            await make_stand_ins(owner, place, owner=OWNER, login=runtime)

    before = tenants.instance.su(EVERYTHING, dbname=DATABASE)
    asyncio.run(killed(f"{MARK}aaaaaaaaaaaa"))
    asyncio.run(_attack(tenants, Column("uuid"), SCHEMAS[:2], runtime))
    assert tenants.instance.su(EVERYTHING, dbname=DATABASE) == before
    asyncio.run(killed(f"{MARK}bbbbbbbbbbbb"))
    tenants.run(f"CREATE TABLE {MARK}bbbbbbbbbbbb.kept (id int)")
    with pytest.raises(ServerError, match="making stand-ins for an attack"):
        asyncio.run(killed(f"{MARK}cccccccccccc"))
    kept = f"SELECT count(*) FROM {MARK}bbbbbbbbbbbb.kept"
    assert tenants.instance.su(kept, dbname=DATABASE) == [(0,)]
