"""Random valid entries, and random ways to write them down."""

from __future__ import annotations

import json
import string
from dataclasses import fields, replace
from typing import Any

from hypothesis import strategies as st

from pgtenant.catalog.model import FIELDS, AccessLevel, Entry, Kind, Rotation, Tenancy
from pgtenant.catalog.naming import second_login
from unit.catalog.choices import Choices, Drawn

LETTERS = string.ascii_lowercase
NAME = LETTERS + string.digits + "_"
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.sampled_from(' "\\${}%#/*<'),
    max_size=30,
)
_GAPS = ("", " ", "  ", "\t", " /* } */ ")
_ENDS = ("\n", "\n\n", "\r\n", " # } = {\n", '// "\n', "/* \n */\n")
_BREAKS = (*_ENDS, "\n/* x */ ")


def _name(size: int) -> st.SearchStrategy[str]:
    # A letter that starts no reserved name, and two that belong to none.
    return st.text(NAME, min_size=1, max_size=size).map(lambda text: "x_" + text)


def _optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


@st.composite
def _tenancies(draw: st.DrawFn) -> Tenancy:
    return Tenancy(
        schema_prefix=draw(st.sampled_from(["tenant_", "t_", "_x"])),
        setting=draw(st.sampled_from(["app.current_tenant", "a.b"])),
        column=draw(st.sampled_from(["tenant_id", "_org"])),
        template=draw(_optional(st.sampled_from(["tenants", "teams/a"]))),
        tenants_file=draw(_optional(st.sampled_from(["tenants.txt", "envs/dev-rds/tenants"]))),
    )


@st.composite
def catalogs(draw: st.DrawFn) -> tuple[Entry, ...]:
    """Entries of a valid catalog, sorted by key."""
    keys = sorted(draw(st.sets(st.text(NAME + "-", max_size=8).map(lambda t: "k" + t), max_size=5)))
    names = draw(st.lists(_name(20), min_size=2 * len(keys), max_size=2 * len(keys), unique=True))
    entries: list[Entry] = []
    for index, key in enumerate(keys):
        owners = [e for e in entries if e.access_level is AccessLevel.OWNER]
        owner = draw(st.sampled_from(owners)) if owners else None
        level = draw(st.sampled_from(AccessLevel)) if owner else AccessLevel.OWNER
        entry = Entry(
            key=key,
            database_name=names[2 * index],
            username=names[2 * index + 1],
            access_level=level,
            rotation=draw(st.sampled_from(Rotation)),
            createdb=draw(st.booleans()),
            connection_limit=draw(_optional(st.integers(1, 2**31 - 1))),
            secret=f"team/{key}/=x" if draw(st.booleans()) else None,
            owner=draw(_optional(TEXT)),
            requester=draw(_optional(TEXT)),
            domain=draw(_optional(TEXT)),
            risk=draw(_optional(st.sampled_from(["none", "low", "medium", "high", "access"]))),
            size=draw(_optional(st.sampled_from(["small", "medium", "large", "xlarge"]))),
        )
        if second_login(entry.username) in names:
            entry = replace(entry, rotation=Rotation.SINGLE)
        if owner is not None and level is not AccessLevel.OWNER:
            entry = replace(entry, database_name=owner.database_name)
        else:
            entry = replace(
                entry,
                initial_schema=draw(st.sampled_from(["none", "basic-app", "teams/a.sql"])),
                extensions=tuple(draw(st.lists(_name(5), max_size=3, unique=True))),
                tenancy=draw(_optional(_tenancies())),
            )
        entries.append(entry)
    return tuple(entries)


def many_entries(choices: Choices, count: int) -> tuple[Entry, ...]:
    """As many entries, with little in each, whose names are within each other's."""
    entries: list[Entry] = []
    for number in range(count):
        entry = Entry(
            key=f"k{number}x",
            database_name=f"d{number:03}",
            username=f"u{number:03}",
            createdb=choices.one((True, False)),
            owner=choices.one((None, "a-team", 'odd "${team}" # {')),
            risk=choices.one((None, "low", "high")),
        )
        if bool(entries) and choices.one((True, False, False)):
            database = choices.one(entries).database_name
            entry = replace(entry, database_name=database, access_level=AccessLevel.READER)
        entries.append(entry)
    return tuple(entries)


