"""Any manifest of a cluster and any new role: the role is added, and nothing else is different."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from pgtenant.gitops.cnpg.cluster import Role, with_roles
from pgtenant.planning.marker import Marker
from support.random_worlds import examples
from unit.catalog.choices import Drawn
from unit.catalog.edit.differences import is_one_insertion, is_within, only_lines_added
from unit.gitops.cnpg.clusters import NAME, NAMESPACE, WAVE, cluster_text

SHOP = Role("shop-user", Marker("dev", "shop"), createdb=True, connection_limit=-1, secret="s")


def added(text: str, *roles: Role) -> str:
    done = with_roles(text, roles, name=NAME, namespace=NAMESPACE)
    assert not done.blocked
    return done.text


def changed(text: str, change: Callable[[Any], None]) -> list[Any]:
    """What a file says, with a change to its cluster."""
    documents = list(yaml.safe_load_all(text))
    change(next(one for one in documents if one["kind"] == "Cluster"))
    return documents


@given(st.data())
@examples(30)
def test_one_role_is_added_and_all_else_stays(data: st.DataObject) -> None:
    text = cluster_text(Drawn(data.draw))

    def in_the_first_wave(cluster: Any) -> None:
        annotations = cluster["metadata"].get("annotations") or {}
        cluster["metadata"]["annotations"] = annotations | {WAVE: "1"}

    def with_the_role(cluster: Any) -> None:
        in_the_first_wave(cluster)
        managed = cluster["spec"].get("managed") or {}
        roles = [*(managed.get("roles") or []), role_as_read(SHOP)]
        cluster["spec"]["managed"] = managed | {"roles": roles}

    waved = added(text)
    after = added(text, SHOP)
    assert list(yaml.safe_load_all(waved)) == changed(text, in_the_first_wave)
    assert list(yaml.safe_load_all(after)) == changed(text, with_the_role)
    assert is_within(waved, after) or had_no_roles(text)
    if not had_no_roles(text):
        assert is_one_insertion(waved, after)
    assert added(after, SHOP) == after


@given(st.data())
@examples(15)
def test_a_role_in_a_block_adds_lines_only(data: st.DataObject) -> None:
    text = cluster_text(Drawn(data.draw))
    first = added(text, SHOP)
    other = Role("crm", Marker("dev", "crm"), createdb=False, connection_limit=9, secret="c")
    second = added(first, other)
    if "- name: shop-user" in first:
        assert only_lines_added(first, second)
    assert added(second, SHOP, other) == second


def had_no_roles(text: str) -> bool:
    cluster = next(one for one in yaml.safe_load_all(text) if one["kind"] == "Cluster")
    return not (cluster["spec"].get("managed") or {}).get("roles")


def role_as_read(role: Role) -> dict[str, Any]:
    return {
        "name": role.name,
        "comment": role.marker.text(),
        "ensure": "present",
        "login": True,
        "inherit": True,
        "connectionLimit": role.connection_limit,
        "createdb": role.createdb,
        "passwordSecret": {"name": role.secret},
    }
