"""The JSON Schemas (draft 2020-12) of what `--format json` prints, each in one piece.

The files in `schemas/` refer to each other, so that each thing is described once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Final

COMMANDS: Final = (
    "plan",
    "apply",
    "adopt",
    "retire",
    "rotate",
    "bootstrap",
    "verify",
    "access",
    "secret",
    "tenant",
    "request",
    "fleet",
    "render-cnpg",
    "import-cnpg",
    "verify-gitops",
)
"""The commands whose output has a schema; `fleet` is that of several environments.

A hyphen stands for the space in a command's name.
"""

_SUFFIX: Final = ".schema.json"


def schema(of: str) -> dict[str, Any]:
    """Return the schema of a command's output, with everything in it that it refers to.

    Args:
        of: one of `COMMANDS`.
    """
    document = _read(of)
    definitions: dict[str, Any] = document.get("$defs", {})
    for other in sorted(_elsewhere(document)):
        theirs = _read(other)
        inner = theirs.pop("$defs", {})
        whole = {key: value for key, value in theirs.items() if key != "$schema"}
        for name, definition in ({other: whole} | inner).items():
            if definitions.setdefault(name, definition) != definition:
                raise ValueError(f"{of} and {other} define {name} in two ways")
    wanted = set(_targets(document | {"$defs": {}}))
    while more := {t for name in wanted for t in _targets(definitions[name])} - wanted:
        wanted |= more
    kept = {name: definitions[name] for name in sorted(definitions) if name in wanted}
    one_piece: dict[str, Any] = _local(document | {"$defs": kept})
    return one_piece


def schema_text(of: str) -> str:
    """Return the same as the text of a file."""
    return json.dumps(schema(of), indent=2, ensure_ascii=False) + "\n"


def _read(of: str) -> dict[str, Any]:
    text = files("pgtenant.report").joinpath("schemas", f"{of}{_SUFFIX}").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _refs(node: object) -> Iterator[str]:
    match node:
        case dict():
            for key, value in node.items():
                if key == "$ref":
                    yield value
                else:
                    yield from _refs(value)
        case list():
            for item in node:
                yield from _refs(item)
        case _:
            pass


def _elsewhere(node: object) -> set[str]:
    return {ref.partition(_SUFFIX)[0] for ref in _refs(node) if _SUFFIX in ref}


def _targets(node: object) -> Iterator[str]:
    """Return the names of the definitions that a piece refers to."""
    for ref in _refs(node):
        file, _, path = ref.rpartition("#/$defs/")
        yield path if file or not ref.endswith(_SUFFIX) else ref.removesuffix(_SUFFIX)


def _local(node: Any) -> Any:
    """Return the same with every reference into `$defs` of the same document."""
    match node:
        case dict():
            return {
                key: f"#/$defs/{next(_targets({key: value}))}" if key == "$ref" else _local(value)
                for key, value in node.items()
            }
        case list():
            return [_local(item) for item in node]
        case _:
            return node
