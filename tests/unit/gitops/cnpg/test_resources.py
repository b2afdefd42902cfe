"""Roles as resources: moved, left alone, blocked, told to go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
import yaml

from pgtenant.gitops.cnpg.cluster import Role
from pgtenant.gitops.cnpg.resources import (
    Resource,
    ResourceError,
    WithResources,
    with_resources,
)
from pgtenant.planning.marker import Marker
from pgtenant.planning.retired import Retired
from unit.gitops.cnpg.clusters import NAME, NAMESPACE
from unit.gitops.cnpg.test_cluster import HEAD, SHOP, with_item

FILE = "shop-role.yaml"
WANTED = Resource(SHOP, "shop-role", FILE)


def edited(
    cluster: str, files: Mapping[str, str] | None = None, role: Role = SHOP, *, adopt: bool = False
) -> WithResources:
    wanted = [replace(WANTED, role=role)]
    return with_resources(cluster, files or {}, wanted, name=NAME, namespace=NAMESPACE, adopt=adopt)


def test_a_role_is_moved_with_all_that_stood_there() -> None:
    cluster = with_item(
        "name: shop-user", "comment: |-", "  The shop's.", f"  {SHOP.marker.text()}",
        "ensure: present", "login: true", "superuser: true", "inRoles: [pg_monitor]",
        "validUntil: '2040-01-01T00:00:00Z'", "passwordSecret: {name: s}",
    )  # fmt: skip
    done = edited(cluster)
    assert yaml.safe_load(done.text)["spec"]["managed"]["roles"] == []
    resource = yaml.safe_load(done.files[FILE])
    assert resource["kind"] == "DatabaseRole"
    assert resource["metadata"] == {
        "name": "shop-role", "namespace": NAMESPACE,
        "annotations": {"argocd.argoproj.io/sync-wave": "1"},
    }  # fmt: skip
    assert resource["spec"] == {
        "name": "shop-user",
        "cluster": {"name": NAME},
        "databaseRoleReclaimPolicy": "retain",
        "comment": f"The shop's.\n{SHOP.marker.text()}",
        "login": True,
        "inherit": True,
        "connectionLimit": -1,
        "createdb": True,
        "passwordSecret": {"name": "s"},
        "inRoles": ["pg_monitor"],
        "validUntil": "2040-01-01T00:00:00Z",
    }
    again = edited(done.text, done.files)
    assert (again.text, again.files) == (done.text, done.files)


def test_a_role_that_is_not_ours_stays_where_it_is() -> None:
    cluster = with_item("name: shop-user", "comment: theirs")
    done = edited(cluster)
    assert (done.text, done.files) == (cluster, {})
    assert "is not pgtenant's" in done.blocked["shop-user"]
    assert yaml.safe_load(edited(cluster, adopt=True).files[FILE])["spec"]["comment"] == (
        f"theirs\n{SHOP.marker.text()}"
    )
    theirs = "kind: DatabaseRole\napiVersion: postgresql.cnpg.io/v1\nmetadata: {name: shop-role}\n"
    theirs += f"spec: {{name: shop-user, cluster: {{name: {NAME}}}}}\n"
    assert list(edited(HEAD, {FILE: theirs}).blocked) == ["shop-user"]


def test_what_is_out_of_service_is_not_moved() -> None:
    marker = replace(SHOP.marker, retired=Retired(at="2026-01-01T00:00:00Z", entry="shop"))
    cluster = with_item("name: shop-user", f"comment: '{marker.text()}'", "login: false")
    done = edited(cluster)
    assert (done.text, done.files) == (cluster, {})


def test_what_an_operator_can_t_change_is_refused() -> None:
    there = edited(HEAD).files[FILE]
    with pytest.raises(ResourceError, match="can't become") as caught:
        edited(HEAD, {FILE: there}, replace(SHOP, name="other", marker=Marker("dev", "shop")))
    assert (caught.value.file, caught.value.cause.line) == (FILE, 9)
    with pytest.raises(ResourceError, match="not valid YAML"):
        edited(HEAD, {FILE: "a: [\n"})
