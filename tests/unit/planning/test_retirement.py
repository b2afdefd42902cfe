"""What a retirement is about, what it remembers, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtenant.errors import PgtenantError
from pgtenant.planning.changes import AlterDatabase, AlterRole, MarkRole
from pgtenant.planning.desired import Desired
from pgtenant.planning.findings import DriftKind
from pgtenant.planning.marker import Marker, parse
from pgtenant.planning.observed import Database, DatabaseGrant, Observed, Role
from pgtenant.planning.plan import make_plan
from pgtenant.planning.retired import Retired
from pgtenant.planning.retirement.disable import plan_disable, plan_undo
from pgtenant.planning.retirement.inventory import Inventory, Trace
from pgtenant.planning.retirement.removal import Rules, obstacles, plan_removal
from pgtenant.planning.retirement.steps import Batch, CleanUp
from pgtenant.planning.retirement.subject import Subject, find_subject
from unit.planning.examples import crm, provisioned, with_database, with_role

NOW = "2026-11-21T22:00:00Z"
NOBODY = Desired(environment="dev", databases=())
RULES = Rules(
    environment="dev", waited=8.0, days=7, allow_owned=False, allow_foreign=False, dumped=False
)
WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=30)
HOW = st.builds(
    Retired,
    at=WORDS,
    entry=WORDS,
    login=st.booleans(),
    database=st.none() | WORDS,
    open=st.booleans(),
    foreign=st.lists(st.sampled_from(["?", "postgres"]), max_size=2).map(tuple),
    window=st.booleans(),
    let_in=st.booleans(),
    dump=st.sampled_from(["", "c0ffee"]),
    unforced=st.lists(st.integers(1, 2**32 - 1), max_size=5).map(tuple),
    dropping=st.booleans(),
)


def subject_of(observed: Observed, desired: Desired, key: str = "crm") -> Subject:
    found = find_subject(observed, desired, key)
    assert found is not None
    return found


def carried_out(observed: Observed, batches: tuple[Batch, ...]) -> Observed:
    """The server afterwards, as PostgreSQL's manual has it."""
    for step in (step for batch in batches for step in batch.steps):
        match step:
            case AlterRole():
                observed = with_role(observed, step.role, login=step.after.login)
            case MarkRole():
                observed = with_role(observed, step.role, comment=step.after)
            case AlterDatabase():
                observed = with_database(
                    observed, step.database, allow_connections=step.allow_connections
                )
            case _:
                pytest.fail(f"{step.kind} is no part of disabling")
    return observed


@given(HOW)
def test_a_marker_remembers_it(how: Retired) -> None:
    printable = all(text.isprintable() for text in (how.at, how.entry, how.database or ""))
    read = parse(Marker("dev", "crm", retired=how).text())
    assert read is not None
    assert read.retired == (how if printable else None)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["at", "entry", "unforced", "database"]), inner)
        ),
        max_leaves=8,
    )
)
def test_anybody_may_have_written_it(value: object) -> None:
    marker = {"managed_by": "pgtenant", "environment": "dev", "entry": "crm", "retired": value}
    read = parse(json.dumps(marker))
    assert read is not None
    assert read.retired is None or isinstance(read.retired.at, str)


@pytest.mark.parametrize("changes", [{}, {"login": False}])
def test_an_undo_puts_back_what_was(changes: dict[str, bool]) -> None:
    desired = crm()
    before = with_role(provisioned(desired), "crm_ro", **changes)
    closed = carried_out(before, plan_disable(subject_of(before, desired), NOW))
    assert not any(closed.roles[name].login for name in ("crm_user", "crm_etl", "crm_ro"))
    assert not closed.databases["crm"].allow_connections
    again = subject_of(closed, desired)
    assert plan_disable(again, "later") == ()
    assert carried_out(closed, plan_undo(again, closed)) == before


def test_a_plan_shows_it_and_changes_nothing() -> None:
    desired = crm(authoritative=True)
    before = provisioned(desired)
    closed = carried_out(before, plan_disable(subject_of(before, desired), NOW))
    spoiled = with_role(closed, "crm_etl", createrole=True, connection_limit=3)
    plan = make_plan(spoiled, desired)
    assert plan.changes == ()
    assert plan.blocked == ()
    assert plan.incomplete == ()
    assert {(d.kind, d.entry) for d in plan.drift} == {
        (DriftKind.DISABLED, entry) for entry in ("crm", "crm-etl", "crm-ro")
    }


def test_a_key_that_nobody_knows() -> None:
    assert find_subject(provisioned(crm()), crm(), "cmr") is None


def test_an_entry_that_is_not_declared_is_found_by_its_marker() -> None:
    found = subject_of(provisioned(crm()), NOBODY)
    assert [role.name for role in found.roles] == ["crm_user", "crm_etl", "crm_ro"]
    assert found.database is not None
    assert found.database.name == "crm"
    assert not found.declared


