"""What blocks an entry, one example each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtenant.planning.observed import Observed, PublicSchema
from pgtenant.planning.plan import make_plan
from unit.planning.examples import (
    crm,
    empty_server,
    kinds,
    provisioned,
    with_contents,
    with_database,
    with_role,
)

ALL = ("crm", "crm-etl", "crm-ro")
OTHER = '{"managed_by":"pgtenant","environment":"prod","entry":"crm"}'


def refused(observed: Observed, *, entries: tuple[str, ...], words: str, sql: str = "") -> None:
    plan = make_plan(observed, crm())
    assert plan.blocked_entries == entries
    assert not {c.entry for c in plan.changes} & set(entries)
    assert any(words in b.reason for b in plan.blocked)
    assert any(b.statement == sql for b in plan.blocked)


def test_an_unmarked_role_waits_for_adopt() -> None:
    server = with_role(empty_server(), "crm_user")
    refused(server, entries=ALL, words="pgtenant adopt -e dev crm")


def test_an_unmarked_reader_holds_up_only_itself() -> None:
    server = with_role(empty_server(), "crm_ro")
    refused(server, entries=("crm-ro",), words="not managed by pgtenant")
    assert "create_database" in kinds(make_plan(server, crm()))


def test_a_role_of_another_environment_is_not_taken() -> None:
    server = with_role(provisioned(crm()), "crm_user", comment=OTHER)
    refused(server, entries=ALL, words="environment prod")


@pytest.mark.parametrize("power", ["superuser", "replication", "bypassrls"])
def test_a_power_only_a_superuser_can_take_away(power: str) -> None:
    server = with_role(provisioned(crm()), "crm_ro", **{power: True})
    sql = f'ALTER ROLE "crm_ro" NO{power.upper()}'
    refused(server, entries=("crm-ro",), words=power.upper(), sql=sql)
    admin = replace(server.server.admin, superuser=True)
    plan = make_plan(replace(server, server=replace(server.server, admin=admin)), crm())
    assert (plan.blocked, kinds(plan)) == ((), ["alter_role"])


def test_createrole_is_taken_away() -> None:
    assert kinds(make_plan(with_role(provisioned(crm()), "crm_ro", createrole=True), crm())) == [
        "alter_role"
    ]


@pytest.mark.parametrize("owner", ["alice", "platform_admin", "crm_ro"])
def test_a_database_of_someone_else(owner: str) -> None:
    server = with_database(provisioned(crm()), "crm", owner=owner)
    sql = 'ALTER DATABASE "crm" OWNER TO "crm_user"'
    refused(
        server, entries=ALL, words=f"belongs to {owner}" if owner == "alice" else owner, sql=sql
    )


@pytest.mark.parametrize(
    ("owner", "allow_connections", "creating"),
    [("alice", False, "crm"), ("platform_admin", True, "crm"), ("platform_admin", False, "wiki")],
)
def test_half_made_takes_three_facts(owner: str, allow_connections: bool, creating: str) -> None:
    comment = (
        f'{{"managed_by":"pgtenant","environment":"dev","entry":"crm","creating":"{creating}"}}'
    )
    server = with_role(provisioned(crm()), "crm_user", comment=comment)
    server = with_database(server, "crm", owner=owner, allow_connections=allow_connections)
    assert make_plan(server, crm()).blocked_entries == ALL


def test_an_invalid_database_can_only_be_dropped() -> None:
    server = with_database(provisioned(crm()), "crm", connection_limit=-2)
    refused(server, entries=ALL, words="interrupted", sql='DROP DATABASE "crm"')


def test_a_public_schema_that_stays_open() -> None:
    public = PublicSchema("rdsadmin", owned=False, open=True)
    server = with_contents(provisioned(crm()), public=public)
    sql = 'REVOKE CREATE ON SCHEMA "public" FROM PUBLIC'
    refused(server, entries=ALL, words="rdsadmin", sql=sql)
    closed = with_contents(server, public=replace(public, open=False))
    assert make_plan(closed, crm()).blocked == ()


def test_a_selected_reader_waits_for_a_database_that_is_not_selected() -> None:
    for server in (empty_server(), half_made()):
        plan = make_plan(server, crm(), only={"crm-ro"})
        assert plan.blocked_entries == ("crm-ro",)
        assert plan.changes == ()


def half_made() -> Observed:
    comment = '{"managed_by":"pgtenant","environment":"dev","entry":"crm","creating":"crm"}'
    server = with_role(empty_server(), "crm_user", comment=comment)
    return with_database(server, "crm", allow_connections=False)
