"""How `pgtenant request` is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgtenant.catalog.model import Kind
from pgtenant.cli.completion import keys
from pgtenant.cli.options import (
    Command,
    Decorator,
    environment_option,
    format_option,
    instance_options,
    preflight_option,
    project_option,
)
from pgtenant.requests.form import CHANGEABLE, FORM, FormField
from pgtenant.requests.status import Status


@click.group(short_help="Ask for a database: an entry, ready for review.")
def request() -> None:
    """Ask for a database: a validated entry in the catalog, ready for a pull request.

    Edits the files of the project in place, keeps every other byte, and needs no server.
    """


def _fields(*names: str) -> Decorator:
    def decorate(command: Command) -> Command:
        for field in reversed(FORM):
            if field.name in names:
                command = _option(field)(command)
        return command

    return decorate


def _option(field: FormField) -> Decorator:
    if field.kind is Kind.BOOL:
        flag = f"{field.flag}/--no-{field.flag.removeprefix('--')}"
        return click.option(flag, field.name, default=None, help=field.doc)
    repeatable = field.kind is Kind.STRINGS
    named = field.flag.removesuffix("s") if repeatable else field.flag
    choices = f" One of {', '.join(field.choices)}." if field.choices else ""
    more = " Repeatable." if repeatable else ""
    default = f"  [default: {field.default}]" if field.default and not field.required else ""
    return click.option(
        named,
        field.name,
        type=int if field.kind is Kind.INTEGER else str,
        multiple=repeatable,
        metavar="NUMBER" if field.kind is Kind.INTEGER else "TEXT",
        help=f"{field.doc}{choices}{more}{default}",
    )


_dry_run = click.option("--dry-run", is_flag=True, help="Show what would be written, and stop.")


_source = click.option(
    "--from",
    "source",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    metavar="FILE",
    help="A YAML or JSON file with the fields, - for stdin; flags override it.",
)
_base = click.option(
    "--base",
    metavar="BRANCH",
    help="The branch that pull requests target  [default: as [requests] base says]",
)
_remote = click.option(
    "--remote", metavar="NAME", default="origin", show_default=True, help="Of the repository."
)


@request.command()
@instance_options
@_fields(*(field.name for field in FORM if field.name != "environment"))
@_source
@click.option("--check-server", is_flag=True, help="Look at the instance too; changes nothing.")
@_dry_run
@preflight_option
@format_option("text", "json")
def add(**options: Any) -> int:
    """Add an entry to the catalog, its record and its Backstage entity: all of them or none.

    On a terminal, asks for what is missing. The same request again changes nothing; one that is
    wrong, or in conflict with what is there, is refused with exit code 64.
    """
    from pgtenant.cli.request import run_add

    return run_add(**options)


@request.command()
@click.argument("key", shell_complete=keys)
@instance_options
@_fields(*CHANGEABLE)
@_dry_run
@format_option("text", "json")
def change(**options: Any) -> int:
    """Set fields of an entry, in all files or in none."""
    from pgtenant.cli.request import run_change

    return run_change(**options)


@request.command("list")
@instance_options
@format_option("text", "json")
def list_(**options: Any) -> int:
    """List the databases of one environment, or of all, with their status."""
    from pgtenant.cli.request_look import run_list

    return run_list(**options)


@request.command()
@click.argument("key", shell_complete=keys)
@instance_options
@format_option("text", "json", "markdown")
def show(**options: Any) -> int:
    """Show one entry, its status, its secret and who approves it.

    As Markdown, what the pull request of its request says: what a run does for it, and why.
    """
    from pgtenant.cli.request_look import run_show

    return run_show(**options)


@request.command()
@click.argument("key", required=False, shell_complete=keys)
@environment_option
@project_option
@_fields("risk", "size")
@format_option("text", "json")
def route(**options: Any) -> int:
    """Say who has to approve a request; without one, print the policy.

    The request is an entry that is there (KEY), or any of this risk and size.
    """
    from pgtenant.cli.request_look import run_route

    return run_route(**options)


@request.command()
@click.argument("key", required=False, shell_complete=keys)
@click.argument("status", required=False, type=click.Choice([str(one) for one in Status]))
@instance_options
@click.option(
    "--from-audit", is_flag=True, help="Every entry: active or failed, as its last run ended."
)
@click.option(
    "--at-least",
    type=click.Choice([str(Status.APPROVED), str(Status.PROVISIONING)]),
    help="With --from-audit: what an entry is that no run has reached yet.",
)
@format_option("text", "json")
def status(**options: Any) -> int:
    """Move an entry to a status in the catalog of resources.

    pending, approved, provisioning, active or failed, decommissioning, decommissioned.
    """
    from pgtenant.cli.request_look import run_status

    return run_status(**options)


@request.command()
@project_option
@click.option(
    "--format",
    "style",
    type=click.Choice(["backstage", "json-schema"]),
    default="backstage",
    show_default=True,
    help="A software template for Backstage, or the JSON Schema of a request.",
)
def form(**options: Any) -> int:
    """Print the form of requests, by the rules that the settings make.

    For Backstage it starts the workflow of the repository that [requests] repository names.
    """
    from pgtenant.cli.request_look import run_form

    return run_form(**options)


@request.command("open")
@instance_options
@_fields(*(field.name for field in FORM if field.name != "environment"))
@_source
@_base
@_remote
@format_option("text", "json")
def open_(**options: Any) -> int:
    """Add an entry in a branch of its own, and open its pull request on GitHub.

    Works on the tip of the branch that the pull request targets, whatever is checked out. The same
    request again opens no second one. Needs GITHUB_REPOSITORY and GITHUB_TOKEN.
    """
    from pgtenant.cli.request_open import run_open

    return run_open(**options)


@request.command()
@project_option
@_base
@_remote
@format_option("text", "json")
def rebuild(**options: Any) -> int:
    """Make open requests that can't be merged any more once more, on what there is now.

    Leaves alone what git can merge, and what somebody has edited by hand. Then reviews again what
    is open. Run it after each merge.
    """
    from pgtenant.cli.request_open import run_rebuild

    return run_rebuild(**options)


@request.command()
@click.argument("number", type=click.IntRange(min=1), required=False)
@click.option("--branch", help="In the place of the number: the branch that it is from.")
@project_option
@_remote
@format_option("text", "json")
def review(**options: Any) -> int:
    """Say who has to approve a pull request, ask them, and tell its head whether they have.

    It has to target the branch that requests target, whose policy holds. Exits with 3 as long as
    an approval is missing.
    """
    from pgtenant.cli.request_open import run_review

    return run_review(**options)