def test_of_several_databases_the_marked_one() -> None:
    server = provisioned(crm())
    plugin = Database(name="crm_plugin", owner="crm_user")
    server = replace(server, databases={**server.databases, "crm_plugin": plugin})
    found = subject_of(server, NOBODY)
    assert found.database is not None
    assert found.database.name == "crm"


@pytest.mark.parametrize(
    "comment", [None, "somebody's", Marker("prod", "crm").text(), Marker("dev", "erp").text()]
)
def test_what_is_not_ours_is_not_touched(comment: str | None) -> None:
    server = with_role(provisioned(crm()), "crm_user", comment=comment)
    with pytest.raises(PgtenantError, match="not managed as the entry crm of dev"):
        find_subject(server, crm(), "crm")


def test_two_roles_of_one_entry() -> None:
    server = provisioned(crm())
    twin = Role(name="crm_old", comment=Marker("dev", "crm").text())
    server = replace(server, roles={**server.roles, "crm_old": twin})
    with pytest.raises(PgtenantError, match="crm_old, crm_user"):
        find_subject(server, NOBODY, "crm")


def test_members_that_hold_no_connect_any_more_are_not_taken_along() -> None:
    server = provisioned(crm())
    acl = tuple(g for g in server.databases["crm"].acl if g.grantee != "crm_ro")
    found = subject_of(with_database(server, "crm", acl=acl), NOBODY)
    assert [role.name for role in found.roles] == ["crm_user", "crm_etl"]


def closed_server() -> tuple[Observed, Subject]:
    before = provisioned(crm())
    server = carried_out(before, plan_disable(subject_of(before, crm()), NOW))
    return server, subject_of(server, NOBODY)


@pytest.mark.parametrize(
    ("inventory", "rules", "says"),
    [
        (Inventory(), replace(RULES, waited=None), "it is in service"),
        (Inventory(), replace(RULES, waited=6.9), "6.9 days ago"),
        (Inventory(), replace(RULES, waited=-1.0), "in future"),
        (Inventory(sessions=("x in crm",)), RULES, "x in crm"),
        (Inventory(prepared=("o'k",)), RULES, "prepared transaction"),
        (Inventory(slots=("s",)), RULES, "replication slot s"),
        (Inventory(subscriptions=("s",)), RULES, "subscription s"),
        (Inventory(foreign=("eve",)), RULES, "eve own objects"),
        (Inventory(others=("extra",)), RULES, "database extra"),
        (Inventory(unread={"erp": "closed"}), RULES, "erp, which can't be entered: closed"),
        (Inventory(traces=(Trace("erp", "crm_ro", True, "table t"),)), RULES, "table t in erp"),
        (Inventory(traces=(Trace("erp", "crm_ro", False, "table t", "eve"),)), RULES, "only eve"),
        (Inventory(traces=(Trace("erp", "crm_ro", False, "x"),)), RULES, "only a superuser"),
    ],
)
def test_each_obstacle_is_named(inventory: Inventory, rules: Rules, says: str) -> None:
    server, subject = closed_server()
    found = obstacles(subject, server, inventory, (), rules)
    assert [one.entry for one in found] == ["crm"]
    assert says in found[0].reason


def test_nothing_in_the_way() -> None:
    server, subject = closed_server()
    allowed = replace(RULES, allow_owned=True, allow_foreign=True)
    own = Trace("erp", "crm_ro", False, "table t", "crm_user")
    inventory = Inventory(foreign=("eve",), traces=(own, replace(own, owned=True)))
    assert obstacles(subject, server, inventory, (), allowed) == ()


def test_the_order_of_a_removal() -> None:
    server, subject = closed_server()
    traces = (Trace("erp", "crm_ro", False, "table t", "erp_user"), Trace("a", "crm_ro", True, "t"))
    first, then = plan_removal(subject, server, Inventory(traces=traces))
    assert [batch.database for batch in first] == ["a", "erp"]
    assert all(isinstance(step, CleanUp) for batch in first for step in batch.steps)
    assert "erp_user" in first[1].rights
    kinds = [[step.kind for step in batch.steps] for batch in then]
    assert kinds == [["mark_role", "release_database"], ["drop_database"], ["drop_role"] * 3]
    assert then[-1].steps[-1].entry == "crm"


def test_a_reader_alone_has_no_database() -> None:
    server = provisioned(crm())
    found = subject_of(server, crm(), "crm-ro")
    assert found.database is None
    assert found.names == {"crm_ro"}
    (batch,) = plan_disable(found, NOW)
    assert batch.acting == ""
    assert DatabaseGrant("crm_ro", "CONNECT", "crm_user") in server.databases["crm"].acl
