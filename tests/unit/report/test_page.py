"""The HTML page: what it says, and that nothing in it can do anything."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtenant.errors import UsageError
from pgtenant.report.html import page, verdict_words
from pgtenant.report.html.attempts import counted, together
from pgtenant.report.html.databases import Belongs, State, tiles
from pgtenant.report.html.markup import el, escaped
from pgtenant.report.html.matrix import Power, Standing, matrix
from pgtenant.report.html.record import read_record
from pgtenant.report.html.timeline import runs
from pgtenant.report.verify_json import sealed

from .pages import HOSTILE, about, audit_rows, of, record


class _Elements(HTMLParser):
    """Every element with its attributes, and the text outside of style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_it_is_the_same_for_the_same_report() -> None:
    assert page(of(12, wounded=True)) == page(of(12, wounded=True))


@pytest.mark.parametrize("wounded", [False, True])
def test_it_asks_nothing_of_anybody(*, wounded: bool) -> None:
    text = page(of(12, wounded=wounded))
    assert "http://" not in text.lower()
    assert "https://" not in text.lower()
    found = _Elements(text)
    assert {tag for tag, _ in found.elements}.isdisjoint(
        {"link", "img", "iframe", "object", "base"}
    )
    for _, attributes in found.elements:
        assert attributes.keys().isdisjoint({"src", "style", "srcset", "action", "data"})
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")


def test_the_policy_allows_this_style_and_this_script_alone() -> None:
    text = page(of(3))
    policies = [
        str(meta["content"])
        for meta in _Elements(text).named("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    ]
    style, script = (
        re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL) for tag in ("style", "script")
    )
    assert len(style) == len(script) == 1
    policy = (
        f"default-src 'none'; style-src '{_digest(style[0])}'; script-src '{_digest(script[0])}';"
        " base-uri 'none'; form-action 'none'"
    )
    assert policies == [policy]
    assert "//" not in style[0]


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_hostile_names_stay_names() -> None:
    text = page(of(12, wounded=True))
    found = _Elements(text)
    assert HOSTILE not in text
    assert len(found.named("script")) == 1
    shown = HOSTILE.replace("\u202e", r"\u202e").replace("\x1b", r"\x1b")
    assert shown in found.words
    assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e]", text)


@given(st.text())
def test_whatever_is_put_in_comes_out_as_text(text: str) -> None:
    made = el("p", text, title=text).text
    found = _Elements(made)
    assert [tag for tag, _ in found.elements] == ["p"]
    assert found.named("p")[0].keys() == {"title"}
    assert "<" not in escaped(text)
    assert "://" not in escaped(text)


def test_every_link_leads_somewhere_and_every_label_to_its_control() -> None:
    found = _Elements(page(of(12, wounded=True)))
    known = [str(attributes["id"]) for _, attributes in found.elements if "id" in attributes]
    assert len(known) == len(set(known))
    for link in found.named("a"):
        assert str(link["href"])[1:] in known
    for label in found.named("label"):
        assert label["for"] in known
    for _, attributes in found.elements:
        for name in ("aria-labelledby", "aria-describedby"):
            assert attributes.get(name, known[0]) in known


def test_the_map() -> None:
    report = of(12, wounded=True)
    found = {tile.name: tile for tile in tiles(report)}
    names = [database.name for database in report.desired.databases]
    assert found[names[0]].state is State.DECLARED
    assert found[names[1]].state is State.OPEN
    assert found[names[3]].state is State.BLOCKED
    assert found[names[5]].state is State.CHANGES
    assert not found[names[5]].exists
    assert found[names[7]].state is State.UNPROVEN
    assert found["backstage_plugin_app"].belongs is Belongs.UNDECLARED
    assert found["backstage_plugin_app"].state is State.UNDECLARED
    assert found["platform"].belongs is Belongs.INSTANCE
    assert {tile.state for tile in tiles(of(12))} == {State.DECLARED, State.INSTANCE}


