"""Items are taken out of sequences, and nothing else is touched."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
import yaml

from pgtenant.catalog.edit import EditError, put_apart
from pgtenant.catalog.edit.dialect import YAML
from pgtenant.catalog.edit.items import without_items
from pgtenant.catalog.edit.tree import Plain

LAYOUTS = (
    "a: 1\nx:  # these\n  - one\n  - two  # the second\n  - three\nz: 2\n",
    "x:\n- one\n- two\n- three",
    "x: [one, two, three]  # in brackets\nz: 2\n",
    "x: [ one,\n  two,\n  three,\n]\n",
    "x:\n  - |\n    one\n  - two\n  - >-\n    three\nz: 2\n",
    "x:\r\n  - one\r\n  - two\r\n  - three\r\nz: 2\r\n",
)
SOME = [set(one) for one in chain.from_iterable(combinations(range(3), n) for n in (1, 2, 3))]


@pytest.mark.parametrize("text", LAYOUTS)
@pytest.mark.parametrize("numbers", SOME, ids=str)
def test_the_others_stay(text: str, numbers: set[int]) -> None:
    before, after = yaml.safe_load(text), yaml.safe_load(without_items(text, ("x",), numbers))
    left = [one for number, one in enumerate(before["x"]) if number not in numbers]
    assert after == before | {"x": left}


def test_all_else_stays_byte_for_byte() -> None:
    text = (
        "roles:\n"
        "  # of the shop\n"
        "  - name: shop  # 2024\n"
        "    login: true\n"
        "\n"
        "  # of the crm\n"
        "  - {name: crm}\n"
        "more: 'x'\n"
    )
    assert without_items(text, ("roles",), [0]) == text.replace(
        "  - name: shop  # 2024\n    login: true\n", ""
    )
    assert without_items(text, ("roles",), [1]) == text.replace("  - {name: crm}\n", "")


def test_a_sequence_in_an_item() -> None:
    text = "roles:\n- name: a\n  in: [b, c]\n- name: d\n"
    assert without_items(text, ("roles", 0, "in"), [0]) == text.replace("b, c", "c")


@pytest.mark.parametrize("text", ["x: 1\n", "x: {a: 1}\n", "y: []\n", "x:\n  - - one\n    - two\n"])
def test_what_is_none_is_refused(text: str) -> None:
    path = ("x",) if "- -" not in text else ("x", 0)
    with pytest.raises(EditError):
        without_items(text, path, [0])


def test_values_of_many_items_are_set_at_once() -> None:
    text = "x:\n  - a: 1  # one\n  - {a: 1}\n  - a: 1\n    b: {c: 1}\nz: 0\n"
    values: list[tuple[tuple[str | int, ...], Plain]] = [
        (("x", 0, "a"), 2),
        (("x", 1, "d"), "e"),
        (("x", 2, "b", "c"), 3),
    ]
    after = put_apart(text, YAML, values)
    assert after == ("x:\n  - a: 2  # one\n  - {a: 1, d: e}\n  - a: 1\n    b: {c: 3}\nz: 0\n")
