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
from unit.catalog.layouts import LETTERS, TEXT, catalogs, hcl_files, json_files

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


def check(before: bytes, name: str, language: Format, entry: Entry, *, insertions: bool) -> None:
    after = add_entry(before, language, entry.key, written(entry))
    was = parse(before, display=name).entries if before.strip() else ()
    assert set(parse(after.data, display=name).entries) == {*was, entry}
    if insertions:
        assert is_within(before, after.data)
    lines = after.data.decode("utf-8-sig").split("\n")
    assert entry.key in lines[after.line - 1]


def is_within(short: bytes, long: bytes) -> bool:
    """Whether every byte of the one stands in the other, in its order."""
    left = iter(long)
    return all(byte in left for byte in short)


@given(st.data())
@examples(40)
def test_hcl(data: st.DataObject) -> None:
    entries, text = data.draw(hcl_files(catalogs()))
    entry = data.draw(new_entries(entries))
    mark = data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    check(mark + text.encode(), "a.tfvars", Format.HCL, entry, insertions=True)


@given(st.data())
@examples(20)
def test_json(data: st.DataObject) -> None:
    entries, text = data.draw(json_files(catalogs()))
    entry = data.draw(new_entries(entries))
    check(text.encode(), "a.json", Format.JSON, entry, insertions=True)


@given(st.data())
@examples(20)
def test_yaml_that_is_written_like_json(data: st.DataObject) -> None:
    entries, text = data.draw(json_files(catalogs()))
    assume("\\ud" not in text)  # two escapes for one character are not YAML
    entry = data.draw(new_entries(entries))
    check(text.encode(), "a.yaml", Format.YAML, entry, insertions=True)


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


@pytest.mark.parametrize("size", [500])
def test_hundreds_of_entries(size: int) -> None:
    text = "application_databases = {\n" + "".join(
        f'  k{n}x = {{ database_name = "d{n:03}", username = "u{n:03}" }} # {n}\n'
        for n in range(size)
    )
    entry = Entry(key="k49", database_name="new", username="new_user")
    check(f"{text}}}".encode(), "a.tfvars", Format.HCL, entry, insertions=True)
