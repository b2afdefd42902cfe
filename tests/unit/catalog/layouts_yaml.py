"""Random ways to write YAML down, as people do."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from hypothesis import strategies as st

from pgtenant.catalog.model import Entry
from unit.catalog.choices import Choices, Drawn
from unit.catalog.layouts import as_data

_WORD = re.compile(r"[a-z][a-z0-9_]*")
_ABOVE = ("", "", "", "\n", "# a: {b\n", "@# - ours\n", "\n#\n\n")
_BEHIND = ("", "", "", " # why: [not", "   ", "  #")


@st.composite
def yaml_files(draw: st.DrawFn, entries: st.SearchStrategy[tuple[Entry, ...]]) -> Any:
    """Entries and a YAML file that declares them in a block."""
    wanted = draw(entries)
    choices = Drawn(draw)
    around = {"region": "eu", "application_databases": as_data(wanted, choices), "last": [1, "x"]}
    return wanted, yaml_text({name: around[name] for name in choices.order(list(around))}, choices)


def yaml_text(data: dict[str, Any], choices: Choices, *, blocks: int = 2) -> str:
    """Write a file.

    Args:
        data: what it says.
        choices: how it looks.
        blocks: how many levels of mappings are never written like JSON.
    """
    unit = choices.one((1, 2, 2, 2, 4))
    text = _Yaml(choices, unit).block(data, 0, blocks)
    text = choices.one(("", "", "---\n", "# The platform's.\n\n")) + text
    text += choices.one(("", "", "# the end\n", "\n\n"))
    text = choices.one((text, text, text.removesuffix("\n")))
    return choices.one((text, text, text.replace("\n", "\r\n")))


class _Yaml:
    def __init__(self, choices: Choices, unit: int) -> None:
        self._choices = choices
        self._unit = unit

    def block(self, members: dict[str, Any], indent: int, blocks: int) -> str:
        lines = []
        for key, value in members.items():
            name = self._choices.one((key, key, json.dumps(key), f"'{key}'"))
            above = self._choices.one(_ABOVE).replace("@", " " * indent)
            lines.append(f"{above}{' ' * indent}{name}:{self._value(value, indent, blocks - 1)}")
        return "".join(lines)

    def _value(self, value: Any, indent: int, blocks: int) -> str:
        """Return what follows a colon, with the line's end."""
        behind = self._choices.one(_BEHIND)
        if isinstance(value, dict):
            if value and (blocks > 0 or self._choices.one((True, True, False))):
                return f"{behind}\n{self.block(value, indent + self._unit, blocks)}"
            return f" {json.dumps(value, ensure_ascii=False)}{behind}\n"
        if isinstance(value, list):
            if not value or self._choices.one((True, False)):
                return f" {json.dumps(value, ensure_ascii=False)}{behind}\n"
            dash = " " * (indent + self._choices.one((0, self._unit)))
            return f"{behind}\n" + "".join(f"{dash}- {self._scalar(item)}\n" for item in value)
        if isinstance(value, str) and value == value.strip() != "" and self._choices.one((0, 0, 1)):
            return f" {self._choices.one(('|-', '>-'))}\n{' ' * (indent + self._unit)}{value}\n"
        return f" {self._scalar(value)}{behind}\n"

    def _scalar(self, value: Any) -> str:
        written = [json.dumps(value, ensure_ascii=False)]
        if isinstance(value, str):
            written.append("'" + value.replace("'", "''") + "'")
            if _WORD.fullmatch(value) and yaml.safe_load(value) == value:
                written += [value, value]
        return self._choices.one(written)