def as_data(entries: tuple[Entry, ...], choices: Choices) -> dict[str, Any]:
    """The entries as JSON-like data; fields in random order, defaults sometimes left out."""
    data: dict[str, Any] = {}
    for entry in choices.order(entries):
        members: dict[str, Any] = {}
        for spec in choices.order(FIELDS):
            value = getattr(entry, spec.name)
            if value == spec.default and choices.one((True, False)):
                continue
            if spec.kind is Kind.OBJECT and value is not None:
                value = {item.name: getattr(value, item.name) for item in fields(value)}
            members[spec.name] = list(value) if isinstance(value, tuple) else value
        data[entry.key] = members
    return data


@st.composite
def hcl_files(
    draw: st.DrawFn, entries: st.SearchStrategy[tuple[Entry, ...]], *, on_lines: bool = False
) -> Any:
    """Entries and a tfvars file that declares them.

    With `on_lines` each entry and the map's end stand on lines of their own.
    """
    wanted = draw(entries)
    return wanted, hcl_text(wanted, Drawn(draw), on_lines=on_lines)


def hcl_text(wanted: tuple[Entry, ...], choices: Choices, *, on_lines: bool = False) -> str:
    """Write entries down as a tfvars file."""
    layout = _Layout(choices)
    return (
        f'{layout.line_break()}region = "a" # {{\n'
        f"application_databases{layout.gap()}={layout.gap()}"
        f"{layout.object(as_data(wanted, choices), on_lines=on_lines)}"
        f"{choices.one(['', layout.line_break() + 'x = [f(1), {}]'])}"
    )


@st.composite
def json_files(draw: st.DrawFn, entries: st.SearchStrategy[tuple[Entry, ...]]) -> Any:
    """Entries and a JSON file that declares them, which is YAML as well."""
    wanted = draw(entries)
    text = json.dumps(
        {"application_databases": as_data(wanted, Drawn(draw))},
        indent=draw(st.sampled_from([None, 0, 2])),
        ensure_ascii=draw(st.booleans()),
    )
    return wanted, text


class _Layout:
    """Writes HCL as people do: every choice is drawn."""

    def __init__(self, choices: Choices) -> None:
        self._choices = choices

    def gap(self) -> str:
        return self._choices.one(_GAPS)

    def line_break(self) -> str:
        return self._choices.one(_BREAKS)

    def _maybe(self) -> bool:
        return self._choices.one((True, False))

    def value(self, value: Any) -> str:
        if isinstance(value, dict):
            return self.object(value)
        if isinstance(value, list):
            return self._list(value)
        if isinstance(value, str):
            return self._string(str(value))
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value}{self._choices.one(('', '.0', '.00', 'e0'))}"
        return {None: "null", True: "true", False: "false"}[value]

    def _string(self, text: str) -> str:
        escaped = (
            text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${").replace("%{", "%%{")
        )
        if self._maybe():
            escaped = "".join(c if c.isascii() else f"\\U{ord(c):08x}" for c in escaped)
        return f'"{escaped}"'

    def _list(self, items: list[Any]) -> str:
        space = self._choices.one(("", " ", "\n  ", "# ]\n"))
        written = f",{space}".join(self.value(item) for item in items)
        end = "," if items and self._maybe() else ""
        return f"[{space}{written}{end}{space}]"

    def object(self, members: dict[str, Any], *, on_lines: bool = False) -> str:
        one_line = not on_lines and self._maybe()
        written = []
        for key, value in members.items():
            name = key if self._maybe() else f'"{key}"'
            sign = self._choices.one(("=", " = ", ":", " : ", "     = "))
            written.append(f"{name}{sign}{self.gap()}{self.value(value)}{self.gap()}")
        if one_line:
            end = "," if members and self._maybe() else ""
            return "{ " + ", ".join(written) + end + " }"
        breaks = _ENDS if on_lines else _BREAKS
        parts = [
            item + self._choices.one((",", "")) + self._choices.one(breaks) for item in written
        ]
        return "{" + self._choices.one(breaks) + "".join(parts) + "}"
