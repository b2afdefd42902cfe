"""The commands and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgtenant import __version__
from pgtenant.cli.audit import audit
from pgtenant.cli.options import environment_option, project_option

_FORMATS = ["text", "json", "sql", "markdown"]


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(__version__, "-V", "--version", prog_name="pgtenant")
def cli() -> None:
    """Give every application its own isolated database, role and grants on a shared PostgreSQL.

    \b
    pgtenant demo              see all of it on an embedded server, in a minute
    pgtenant plan  -e dev      what would change
    pgtenant apply -e dev      change it

    Exit codes: 0 converged, 1 failed, 2 plan has changes (--detailed-exitcode),
    3 approval required, 4 finished with blocked entries, 64 usage or invalid catalog.
    """  # noqa: D301 - click wants the character itself


cli.add_command(audit)


@cli.command()
@environment_option
@project_option
@click.option("--only", multiple=True, metavar="KEY", help="Limit to this entry; repeatable.")
@click.option("--authoritative", is_flag=True, help="Plan to revoke what the catalog lacks.")
@click.option(
    "--format",
    "style",
    type=click.Choice(_FORMATS),
    default="text",
    show_default=True,
    help="text for people, json for programs, sql to paste into psql, markdown to comment.",
)
@click.option("--sql", is_flag=True, help="Show each change's SQL below it (text format).")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Save the plan for `apply FILE`. It holds no secret.",
)
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes, 4 when blocked."
)
def plan(**options: Any) -> int:
    """Show what would change, entry by entry. Changes nothing and takes no lock."""
    from pgtenant.cli.plan import run_plan

    return run_plan(**options)


@cli.command()
@click.argument(
    "saved",
    required=False,
    metavar="[FILE]",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
)
@environment_option
@project_option
@click.option("--dry-run", is_flag=True, help="Everything but the last call; needs no approval.")
@click.option("--only", multiple=True, metavar="KEY", help="Limit to this entry; repeatable.")
@click.option("--no-fail-fast", is_flag=True, help="Go on with the other entries after an error.")
@click.option("--authoritative", is_flag=True, help="Revoke what the catalog does not give.")
@click.option(
    "--build-id", metavar="ID", help="For the audit  [default: the CI system's, or manual]"
)
@click.option("--run-id", metavar="ID", help="For the audit  [default: made up, unique]")
@click.option("--audit", metavar="PATH", help="The audit CSV  [default: from pgtenant.toml]")
@click.option(
    "--lock-timeout", metavar="DURATION", help="How long to wait for another run, such as 30s."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json for programs.",
)
def apply(**options: Any) -> int:
    """Bring the instance to what the catalog says; with FILE, carry out that saved plan.

    Outside dev it needs ALLOW_DB_PROVISION=true. Every step is in the audit file before the
    next one starts; run again after any failure, and it goes on from what is there.
    """
    from pgtenant.cli.apply import run_apply

    return run_apply(**options)


@cli.command()
@environment_option
@project_option
@click.option(
    "--role", metavar="NAME", default="pgtenant_admin", show_default=True, help="Its role."
)
@click.option(
    "--master-secret",
    metavar="NAME",
    help="The master's secret  [default: [secrets] admin, or goldenpath/ENV/rds/master]",
)
@click.option("--undo", is_flag=True, help="Give the master its powers back; shut the role out.")
@click.option("--dry-run", is_flag=True, help="Everything but the changes; needs no approval.")
@click.option(
    "--lock-timeout", metavar="DURATION", help="How long to wait for another run, such as 30s."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json for programs.",
)
def bootstrap(**options: Any) -> int:
    """Make the delegated admin, once, with the master's secret.

    It can make and change roles and databases, and nothing else. Its password goes to the
    secret store; pgtenant.toml then names that secret in [secrets] admin.
    """
    from pgtenant.cli.bootstrap import run_bootstrap

    return run_bootstrap(**options)


@cli.command()
@click.argument("keys", nargs=-1, metavar="[KEY]...")
@environment_option
@project_option
@click.option("--all", "everything", is_flag=True, help="Every entry of the catalog.")
@click.option("--dry-run", is_flag=True, help="Everything but the last call; needs no approval.")
@click.option(
    "--take-ownership",
    is_flag=True,
    help="Give databases that the admin owns, or may act for the owner of, to their entries.",
)
@click.option(
    "--lock-timeout", metavar="DURATION", help="How long to wait for another run, such as 30s."
)
@click.option(
    "--format",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="text for people, json for programs.",
)
def adopt(**options: Any) -> int:
    """Take over roles and databases that were made by hand or by an older script.

    Shows what they have today, who uses them and what the next apply would change; then marks
    them as managed, and changes nothing else. Exits 4 when an entry can't be adopted.
    """
    from pgtenant.cli.adopt import run_adopt

    return run_adopt(**options)


@cli.command("import")
@environment_option
@project_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the catalog there, where no file is yet  [default: stdout]",
)
def import_(**options: Any) -> int:
    """Write a catalog from a live server. Changes nothing, and needs no secret but the admin's.

    Databases with their owners, who writes and who reads; comments say what does not fit.
    """
    from pgtenant.cli.importing import run_import

    return run_import(**options)


@cli.command()
@click.option("--keep", is_flag=True, help="Leave the server running until Ctrl-C.")
def demo(*, keep: bool) -> int:
    """Plan, apply and prove isolation on an embedded PostgreSQL, from nothing."""
    from pgtenant.demo import run_demo

    return run_demo(keep=keep)
