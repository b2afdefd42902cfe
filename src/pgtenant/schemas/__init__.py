"""Initial schemas, the built-in ones and those of the project, and templates of tenants."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.planning.desired import InitialSchema
from pgtenant.planning.tenants.templates import Template, TemplateFile

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
    return InitialSchema(name=name, sql=_text(directory, name, f"the initial schema {name}"))


def tenant_template(name: str | None, directory: Path) -> Template:
    """Return the template of an entry's tenants.

    Args:
        name: a directory below `directory`; None for a template without files.
        directory: the project's `schemas/`.

    Raises:
        UsageError: it has no `.sql` files, or one can't be read as UTF-8 text.
    """
    if name is None:
        return Template()
    return Template.of(
        TemplateFile(
            path.name,
            _text(directory, f"{name}/{path.name}", f"the tenants' template {name}/{path.name}"),
        )
        for path in template_files(name, directory)
    )


def template_files(name: str, directory: Path) -> tuple[Path, ...]:
    """Return the files of a template, in order.

    Args:
        name: a directory below `directory`.
        directory: the project's `schemas/`.

    Raises:
        UsageError: it has no `.sql` files, or one leaves `directory`.
    """
    try:
        found = sorted(path.name for path in (directory / name).iterdir() if path.suffix == ".sql")
        root = directory.resolve()
        strays = [
            one for one in found if not (directory / name / one).resolve().is_relative_to(root)
        ]
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"the tenants' template {name} can't be read: {error}",
            hint=f"put `.sql` files into schemas/{name}",
            code=Code.SCHEMA_FILE,
        ) from None
    if not found or strays:
        what = (
            f"{strays[0]} is a link that leaves schemas/" if strays else "no `.sql` file is in it"
        )
        raise UsageError(
            f"the tenants' template {name} can't be used: {what}",
            hint=f"put `.sql` files into schemas/{name}",
            code=Code.SCHEMA_FILE,
        )
    return tuple(directory / name / one for one in found)


def _text(directory: Path, name: str, what: str) -> str:
    try:
        text = (directory / name).read_text("utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"{what} can't be read: {error}",
            hint=f"put a UTF-8 file of SQL at schemas/{name}",
            code=Code.SCHEMA_FILE,
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(
            f"{what} holds a NUL byte in line {line}, which no SQL may",
            hint=f"take it out of schemas/{name}",
            code=Code.SCHEMA_FILE,
        )
    return text
