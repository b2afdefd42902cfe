"""The catalog of resources and the Backstage entity: made, changed, and otherwise left alone."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import yaml

from pgtenant.catalog.edit import EditError
from pgtenant.catalog.model import AccessLevel, Entry
from pgtenant.requests.entity import entity_name, with_entity
from pgtenant.requests.records import Place, record_of, records, with_record, with_status
from pgtenant.requests.status import Status

ENTRY = Entry(
    key="inventory-service",
    database_name="inventory_service",
    username="inventory_user",
    owner="app-team",
    requester="daniel-deans",
    domain="application",
    risk="medium",
)
PLACE = Place("dev", "goldenpath/dev/inventory-service/postgres", "db.t3.medium", "2026-11-21")
KEPT = """\
# The platform's. Ask in #platform.
version: 1
databases:
  dev:
    keycloak: # single sign-on
      metadata: {id: DATABASE_KEYCLOAK, status: 'active'} # by hand
      notes: "keep"
"""


def made(text: str = "", entry: Entry = ENTRY) -> str:
    return with_record(text, "dev", entry.key, record_of(entry, PLACE, "pending"))


def test_a_record_has_what_the_documents_name() -> None:
    loaded: Any = yaml.safe_load(made())
    assert loaded["databases"]["dev"]["inventory-service"] == {
        "metadata": {
            "id": "DATABASE_INVENTORY_SERVICE",
            "owner": "app-team",
            "requested_by": "daniel-deans",
            "domain": "application",
            "risk": "medium",
            "environment": "dev",
            "status": "pending",
            "created_date": "2026-11-21",
        },
        "configuration": {
            "database_name": "inventory_service",
            "username": "inventory_user",
            "access_level": "owner",
            "size": "small",
            "instance_class": "db.t3.medium",
            "secret_path": "goldenpath/dev/inventory-service/postgres",
        },
    }


def test_what_stands_there_is_kept() -> None:
    after = made(KEPT)
    assert after.startswith(KEPT)
    assert made(after) == after
    changed = made(after, replace(ENTRY, risk="high"))
    assert changed == after.replace("risk: medium", "risk: high")


def test_a_status_moves_and_nothing_else() -> None:
    after = with_status(KEPT, "dev", "keycloak", Status.FAILED)
    assert after == KEPT.replace("'active'", "failed")
    assert with_status(KEPT, "dev", "keycloak", Status.ACTIVE) == KEPT


def test_two_environments_have_a_record_each() -> None:
    text = with_record(made(), "prod", ENTRY.key, record_of(ENTRY, PLACE, "pending"))
    text = with_status(text, "prod", ENTRY.key, Status.ACTIVE)
    found = records(text)
    assert found["dev"][ENTRY.key]["metadata.status"] == "pending"
    assert found["prod"][ENTRY.key]["metadata.status"] == "active"


@pytest.mark.parametrize("text", ["databases: [a]\n", "databases:\n  dev: x\n", "- a\n"])
def test_what_is_no_catalog_of_resources_is_left_alone(text: str) -> None:
    with pytest.raises(EditError):
        made(text)


def test_an_entity_is_one_of_backstage() -> None:
    text = with_entity("", ENTRY, PLACE, instance="platform-db-dev", owner_key=ENTRY.key)
    loaded: Any = yaml.safe_load(text)
    assert loaded["kind"] == "Resource"
    assert loaded["spec"] == {
        "type": "database",
        "owner": "app-team",
        "dependsOn": ["resource:platform-db-dev"],
    }
    assert all(isinstance(value, str) for value in loaded["metadata"]["annotations"].values())
    again = with_entity(f"# ours\n{text}", ENTRY, PLACE, instance="x", owner_key=ENTRY.key)
    assert again == f"# ours\n{text}"
    moved = replace(ENTRY, owner="web-team")
    assert with_entity(text, moved, PLACE, instance="x", owner_key=ENTRY.key) == text.replace(
        "app-team", "web-team"
    )


def test_a_reader_needs_the_database() -> None:
    reader = replace(ENTRY, key="reports", access_level=AccessLevel.READER)
    text = with_entity("", reader, PLACE, instance="platform-db-dev", owner_key=ENTRY.key)
    loaded: Any = yaml.safe_load(text)
    assert loaded["spec"]["type"] == "database-access"
    assert loaded["spec"]["dependsOn"] == ["resource:dev.inventory-service"]


def test_names_of_entities_are_allowed_and_apart() -> None:
    pairs = [("dev", "a-b"), ("dev-a", "b"), ("dev", "a_"), ("dev", "a-"), ("dev", "x" * 63)]
    names = [entity_name(*pair) for pair in pairs]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", one) for one in names)


def test_anchors_elsewhere_are_no_obstacle() -> None:
    text = "base: &base {a: 1}\nother: *base\n" + KEPT
    assert made(text).startswith(text)
