"""The reference in the docs is the one that the code makes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pgtenant.audit.record import COLUMNS, Action, Status
from pgtenant.cli.reference import commands
from pgtenant.report.explained import pages
from pgtenant.report.reference import reference
from pgtenant.report.schema import COMMANDS, schema_text

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


def test_reference_is_current() -> None:
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        PAGE.write_text(reference(), "utf-8")
    assert PAGE.read_text("utf-8") == reference(), "run `make docs-reference`"


def test_commands_are_current() -> None:
    page = PAGE.with_name("cli.md")
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        page.write_text(commands(), "utf-8")
    assert page.read_text("utf-8") == commands(), "run `make docs-reference`"


@pytest.mark.parametrize("name", pages())
def test_pages_of_codes_are_current(name: str) -> None:
    page = PAGE.parents[1] / name
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        page.parent.mkdir(exist_ok=True)
        page.write_text(pages()[name], "utf-8")
    assert page.read_text("utf-8") == pages()[name], "run `make docs-reference`"


@pytest.mark.parametrize("command", COMMANDS)
def test_published_schemas_are_current(command: str) -> None:
    file = PAGE.with_name("schemas") / f"{command}.schema.json"
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(schema_text(command), "utf-8")
    assert file.read_text("utf-8") == schema_text(command), "run `make docs-reference`"


def test_reference_names_every_audit_column_and_status() -> None:
    page = reference()
    assert ", ".join(COLUMNS) in page
    assert all(f"`{status}`" in page for status in Status)
    assert all(f"`{action}`" in page for action in Action)