def test_who_may_do_what() -> None:
    report = of(12, wounded=True)
    cells = {(cell.database, cell.role): cell for cell in matrix(report)}
    names = [database.name for database in report.desired.databases]
    for database in report.desired.databases[6:]:
        owner = cells[database.name, database.owner.name]
        assert owner.powers == frozenset(Power)
        assert owner.standing is Standing.DECLARED
        for member in database.members:
            cell = cells[database.name, member.name]
            assert Power.CREATE not in cell.powers
            assert (Power.WRITE in cell.powers) is (member.level == "editor")
            assert cell.powers >= {Power.CONNECT, Power.READ}
    assert cells[names[1], "public"].standing is Standing.BEYOND
    assert cells[names[2], f"{names[1]}_user"].standing is Standing.BEYOND
    assert cells[names[5], f"{names[5]}_user"].standing is Standing.MISSING
    assert cells["backstage_plugin_app", f"{names[1]}_user"].standing is Standing.OWN_MAKING
    assert cells[names[0], "platform_admin"].standing is Standing.PLATFORM


def test_the_verdict() -> None:
    assert verdict_words(of(3)) == "Isolated"
    assert verdict_words(replace(of(3), record=None)) == "No hole found, not verified"
    stale = replace(of(3), about=replace(about(), catalog="0" * 64))
    assert verdict_words(stale) == "Not proven"
    assert verdict_words(replace(of(3), record=record(isolated=False))) == "Not isolated"
    unproven = dict(of(3).record or {})
    unproven["attempts"] = [unproven["attempts"][0] | {"verdict": "not_proven"}]
    unproven["summary"] = unproven["summary"] | {"not_proven": 1}
    assert verdict_words(replace(of(3), record=unproven)) == "Not proven"
    assert verdict_words(of(12, wounded=True)) == "Not isolated"


def test_attempts_are_put_together_by_their_cause() -> None:
    found = together(record(isolated=False))
    verdicts = [one.verdict for one in found]
    assert verdicts == sorted(verdicts, key=["failed", "not_proven", "warning"].index)
    orders = next(one for one in found if "connect to orders" in one.what)
    assert len(orders.roles) == 11
    assert orders.who.endswith("and 3 more roles")
    assert orders.statement == 'REVOKE ALL ON DATABASE "orders" FROM PUBLIC'
    assert sum(counted(record(isolated=False))["connect"].values()) == 11 + 2 + 3 + 1200


def test_the_timeline() -> None:
    found = runs(audit_rows([f"db{n}" for n in range(20)]))
    assert [run.run_id for run in found] == ["run-4", "run-3", "run-2", "run-1"]
    assert [run.outcome for run in found] == ["success", "blocked", "success", "success"]
    assert all(len(run.rows) == 15 - run.counts["no_change"] for run in found)


def test_empty() -> None:
    words = "".join(_Elements(page(replace(of(0), record=None, trail=type(of(0).trail)()))).words)
    for said in ("Nothing was found.", "No run has left a record.", "Nobody has tried."):
        assert said in words


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"environment": "prod"}, "is the verification of prod, not of dev"),
        ({"attempts": [{}]}, "is not what `pgtenant verify` writes"),
        ({"attempts": None}, "is not what `pgtenant verify` writes"),
        ({"summary": {}}, "is not what `pgtenant verify` writes"),
        ({"sessions": 7}, "is not what `pgtenant verify` writes"),
        ({"roles": True}, "is not what `pgtenant verify` writes"),
        ({"pgtenant_isolation": 2}, "is not a record"),
    ],
)
def test_a_record_that_no_page_can_show(changed: dict[str, Any], why: str) -> None:
    whole = {key: value for key, value in record(isolated=False).items() if key != "digest"}
    assert read_record(json.dumps(sealed(whole)), "x.json", environment="dev")
    with pytest.raises(UsageError, match=re.escape(why)):
        read_record(json.dumps(sealed(whole | changed)), "x.json", environment="dev")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"server": {"address": "another.example.internal:5432"}}, "of another server"),
        ({"started_utc": "2026-02-14T09:00:00Z"}, "28 days old"),
        ({"started_utc": "some day"}, "days old"),
        ({"verdict": "failed"}, "did not pass"),
    ],
)
def test_a_verification_that_does_not_fit_proves_nothing(change: dict[str, Any], why: str) -> None:
    report = of(3)
    assert "<title>dev: Isolated</title>" in page(report)
    text = page(replace(report, record={**(report.record or {}), **change}))
    assert "<title>dev: Not proven</title>" in text
    assert why in text
