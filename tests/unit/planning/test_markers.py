"""The marker at the end of a comment that anybody may have written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtenant.catalog.model import AccessLevel
from pgtenant.planning.marker import Marker, parse, with_marker

OURS = Marker("dev", "crm", creating="crm", access_level=AccessLevel.READER, initial_schema="x")


@pytest.mark.parametrize(
    "comment",
    [
        None,
        "",
        "\n",
        "the CRM team's",
        "null",
        "[]",
        '["managed_by","pgtenant"]',
        '"managed_by"',
        "{}",
        "{",
        "[" * 200_000,
        '{"a":' * 200_000,
        "9" * 100_000,
        '{"managed_by":"terraform","environment":"dev","entry":"crm"}',
        '{"managed_by":"pgtenant"}',
        '{"managed_by":"pgtenant","environment":"dev"}',
        '{"managed_by":"pgtenant","environment":1,"entry":"crm"}',
        '{"managed_by":["pgtenant"],"environment":"dev","entry":"crm"}',
        '{"managed_by":"pgtenant","environment":"dev","entry":"\\u001b[2J"}',
        '{"managed_by":"pgtenant","environment":"dev","entry":"\\ud800"}',
        OURS.text() + "\nand a line of mine below it",
    ],
)
def test_what_is_no_marker(comment: str | None) -> None:
    assert parse(comment) is None


@pytest.mark.parametrize(
    "value", ['"\\ud800"', '"a\\nb"', '"\\u0000"', "1", "[]", f'"{"x" * 2000}"']
)
def test_a_field_that_can_not_be_ours_is_not_read(value: str) -> None:
    text = f'{{"managed_by":"pgtenant","environment":"dev","entry":"e","initial_schema":{value}}}'
    assert parse(text) == Marker("dev", "e")


def test_an_unknown_level_is_no_level() -> None:
    text = '{"managed_by":"pgtenant","environment":"dev","entry":"e","access_level":"god"}'
    assert parse(text) == Marker("dev", "e")


def test_the_text_is_what_the_documents_show() -> None:
    text = '{"managed_by":"pgtenant","environment":"dev","entry":"keycloak"}'
    assert Marker("dev", "keycloak").text() == text


@pytest.mark.parametrize("behind", ["", "\n", "\n\n"])
def test_a_line_break_behind_it_hides_nothing(behind: str) -> None:
    comment = f"the CRM team's\n{OURS.text()}{behind}"
    assert parse(comment) == OURS
    assert with_marker(comment, OURS.settled()) == f"the CRM team's\n{OURS.settled().text()}"


@given(st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_what_a_human_wrote_is_kept(human: str | None) -> None:
    first = with_marker(human, OURS)
    assert parse(first) == OURS
    assert first.startswith(human or "")
    later = with_marker(first, OURS.settled())
    assert parse(later) == OURS.settled()
    assert later.startswith(human or "")
    assert with_marker(first, OURS) == first
