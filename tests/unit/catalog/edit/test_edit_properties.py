"""Any valid catalog and any new entry: the entry is added, and nothing else is different."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pgtenant.catalog.check import Format
from pgtenant.catalog.edit import add_entry, change_entry
from pgtenant.catalog.load import parse
from pgtenant.catalog.model import AccessLevel, Entry
from support.random_worlds import examples
from unit.catalog.choices import Seeded
from unit.catalog.edit.differences import is_one_insertion, is_within, lost_lines, only_lines_added
from unit.catalog.layouts import (
    LETTERS,
    TEXT,
    as_data,
    catalogs,
    hcl_files,
    hcl_text,
    json_files,
    many_entries,
)
from unit.catalog.layouts_yaml import yaml_files, yaml_text

SUFFIXES = {Format.HCL: "tfvars", Format.JSON: "json", Format.YAML: "yaml"}
FIELDS = ("database_name", "username", "access_level", "createdb", "owner", "risk", "extensions")


@st.composite
def new_entries(draw: st.DrawFn, among: tuple[Entry, ...]) -> Entry:
    """An entry that fits into a catalog; half of them with a name inside a name that is there."""
    key = draw(st.text(LETTERS + "-_", max_size=5).map(lambda text: f"kz{text}"))
    if bool(among) and draw(st.booleans()):
        other = draw(st.sampled_from(among)).key
        key = draw(st.sampled_from([f"{other}y", f"k{other}", other[:-1] or "k"]))
    taken = {entry.key for entry in among}
    while key in taken:
        key += "q"
    name = f"z_{key}".replace("-", "_")
    entry = Entry(
        key=key,
        database_name=name,
        username=f"{name}_u",
        createdb=draw(st.booleans()),
        owner=draw(st.none() | TEXT),
        risk=draw(st.sampled_from([None, "low", "high"])),
    )
    owners = [one for one in among if one.access_level is AccessLevel.OWNER]
    if bool(owners) and draw(st.booleans()):
        database = draw(st.sampled_from(owners)).database_name
        return replace(entry, database_name=database, access_level=AccessLevel.READER)
    return replace(entry, extensions=tuple(draw(st.sampled_from([(), ("citext",), ("a", "b_c")]))))


def written(entry: Entry) -> dict[str, Any]:
    """The fields of an entry as a request would write them."""
    values = {name: getattr(entry, name) for name in FIELDS}
    wanted = {name: value for name, value in values.items() if value not in {None, ()}}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in wanted.items()
    }


def check(before: bytes, language: Format, entry: Entry) -> str:
    """Add an entry, insist that nothing else is different, and return the text after it."""
    name = f"a.{SUFFIXES[language]}"
    after = add_entry(before, language, entry.key, written(entry))
    was = parse(before, display=name).entries if before.strip() else ()
    assert set(parse(after.data, display=name).entries) == {*was, entry}
    text = after.data.decode()
    lines = text.removeprefix("\ufeff").split("\n")
    assert entry.key in lines[after.line - 1]
    return text


@given(st.data())
@examples(25)
def test_hcl(data: st.DataObject) -> None:
    entries, text = data.draw(hcl_files(catalogs()))
    entry = data.draw(new_entries(entries))
    text = data.draw(st.sampled_from(["", "\ufeff"])) + text
    after = check(text.encode(), Format.HCL, entry)
    # The blanks between the braces of an empty map become those of its first entry.
    assert is_one_insertion(text, after) or (not entries and is_within(text, after))


@given(st.data())
@examples(20)
def test_hcl_whose_entries_stand_on_lines(data: st.DataObject) -> None:
    entries, text = data.draw(hcl_files(catalogs(), on_lines=True))
    entry = data.draw(new_entries(entries))
    after = check(text.encode(), Format.HCL, entry)
    assert is_one_insertion(text, after)
    assert only_lines_added(text, after)


@given(st.data())
@examples(20)
def test_json(data: st.DataObject) -> None:
    entries, text = data.draw(json_files(catalogs()))
    entry = data.draw(new_entries(entries))
    assert is_one_insertion(text, check(text.encode(), Format.JSON, entry))


@given(st.data())
@examples(20)
def test_yaml_that_is_written_like_json(data: st.DataObject) -> None:
    entries, text = data.draw(json_files(catalogs()))
    assume("\\ud" not in text)  # two escapes for one character are not YAML
    entry = data.draw(new_entries(entries))
    assert is_one_insertion(text, check(text.encode(), Format.YAML, entry))


@given(st.data())
@examples(20)
def test_yaml_in_blocks(data: st.DataObject) -> None:
    entries, text = data.draw(yaml_files(catalogs().filter(bool)))
    entry = data.draw(new_entries(entries))
    after = check(text.encode(), Format.YAML, entry)
    assert is_one_insertion(text, after)
    assert only_lines_added(text, after)


@given(st.data())
@examples(5)
def test_yaml_without_entries(data: st.DataObject) -> None:
    entries, text = data.draw(yaml_files(st.just(())))
    entry = data.draw(new_entries(entries))
    lost = lost_lines(text, check(text.encode(), Format.YAML, entry))
    assert [line for line in lost if "{}" not in line] == []


@given(st.data())
@examples(20)
def test_a_change(data: st.DataObject) -> None:
    entries, text = data.draw(hcl_files(catalogs().filter(bool)))
    entry = data.draw(st.sampled_from(entries))
    new = replace(entry, risk="access", owner="a team", createdb=not entry.createdb)
    fields = {"risk": "access", "owner": "a team", "createdb": new.createdb}
    after = change_entry(text.encode(), Format.HCL, entry.key, fields)
    others = {one for one in entries if one is not entry}
    assert set(parse(after.data, display="a.tfvars").entries) == {*others, new}


@pytest.mark.slow
@pytest.mark.parametrize("language", [Format.HCL, Format.YAML])
@pytest.mark.parametrize("seed", range(4))
def test_hundreds_of_entries(seed: int, language: Format) -> None:
    """In a random layout each; too many for Hypothesis to choose them."""
    choices = Seeded(seed)
    entries = many_entries(choices, 100 + choices.below(200))
    text = (
        hcl_text(entries, choices, on_lines=True)
        if language is Format.HCL
        else yaml_text({"application_databases": as_data(entries, choices)}, choices)
    )
    key = choices.one(("aaa", "zzz", entries[50].key[:-1], f"{entries[50].key}0"))
    entry = Entry(key=key, database_name="new", username="new_user", createdb=False)
    after = check(text.encode(), language, entry)
    assert is_one_insertion(text, after)
    assert only_lines_added(text, after)
