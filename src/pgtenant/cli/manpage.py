"""The manual page, from the commands themselves: what `man pgtenant` shows.

https://man7.org/linux/man-pages/man7/man-pages.7.html, in the macros of `man 7 groff_man`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import click

from pgtenant import __version__
from pgtenant.cli.app import cli
from pgtenant.cli.reference import callable_commands, paragraphs, parameters, usage
from pgtenant.report.reference import EXIT_CODES
from pgtenant.settings.load import FILE_NAME
from pgtenant.settings.specs import SPECS

_NAME = "gives every application its own isolated database, role and grants"
_VARIABLES = (
    ("ALLOW_DB_PROVISION", "`true` is the approval that changes need outside dev."),
    ("PGTENANT_APPROVED_BY", "Who approved, for the audit."),
    ("PGTENANT_LOG_LEVEL", "debug, info, warning or error: of the log on standard error."),
    ("NO_COLOR", "With any value: no colours."),
)
_FILES = (
    (FILE_NAME, "The settings of the platform repository, at its root."),
    ("envs/ENV-rds/terraform.tfvars", "The catalog of an environment, where they name no other."),
)


def manual() -> str:
    """Return the page as roff, in ASCII."""
    return "\n".join(_page()) + "\n"


def _page() -> Iterator[str]:
    yield r".\" Made from the code by `make docs-reference`; a test compares them."
    yield f'.TH PGTENANT 1 "" "pgtenant {_text(__version__)}" "pgtenant"'
    yield from (".nh", ".ad l")  # what is copied from it has no hyphen that is not there
    yield from (".SH NAME", rf"pgtenant \- {_text(_NAME)}")
    yield from (".SH SYNOPSIS", r"\fBpgtenant\fR COMMAND [OPTIONS] ...")
    yield from (".SH DESCRIPTION", *_help(cli), ".SH COMMANDS")
    for command, context in callable_commands():
        yield f".SS {_text(usage(command, context))}"
        yield from _help(command)
        yield from _tagged(parameters(command, context))
    codes = ((str(int(code)), meaning) for code, meaning in EXIT_CODES.items())
    yield from (".SH EXIT STATUS", *_tagged(codes))
    settings = ((one.variable, one.doc) for one in SPECS)
    yield from (".SH ENVIRONMENT", *_tagged((*_VARIABLES, *settings)))
    yield from (".SH FILES", *_tagged(_FILES))


def _help(command: click.Command) -> Iterator[str]:
    for text in filter(None, (command.help, command.epilog)):
        for is_block, part in paragraphs(text):
            lines = map(_line, part.splitlines())
            yield from (
                (".PP", ".RS 4", ".nf", *lines, ".fi", ".RE") if is_block else (".PP", *lines)
            )


def _tagged(items: Iterable[tuple[str, str]]) -> Iterator[str]:
    for tag, text in items:
        if text:
            yield from (".TP", rf"\fB{_text(tag)}\fR", _line(" ".join(text.split())))


def _line(text: str) -> str:
    """Return a line of text, which is no request whatever it begins with."""
    bold = re.sub(r"`([^`]+)`", r"\\fB\1\\fR", _text(text))
    return rf"\&{bold}" if bold.startswith((".", "'")) else bold


def _text(text: str) -> str:
    """Return text as roff shows it.

    Options are copied from there, so a hyphen is a minus; a line may end between choices.
    """
    plain = text.replace("\\", r"\e").replace("-", r"\-").replace('"', r"\(dq")
    plain = plain.replace("|", r"|\:")
    return "".join(one if one.isascii() else rf"\[u{ord(one):04X}]" for one in plain)
