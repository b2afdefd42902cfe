"""Initial schemas: the built-in ones, and those of the project."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from pgtenant.errors import UsageError
from pgtenant.planning.desired import InitialSchema

BUILT_IN: Final = ("basic-app", "event-sourcing")


def initial_schema(name: str, directory: Path) -> InitialSchema:
    """Return an initial schema by the name that the catalog uses.

    Args:
        name: one of `BUILT_IN`, or a file below `directory`.
        directory: the project's `schemas/`.

    Raises:
        UsageError: the file can't be read as UTF-8 text, or no server would take it.
    """
    if name in BUILT_IN:
        return InitialSchema(
            name=name, sql=files(__name__).joinpath(f"{name}.sql").read_text("utf-8")
        )
    try:
        text = (directory / name).read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"the initial schema {name} can't be read: {error}",
            hint=f"put a UTF-8 file of SQL at schemas/{name}",
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(
            f"the initial schema {name} holds a NUL byte in line {line}, which no SQL may",
            hint=f"take it out of schemas/{name}",
        )
    return InitialSchema(name=name, sql=text)
