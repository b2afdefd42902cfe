"""The reference in the docs is the one that the code makes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from pgtenant.audit.record import COLUMNS, Action, Status
from pgtenant.cli.manpage import manual
from pgtenant.cli.reference import commands
from pgtenant.report.explained import pages
from pgtenant.report.reference import reference
from pgtenant.report.schema import COMMANDS, schema_text

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference.md"
MANUAL = ROOT / "share" / "man" / "man1" / "pgtenant.1"


def test_reference_is_current() -> None:
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        PAGE.write_text(reference(), "utf-8")
    assert PAGE.read_text("utf-8") == reference(), "run `make docs-reference`"


def test_commands_are_current() -> None:
    page = PAGE.with_name("cli.md")
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        page.write_text(commands(), "utf-8")
    assert page.read_text("utf-8") == commands(), "run `make docs-reference`"


def test_the_manual_page_is_current() -> None:
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        MANUAL.parent.mkdir(parents=True, exist_ok=True)
        MANUAL.write_text(manual(), "ascii")
    assert MANUAL.read_text("ascii") == manual(), "run `make docs-reference`"


@pytest.mark.parametrize("device", ["ascii", "utf8"])
def test_the_manual_page_is_good_roff(device: str) -> None:
    if shutil.which("groff") is None:
        pytest.skip("there is no groff on this machine to read it")
    done = subprocess.run(
        ["groff", "-man", "-ww", f"-T{device}", str(MANUAL)],
        check=True,
        capture_output=True,
        env=os.environ | {"GROFF_NO_SGR": "1"},
    )
    # Not every device has every sign.
    complaints = done.stderr.decode().splitlines()
    assert [one for one in complaints if "special character" not in one] == []
    shown = re.sub(".\b", "", done.stdout.decode())
    assert "pgtenant apply [OPTIONS] [FILE]" in shown
    assert "\n       --detailed-exitcode\n" in shown
    assert "\\" not in shown


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
