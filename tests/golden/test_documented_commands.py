"""Every command that a page shows is one that there is, with options that it has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from pgtenant.cli.app import cli

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "examples/goldenpath/docs/70-operations/runbooks/RB-0032-rds-user-provision.md"
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md")), RUNBOOK]
_MADE = {"cli.md", "CHANGELOG.md"}

_BLOCK = re.compile(r"^ *```sh.*?\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_START = r"(?:\$ )?(?:[A-Z_]+=\S+ )*(pgtenant .*)$"
_LINE = re.compile(r"^\s*" + _START, re.MULTILINE)
_INDENTED = re.compile(r"^(?: {4,}|\t)" + _START, re.MULTILINE)
_INLINE = re.compile(r"`(?:[A-Z_]+=\S+ )*(pgtenant [^`]+)`")
_END = re.compile(r"\s+#|[|;>&]|\\$| -- |\s\[")
"""Where a command ends: a comment, a pipe, another command, what is another program's."""


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.name not in _MADE], ids=lambda p: str(p.relative_to(ROOT))
)
def test_documented_commands_are_there(page: Path) -> None:
    wrong = [
        f"{line}: {problem}" for line in commands(page) if (problem := what_is_wrong_with(line))
    ]
    assert wrong == []


def test_what_is_wrong_is_noticed() -> None:
    assert what_is_wrong_with("pgtenant plan -e dev --detailed-exitcode") == ""
    assert what_is_wrong_with("pgtenant plan -e dev --exit-code") != ""
    assert what_is_wrong_with("pgtenant plans -e dev") != ""
    assert what_is_wrong_with("pgtenant audit runs -e dev") == ""
    assert what_is_wrong_with("pgtenant audit listing") != ""


def commands(page: Path) -> Iterator[str]:
    text = page.read_text("utf-8")
    found = [line for block in _BLOCK.findall(text) for line in _LINE.findall(block)]
    found += _INDENTED.findall(text)
    found += _INLINE.findall(" ".join(text.split("\n")))
    for line in found:
        filled = re.sub(r"<[a-z]+>|…", "x", line)
        yield _END.split(filled, maxsplit=1)[0].strip()


def what_is_wrong_with(line: str) -> str:
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="pgtenant")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return f"there is no command {words[0]}"
        command, context = found, click.Context(found, parent=context, info_name=words.pop(0))
    try:
        command.make_parser(context).parse_args(words)
    except click.NoSuchOption as error:
        return error.format_message()
    except click.UsageError:  # something is left out: it is about another part of the command
        return ""
    return ""
