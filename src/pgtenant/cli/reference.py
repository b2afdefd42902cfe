"""The page of commands, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import cleandoc
from textwrap import indent

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
            *(
                line
                for command, context in callable_commands()
                for line in _section(command, context)
            ),
        )
    )


def callable_commands(
    group: click.Group = cli, context: click.Context | None = None
) -> Iterator[tuple[click.Command, click.Context]]:
    """Yield every command that can be called, below groups as well, sorted by name."""
    context = context or click.Context(group, info_name="pgtenant")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        inner = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from callable_commands(command, inner)
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield command, inner


def usage(command: click.Command, context: click.Context) -> str:
    """Return how it is called, such as `pgtenant apply [OPTIONS] [FILE]`."""
    return " ".join((context.command_path, *command.collect_usage_pieces(context)))


def parameters(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    """Yield the options and arguments but `--help`: how each is given, and what it does."""
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None and "--help" not in parameter.opts:
            yield record


def paragraphs(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the paragraphs of a help text, and whether click leaves each as it is: a block."""
    for part in cleandoc(text).split("\n\n"):
        is_block = part.startswith("\b")
        yield is_block, part.removeprefix("\b\n") if is_block else part


def _section(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from (f"## {context.command_path}", "", f"    {usage(command, context)}", "")
    yield from (_markdown(command.help or ""), "")
    if records := list(parameters(command, context)):
        yield from ("| option | |", "| --- | --- |")
        for names, text in records:
            yield f"| `{_cell(names)}` | {_cell(text)} |"
        yield ""
    if examples := EXAMPLES.get(context.command_path.partition(" ")[2]):
        yield from ("```sh", *examples, "```", "")


def _markdown(text: str) -> str:
    return "\n\n".join(
        indent(part, "    ") if is_block else part for is_block, part in paragraphs(text)
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
