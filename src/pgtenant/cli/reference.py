"""The page of commands, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc

import click

from pgtenant.cli.app import cli
from pgtenant.cli.examples import EXAMPLES


def commands() -> str:
    """Return the page as Markdown."""
    return "\n".join(
        (
            "# Commands",
            "",
            "Made from the code by `make docs-reference`; a test compares them.",
            "[Settings, fields and exit codes](reference.md) are on a page of their own.",
            "",
            *_sections(cli, click.Context(cli, info_name="pgtenant")),
        )
    )


def _sections(group: click.Group, context: click.Context) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _sections(command, inner)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield from _section(command, inner)


def _section(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join((context.command_path, *command.collect_usage_pieces(context)))
    yield from (f"## {context.command_path}", "", f"    {usage}", "")
    yield from (_paragraphs(command.help or ""), "")
    records = [
        record
        for parameter in command.get_params(context)
        if "--help" not in parameter.opts and (record := parameter.get_help_record(context))
    ]
    if records:
        yield from ("| option | |", "| --- | --- |")
        for names, text in records:
            yield f"| `{_cell(names)}` | {_cell(text)} |"
        yield ""
    if examples := EXAMPLES.get(context.command_path.partition(" ")[2]):
        yield from ("```sh", *examples, "```", "")


def _paragraphs(text: str) -> str:
    """Return a help text as Markdown: what click is told to leave as it is, is a block."""
    parts = cleandoc(text).split("\n\n")
    return "\n\n".join(_block(part) if part.startswith("\b") else part for part in parts)


def _block(part: str) -> str:
    return "\n".join(f"    {line}" for line in part.splitlines()[1:])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
