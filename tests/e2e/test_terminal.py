"""What commands show on a terminal of 80 columns, without colour, and to a pipe."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from support.project import Project
from support.qualisys import ENTRY
from support.terminal import ESCAPE, Shown, at_a_terminal

ORDERS: dict[str, dict[str, Any]] = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "orders_report": {
        "database_name": "orders",
        "username": "orders_reader",
        "access_level": "reader",
    },
}
QUALISYS = {"qualisys": ENTRY}
COLUMNS = 80

LIFE = (
    "plan -e dev",
    "plan -e dev --sql",
    "apply -e dev",
    "apply -e dev",
    "plan -e dev",
    "verify -e dev",
    "verify instance -e dev --only-server",
    "access -e dev --role orders_reader",
    "secret status -e dev",
    "report -e dev --out report.html",
    "tenant add -e dev qualisys acme-corp globex",
    "tenant list -e dev qualisys",
    "tenant verify -e dev qualisys",
    "rotate -e dev orders",
    "secret status -e dev",
    "bootstrap -e dev --dry-run",
    "adopt -e dev --all --dry-run",
    "retire -e dev orders_report --stage disable",
    "retire -e dev orders_report --stage disable --undo",
    "audit runs -e dev",
    "audit verify -e dev",
    "request list",
    "request show -e dev orders",
    "request route",
    "plan -e dev --only nothing",
    "plan --formt json",
)


def too_wide(shown: Shown) -> list[str]:
    """Return the lines that could have been broken; a literal of SQL or a path can't."""
    return [
        line
        for line in shown.drawn
        if len(line) > COLUMNS and len(line.lstrip()) > max(map(len, line.split()))
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_nothing_is_wider_than_the_terminal(project: Project) -> None:
    project.write(ORDERS | QUALISYS)
    wide: list[str] = []
    for command in LIFE:
        shown = at_a_terminal(project, command.split())
        assert "Traceback" not in shown.raw
        wide += [f"{command}: {line}" for line in too_wide(shown)]
    assert not wide, "\n".join(wide)


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=["no", "dumb"])
def test_without_colour_a_terminal_gets_no_escape(
    project: Project, environ: dict[str, str]
) -> None:
    project.write(ORDERS)
    assert ESCAPE.search(at_a_terminal(project, ["plan", "-e", "dev"]).raw)
    shown = at_a_terminal(project, ["apply", "-e", "dev"], environ=environ)
    assert "\x1b" not in shown.raw
    assert too_wide(shown) == []
    assert shown.lines[-2].startswith("Applied: ")


def test_a_pipe_gets_what_a_terminal_shows_without_its_colours(project: Project) -> None:
    project.write(ORDERS)
    shown = at_a_terminal(project, ["plan", "-e", "dev"])
    piped = project.spawn("plan", "-e", "dev")
    assert "\x1b" not in piped.out
    assert piped.out.splitlines() == shown.lines[:-1]


@pytest.mark.parametrize(
    "command", ["plan -e dev", "plan --help", "verify -e dev", "audit runs -e dev"]
)
def test_a_reader_that_has_seen_enough_hears_of_nothing(project: Project, command: str) -> None:
    project.write(ORDERS)
    project.converge()
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            project.command(*command.split()),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=os.environ | project.variables() | {"PGTENANT_LOG_LEVEL": "error"},
            timeout=120,
        )
    finally:
        os.close(writing)
    assert done.stderr == ""
