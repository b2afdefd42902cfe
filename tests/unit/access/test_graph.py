"""Who can act as whom, and by which path."""

from __future__ import annotations

from pgtenant.access.graph import Graph
from pgtenant.access.model import AccessModel, Membership, Role
from pgtenant.access.path import words


def graph(*memberships: Membership, major: int = 17, creators: tuple[str, ...] = ()) -> Graph:
    names = {"root", *creators, *(m.group for m in memberships), *(m.member for m in memberships)}
    return Graph(
        AccessModel(
            version=major * 10000,
            admin="admin",
            maintenance_database="platform",
            roles={
                name: Role(name, superuser=name == "root", createrole=name in creators)
                for name in names
            },
            memberships=tuple(sorted(memberships)),
            databases={},
        )
    )


def test_privileges_and_set_role_follow_different_memberships() -> None:
    found = graph(
        Membership("b", "a", "root", inherit=True, set=False),
        Membership("c", "b", "root", inherit=False, set=True),
        Membership("d", "b", "root", inherit=True, set=True),
    )
    assert {r: words(p) for r, p in found.inherited("a").items()} == {
        "a": "",
        "b": "member of b",
        "d": "member of b → member of d",
    }
    assert set(found.settable("a")) == {"a"}  # no SET ROLE on the way to b
    assert set(found.settable("b")) == {"b", "c", "d"}
    assert set(found.groups("a")) == {"a", "b", "c", "d"}


def test_one_set_role_is_enough_and_what_it_inherits_comes_along() -> None:
    found = graph(
        Membership("b", "a", "root", inherit=False),
        Membership("c", "b", "root", inherit=False),
        Membership("d", "c", "root"),
    )
    assert words(found.usable("a")["d"]) == "SET ROLE d"
    assert words(found.usable("a")["c"]) == "SET ROLE c"


def test_the_shortest_path_is_told() -> None:
    found = graph(
        Membership("b", "a", "root"), Membership("c", "b", "root"), Membership("c", "a", "root")
    )
    assert words(found.inherited("a")["c"]) == "member of c"


def test_admin_on_a_role_is_the_way_into_it_and_on() -> None:
    found = graph(
        Membership("b", "a", "root", inherit=False, set=False, admin=True),
        Membership("c", "b", "root"),
        Membership("d", "c", "root", inherit=False, set=False, admin=True),
    )
    assert set(found.usable("a")) == {"a"}
    assert {r: words(p) for r, p in found.administered("a").items()} == {
        "b": "can make itself a member of b",
        "c": "can make itself a member of b → member of c",
        "d": "can make itself a member of b → member of c → can make itself a member of d",
    }


def test_createrole_was_the_way_into_every_role_but_superusers() -> None:
    old = graph(Membership("b", "x", "root"), major=15, creators=("a",))
    assert set(old.administered("a")) == {"b", "x"}
    new = graph(Membership("b", "x", "root"), major=16, creators=("a",))
    assert set(new.administered("a")) == set()


def test_a_cycle_of_reach_ends() -> None:
    found = graph(Membership("b", "a", "root"), Membership("a", "b", "root"))
    assert set(found.inherited("a")) == {"a", "b"}
    assert set(found.administered("a")) == set()
