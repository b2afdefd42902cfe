"""Every command that a page shows is one that there is, with options that it has."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest

from pgtenant.cli.app import cli
from pgtenant.cli.examples import EXAMPLES, WIDEST, commands_of

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


def test_every_command_has_examples() -> None:
    assert [path for path, _ in commands_of(cli) if path not in EXAMPLES] == []
    assert EXAMPLES.keys() <= {path for path, _ in commands_of(cli)}


@pytest.mark.parametrize(
    ("path", "example"), [(path, line) for path, lines in EXAMPLES.items() for line in lines]
)
def test_examples_are_what_their_command_takes(path: str, example: str) -> None:
    assert len(example) <= WIDEST
    (line,) = re.findall(r"(?:^|[ (])(pgtenant [^|>)]*?)(?:$|\)| {2,}#| >)", example)
    assert line.startswith(f"pgtenant {path}".strip())
    assert what_is_wrong_with(line, whole=True) == ""


def test_help_ends_with_the_examples() -> None:
    for path, command in commands_of(cli):
        context = click.Context(command, info_name="pgtenant", terminal_width=80)
        shown = command.get_help(context).splitlines()
        assert shown[-len(EXAMPLES[path]) :] == [f"    {line}" for line in EXAMPLES[path]]


def test_the_list_of_commands_shows_whole_sentences() -> None:
    shown = cli.get_help(click.Context(cli, info_name="pgtenant", terminal_width=80))
    assert "..." not in shown.partition("Commands:")[2]


def commands(page: Path) -> Iterator[str]:
    text = page.read_text("utf-8")
    found = [line for block in _BLOCK.findall(text) for line in _LINE.findall(block)]
    found += _INDENTED.findall(text)
    found += _INLINE.findall(" ".join(text.split("\n")))
    for line in found:
        filled = re.sub(r"<[a-z]+>|…", "x", line)
        yield _END.split(filled, maxsplit=1)[0].strip()


def what_is_wrong_with(line: str, *, whole: bool = False) -> str:
    """Return what a command does not take; with `whole` also what it lacks."""
    words = shlex.split(line)[1:]
    command: click.Command = cli
    context = click.Context(cli, info_name="pgtenant")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words[0])
        if found is None:
            return f"there is no command {words[0]}"
        command, context = found, click.Context(found, parent=context, info_name=words.pop(0))
    try:
        given, _, _ = command.make_parser(context).parse_args(words)
        if whole:
            _convert(command, context, given)
    except click.NoSuchOption as error:
        return error.format_message()
    except click.UsageError as error:
        # Otherwise something is left out: it is about another part of the command.
        return error.format_message() if whole else ""
    return ""


def _convert(command: click.Command, context: click.Context, given: Mapping[str, Any]) -> None:
    """Have each value checked as it is when the command runs, but for the files that it names."""
    for parameter in command.get_params(context):
        if isinstance(parameter.type, click.Path) or parameter.is_eager:
            continue
        value = given.get(parameter.name or "")
        if isinstance(value, (str, list, tuple)):
            parameter.type_cast_value(context, value)
        elif parameter.required:
            raise click.MissingParameter(ctx=context, param=parameter)
