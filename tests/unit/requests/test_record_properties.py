"""Any catalog of resources and any entity: what is recorded is there, and all else is as it was.

What a file says is told by PyYAML, and not by our reader.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pgtenant.catalog.model import Entry
from pgtenant.requests.entity import with_entity
from pgtenant.requests.records import Place, record_of, records, with_record, with_status
from pgtenant.requests.status import Status
from support.random_worlds import examples
from unit.catalog.choices import Choices, Drawn, Seeded
from unit.catalog.edit.differences import is_one_insertion, lost_lines, only_lines_added
from unit.catalog.layouts_yaml import yaml_text

ENVIRONMENTS = ("dev", "prod", "dev-eu")
WORDS = ("app-team", "a b", "it's", '"quoted"', "x: y", "# no comment", "yes", "2026-01-31", "é😀")
ENTRY = Entry("shop", "shop", "shop_user", owner="web-team", requester="kim", risk="high")
RECORD = record_of(ENTRY, Place("dev", "a/shop", "db.t3.medium", "2026-11-21"), "pending")
COMMENT = re.compile(r"# (?:a: {b|- ours|why: \[not|the end|The platform's)")


def resources(choices: Choices, count: int, environment: str = "") -> dict[str, Any]:
    """A catalog of resources with so many records, and more in it than ours."""
    databases: dict[str, Any] = {}
    for number in range(count):
        where = databases.setdefault(environment or choices.one(ENVIRONMENTS), {})
        metadata = {
            "id": f"DATABASE_{number}",
            "owner": choices.one(WORDS),
            "status": choices.one([str(one) for one in Status]),
            "created_date": "2026-01-31",
            "cost_centre": choices.one((7, True, None, "x")),
        }
        configuration = {"username": choices.one(WORDS), "tags": ["a", "b: c"], "more": {}}
        sections = {"metadata": metadata, "configuration": configuration, "notes": "keep"}
        where[f"k{number}"] = {name: sections[name] for name in choices.order(list(sections))}
    around = {"version": 1, "databases": databases, "others": {"databases": {"dev": {}}}}
    return {name: around[name] for name in choices.order(list(around))}


def said(text: str) -> Any:
    return yaml.safe_load(text)


def check_added(data: dict[str, Any], text: str) -> None:
    assert said(text) == data
    after = with_record(text, "dev", "shop", RECORD)
    data = copy.deepcopy(data)
    data["databases"].setdefault("dev", {})["shop"] = RECORD
    assert said(after) == data
    assert is_one_insertion(text, after)
    assert only_lines_added(text, after)
    assert with_record(after, "dev", "shop", RECORD) == after


@given(st.data())
@examples(20)
def test_a_record_is_added(drawn: st.DataObject) -> None:
    choices = Drawn(drawn.draw)
    data = resources(choices, drawn.draw(st.integers(1, 5)))
    check_added(data, yaml_text(data, choices, blocks=3))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_a_record_is_added_to_hundreds(seed: int) -> None:
    choices = Seeded(seed)
    data = resources(choices, 100 + choices.below(200))
    check_added(data, yaml_text(data, choices, blocks=3))


@given(st.data())
@examples(30)
def test_a_record_changes(drawn: st.DataObject) -> None:
    choices = Drawn(drawn.draw)
    data = resources(choices, drawn.draw(st.integers(1, 5)), "dev")
    text = yaml_text(data, choices)
    key = choices.one(list(data["databases"]["dev"]))
    after = with_record(text, "dev", key, RECORD)
    for section, values in RECORD.items():
        data["databases"]["dev"][key][section] |= values
    assert said(after) == data
    assert comments(text) == comments(after)
    assert with_record(after, "dev", key, RECORD) == after


@given(st.data())
@examples(20)
def test_a_status_moves(drawn: st.DataObject) -> None:
    choices = Drawn(drawn.draw)
    data = resources(choices, drawn.draw(st.integers(1, 5)), "dev")
    text = yaml_text(data, choices)
    key = choices.one(list(data["databases"]["dev"]))
    status = choices.one(tuple(Status))
    after = with_status(text, "dev", key, status)
    data["databases"]["dev"][key]["metadata"]["status"] = str(status)
    assert said(after) == data
    assert records(after)["dev"][key]["metadata.status"] == status
    assert len(list(lost_lines(text, after))) <= 2  # a block scalar has two


@given(st.data())
@examples(30)
def test_an_entity_follows_its_entry(drawn: st.DataObject) -> None:
    choices = Drawn(drawn.draw)
    data: dict[str, Any] = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Resource",
        "metadata": {
            "name": "dev.shop",
            "links": [choices.one(WORDS)],
            "annotations": {"ours/x": choices.one(WORDS), "pgtenant/risk": "low"},
        },
        "spec": {"type": "database", "owner": choices.one(WORDS), "system": choices.one(WORDS)},
    }
    text = yaml_text(data, choices)
    place = Place("dev", "a/shop", "db.t3.medium", "2026-11-21")
    after = with_entity(text, ENTRY, place, instance="x", owner_key="shop")
    data["spec"]["owner"] = "web-team"
    data["metadata"]["annotations"] |= {
        "pgtenant/environment": "dev",
        "pgtenant/entry": "shop",
        "pgtenant/secret": "a/shop",
        "pgtenant/requested-by": "kim",
        "pgtenant/risk": "high",
    }
    assert said(after) == data
    assert comments(text) == comments(after)


def test_an_entity_of_comments_alone_becomes_a_whole_one() -> None:
    place = Place("dev", "a/shop", "db.t3.medium", "2026-11-21")
    whole = with_entity("", ENTRY, place, instance="x", owner_key="shop")
    assert (
        with_entity("# ours\n", ENTRY, place, instance="x", owner_key="shop") == f"# ours\n{whole}"
    )


def comments(text: str) -> list[str]:
    return COMMENT.findall(text)
