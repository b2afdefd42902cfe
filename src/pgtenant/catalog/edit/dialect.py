"""How HCL, JSON and YAML spell values, keys and comments."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

    from pgtenant.catalog.edit.tree import Plain

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_PLAIN_YAML: Final = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@:-]*(?<!:)")
# The stubs leave it without types.
_resolve: Final = cast("Callable[..., str]", yaml.SafeLoader("").resolve)
_STRING: Final = "tag:yaml.org,2002:str"
# YAML 1.1 readers other than ours take these for booleans.
_ODD_YAML: Final = frozenset({"y", "n", "Y", "N"})
_BLOCK_COMMENTS = r"(?:[ \t]*/\*(?:(?!\*/).)*\*/)*"


@dataclass(frozen=True, slots=True)
class Dialect:
    """A language, as far as an edit needs it.

    Attributes:
        name: as people call it.
        key: writes a key, from its name and whether the neighbours' are in quotes.
        scalar: writes a string, number, boolean or list of strings, likewise.
        sign: stands between key and value.
        aligns: whether people align the signs of lines below each other.
        commas: whether members need commas between them, also on lines of their own.
        comma: matches from the end of a value to behind its comma.
        rest: matches from the end of a value, or of its comma, to behind the end of the line,
            where nothing but comments follows.
        comment: what the line of a comment starts with.
    """

    name: str
    key: Callable[[str, bool], str]
    scalar: Callable[[Plain, bool], str]
    sign: str
    aligns: bool
    commas: bool
    comma: re.Pattern[str]
    rest: re.Pattern[str]
    comment: tuple[str, ...]


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _plain_scalar(value: Plain, string: Callable[[str], str]) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return string(value)
        case _:
            return f"[{', '.join(_plain_scalar(item, string) for item in value)}]"


def hcl_string(text: str) -> str:
    """Return an HCL string: JSON's, with templates escaped."""
    return _string(text).replace("${", "$${").replace("%{", "%%{")


def _yaml_string(text: str) -> str:
    if not _PLAIN_YAML.fullmatch(text) or text in _ODD_YAML:
        return _string(text)
    return text if _resolve(yaml.ScalarNode, text, (True, False)) == _STRING else _string(text)


HCL: Final = Dialect(
    name="HCL",
    key=lambda name, quoted: (
        name if _PLAIN_KEY.fullmatch(name) and not quoted else hcl_string(name)
    ),
    scalar=lambda value, _quoted: _plain_scalar(value, hcl_string),
    sign="=",
    aligns=True,
    commas=False,
    comma=re.compile(rf"{_BLOCK_COMMENTS}[ \t]*,", re.DOTALL),
    rest=re.compile(rf"{_BLOCK_COMMENTS}[ \t]*(?:(?:#|//)[^\n]*)?\r?\n", re.DOTALL),
    comment=("#", "//"),
)
JSON: Final = Dialect(
    name="JSON",
    key=lambda name, _quoted: _string(name),
    scalar=lambda value, _quoted: _plain_scalar(value, _string),
    sign=":",
    aligns=False,
    commas=True,
    comma=re.compile(r"[ \t]*,"),
    rest=re.compile(r"[ \t]*\r?\n"),
    comment=(),
)
YAML: Final = Dialect(
    name="YAML",
    key=lambda name, quoted: _string(name) if quoted else _yaml_string(name),
    scalar=lambda value, quoted: _plain_scalar(value, _string if quoted else _yaml_string),
    sign=":",
    aligns=False,
    commas=True,
    comma=re.compile(r"[ \t]*,"),
    rest=re.compile(r"(?:[ \t]+#[^\n]*|[ \t]*)\r?\n"),
    comment=("#",),
)
