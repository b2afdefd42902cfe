"""What the markers of a database's roles and `pg_shdepend` say together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given

from pgtenant.planning.changes import (
    CreateDatabase,
    CreateExtension,
    CreateRole,
    MarkRole,
    RunInitialSchema,
    UpdatePassword,
)
from pgtenant.planning.desired import Desired
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Observed, PasswordState
from pgtenant.planning.plan import make_plan
from pgtenant.planning.simulate import simulate
from pgtenant.planning.trust import Dependency, left_out, may_stay_untried, trusted_contents
from unit.planning.examples import (
    READER,
    crm,
    provisioned,
    with_contents,
    with_database,
    with_role,
)
from unit.planning.test_plan_properties import quick
from unit.planning.worlds import World, worlds

CRM = replace(crm(), trust_markers=True)
MEMBERS = ("crm_etl", "crm_ro")
_UNFORESEEN = CreateDatabase | CreateExtension | CreateRole | RunInitialSchema | UpdatePassword


def held(*, tables: int = 0, schemas: int = 0) -> list[Dependency]:
    """Return what a server shows where all is granted."""
    rows = [("relation", tables), ("schema", schemas)]
    owned = [Dependency("crm", "crm_user", True, what, n) for what, n in rows if n]
    rows = [("relation", tables), ("schema", schemas + 1), ("default", 3)]
    return owned + [
        Dependency("crm", role, False, what, n) for role in MEMBERS for what, n in rows if n
    ]


def noted(desired: Desired = CRM, major: int = 17) -> Observed:
    """Return a server after a run that has written what it found."""
    return again(with_database(provisioned(desired, major), "crm", oid=16384), desired)


def again(observed: Observed, desired: Desired = CRM) -> Observed:
    """Return a server after one more run."""
    return simulate(observed, make_plan(observed, desired))


def trusted(observed: Observed, rows: Iterable[Dependency], desired: Desired = CRM) -> bool:
    return "crm" in trusted_contents(observed, desired, rows)


@pytest.mark.parametrize("tables", [0, 1, 100_000])
@pytest.mark.parametrize("schemas", [0, 2])
def test_as_declared(tables: int, schemas: int) -> None:
    observed = noted()
    contents = trusted_contents(observed, CRM, held(tables=tables, schemas=schemas))["crm"]
    seen = with_database(observed, "crm", contents=contents, trusted=True)
    plan = make_plan(seen, CRM)
    assert plan.changes == ()
    assert plan.drift == ()


@pytest.mark.parametrize(
    "row",
    [
        Dependency("crm", "crm_ro", False, "relation", 2),
        Dependency("crm", "crm_ro", False, "schema", 1),
        Dependency("crm", "crm_ro", False, "schema", 4),
        Dependency("crm", "crm_ro", False, "default", 2),
        Dependency("crm", "crm_ro", False, "column", 1),
        Dependency("crm", "crm_ro", False, "function", 1),
        Dependency("crm", "crm_user", False, "schema", 1),
        Dependency("crm", "guest", True, "relation", 1),
        Dependency("crm", "guest", True, "schema", 1),
        Dependency("crm", "crm_user", True, "relation", 4),
    ],
)
def test_one_row_of_another_number(row: Dependency) -> None:
    rows = [
        one
        for one in held(tables=3, schemas=1)
        if (one.role, one.owns, one.what) != (row.role, row.owns, row.what)
    ]
    assert trusted(noted(), held(tables=3, schemas=1))
    assert not trusted(noted(), [*rows, row])


@pytest.mark.parametrize("number", range(6))
def test_one_row_less(number: int) -> None:
    rows = held(tables=3)
    del rows[number + 1]
    assert not trusted(noted(), rows)


def test_what_others_of_no_concern_hold_and_own() -> None:
    rows = [
        Dependency("crm", "guest", False, "relation", 1),
        Dependency("crm", "crm_user", True, "default", 3),
        Dependency("crm", "guest", True, "function", 1),
        Dependency("shop", "crm_ro", False, "relation", 9),
    ]
    assert trusted(noted(), [*held(), *rows])


def test_a_role_that_is_managed_since() -> None:
    rows = [*held(), Dependency("crm", "guest", False, "relation", 1)]
    assert trusted(noted(), rows)
    managed = with_role(noted(), "guest", comment=Marker("dev", "gone").text())
    assert not trusted(managed, rows)


def test_every_marker_has_to_say_it() -> None:
    observed = noted()
    for role in ("crm_user", *MEMBERS):
        comment = observed.roles[role].comment
        assert comment is not None
        assert not trusted(with_role(observed, role, comment=None), held())
        for bad in (
            comment.replace('"dev"', '"prod"'),
            comment.replace('"inside":"', '"inside":"0'),
        ):
            assert not trusted(with_role(observed, role, comment=bad), held())


@pytest.mark.parametrize(
    "desired",
    [
        replace(crm(READER), trust_markers=True),
        replace(crm(extensions=("hstore",)), trust_markers=True),
        replace(crm(members=()), trust_markers=True),
    ],
)
def test_a_changed_catalog(desired: Desired) -> None:
    assert not trusted(noted(), held(), desired)


def test_another_server() -> None:
    observed = noted()
    upgraded = replace(observed, server=replace(observed.server, version=180000))
    assert not trusted(upgraded, held())
    assert trusted(with_database(observed, "crm", comment=None), held())
    for changes in ({"oid": 16385}, {"owner": "guest"}, {"allow_connections": False}):
        assert not trusted(with_database(observed, "crm", **changes), held())


@pytest.mark.parametrize("owner", ["crm_user", None])
def test_a_public_schema_that_is_the_owners_or_gone(owner: str | None) -> None:
    observed = noted()
    contents = observed.databases["crm"].contents
    assert contents is not None
    assert contents.public is not None
    public = replace(contents.public, owner=owner) if owner else None
    observed = with_contents(observed, public=public)
    observed = again(observed)
    rows = [
        replace(one, number=bool(owner)) if one.what == "schema" else one
        for one in [*held(), Dependency("crm", "crm_user", True, "schema", 1)]
    ]
    rows = [one for one in rows if one.number]
    assert trusted(observed, rows)
    assert not trusted(observed, held())


def test_nothing_is_said_of_what_only_the_server_can_tell() -> None:
    """An extension, like an initial schema, makes what it likes; a new database has a new OID."""
    desired = replace(crm(extensions=("hstore",)), trust_markers=True)
    assert not trusted(provisioned(CRM), held())
    once = again(noted(CRM), desired)
    assert not trusted(once, held(), desired)
    assert trusted(again(once, desired), held(), desired)


def test_an_extension_that_only_a_superuser_could_make() -> None:
    desired = replace(crm(extensions=("postgis",)), trust_markers=True)
    server = with_database(provisioned(CRM), "crm", oid=16384)
    offered = replace(server.server, extensions={"postgis": False})
    missing = again(replace(server, server=offered), desired)
    assert not trusted(missing, held(), desired)
    there = again(with_contents(missing, extensions=frozenset({"postgis"})), desired)
    contents = trusted_contents(there, desired, held())["crm"]
    plan = make_plan(with_database(there, "crm", contents=contents, trusted=True), desired)
    assert (plan.changes, plan.drift) == ((), ())


def test_without_the_mode_fingerprints_are_only_kept_or_taken_away() -> None:
    observed, plain = noted(), crm()
    assert make_plan(observed, plain).changes == ()
    assert make_plan(provisioned(plain), plain).changes == ()
    lost = with_contents(observed, defaults=())
    marks = [c for c in make_plan(lost, plain).changes if isinstance(c, MarkRole)]
    assert [(mark.role, mark.late) for mark in marks] == [(role, False) for role in MEMBERS]
    again = simulate(lost, make_plan(lost, plain))
    assert not trusted(again, held())
    assert make_plan(again, plain).changes == ()


def test_what_was_not_seen_keeps_its_fingerprint() -> None:
    unread = with_database(noted(), "crm", contents=None, unread="full")
    assert make_plan(unread, CRM).changes == ()
    fresh = with_database(provisioned(crm()), "crm", contents=None, unread="full")
    assert make_plan(fresh, CRM).changes == ()


def versions(version: str) -> Desired:
    names = (role.secret for role in CRM.roles)
    return replace(CRM, secret_versions=dict.fromkeys(names, version))


def test_the_version_of_a_secret() -> None:
    first, second = versions("v1"), versions("v2")
    observed = noted(first)
    marks = {role.marker.secret for role in observed.roles.values() if role.marker}
    assert marks == {"v1"}
    owner = CRM.databases[0].owner
    assert may_stay_untried(owner, observed, first)
    assert not may_stay_untried(owner, observed, second)
    assert may_stay_untried(owner, observed, CRM)
    assert make_plan(observed, first).changes == ()

    proven = make_plan(observed, second)
    assert {change.kind for change in proven.changes} == {"mark_role"}
    wrong = with_role(observed, "crm_user", password=PasswordState.WRONG)
    once = again(wrong, second)  # what it set may not be proven yet
    assert not may_stay_untried(owner, once, second)
    refused = with_role(once, "crm_user", password=PasswordState.UNPROVEN)
    assert not may_stay_untried(owner, again(refused, second), second)
    assert may_stay_untried(owner, again(once, second), second)
    # Set back in the store alone: what the server has is the second one.
    plain = replace(second, trust_markers=False)
    assert not may_stay_untried(owner, simulate(wrong, make_plan(wrong, plain)), first)


def test_what_was_left_out() -> None:
    observed = with_database(noted(), "crm", trusted=True)
    observed = with_role(observed, "crm_ro", trusted=True)
    entries = [role.entry for role in CRM.roles]
    seen = left_out(observed, CRM, entries)
    assert (seen.databases, seen.logins, seen.unversioned) == (("crm",), ("crm_ro",), ("crm_ro",))
    assert left_out(observed, versions("v1"), entries).unversioned == ()
    assert left_out(observed, CRM, ["crm"]).logins == ()
    assert left_out(observed, CRM, []).databases == ()
    assert seen.and_by(seen) == seen
    assert seen.and_by(left_out(observed, CRM, ["crm"])) == replace(seen, logins=(), unversioned=())


def test_a_login_that_was_left_out_is_not_proven_by_a_second_look() -> None:
    limited = with_role(noted(), "crm_ro", connection_limit=3, password=PasswordState.UNPROVEN)
    assert make_plan(limited, CRM).reopened == ("crm_ro",)
    assert make_plan(with_role(limited, "crm_ro", trusted=True), CRM).reopened == ()


@quick
@given(worlds())
def test_two_passes_are_enough_to_be_trusted(world: World) -> None:
    """And one where everything that is done inside is foreseen."""
    desired = replace(world.desired, trust_markers=True)
    first = make_plan(world.observed, desired, only=world.only)
    after = simulate(world.observed, first)
    second = make_plan(after, desired, only=world.only)
    unforeseen = any(isinstance(c, _UNFORESEEN) for c in first.changes)
    assert unforeseen or second.changes == ()
    assert all(isinstance(change, MarkRole) for change in second.changes)
    assert make_plan(simulate(after, second), desired, only=world.only).changes == ()
