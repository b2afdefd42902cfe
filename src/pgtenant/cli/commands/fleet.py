"""How `pgtenant fleet` is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pgtenant.cli.options import format_option, instance_options, project_option


@click.group(short_help="The order of environments, and one report of all.")
def fleet() -> None:
    """For those who run each environment by itself, as workflows do: their order, one report.

    `plan --all` and `apply --all` do both in one process.
    """


@fleet.command()
@project_option
@format_option("text", "json")
def waves(**options: Any) -> int:
    """Print the environments, a line for each wave; as JSON a list of lists."""
    from pgtenant.cli.fleet_report import run_waves

    return run_waves(**options)


_files = click.argument(
    "files", nargs=-1, metavar="[FILE]...", type=click.Path(dir_okay=False, path_type=Path)
)
_expect = click.option(
    "--expect",
    multiple=True,
    metavar="ENV",
    help="An environment that has to be in the report, if only as not started; repeatable.",
)


@fleet.command()
@_files
@_expect
@project_option
@format_option("text", "json", "markdown")
def report(**options: Any) -> int:
    """Make one report of what `plan` and `apply` have printed with --format json.

    FILE holds the result of one environment or of several. What is missing or empty, or was cut
    off, is a failure of the environment that the file is named after. Exits with the worst of
    their codes.
    """
    from pgtenant.cli.fleet_report import run_report

    return run_report(**options)


@fleet.command("drift-issue")
@_files
@_expect
@project_option
@click.option("--run-url", default="", metavar="URL", help="Where the run is that has planned.")
@click.option(
    "--publish",
    is_flag=True,
    help="Open, update or close the issue of GITHUB_REPOSITORY, with GITHUB_TOKEN.",
)
def drift_issue(**options: Any) -> int:
    """Write the issue about what `plan --format json` has found in each environment.

    It holds their changes, drift and blocked entries, in Markdown. An environment whose plan is
    missing or has failed is in it as one of which nothing is known. With --publish there is one
    open issue with the label rds-drift as long as anything differs or is not known.
    """
    from pgtenant.cli.drift_issue import run_drift_issue

    return run_drift_issue(**options)


@fleet.command()
@instance_options
def approval(**options: Any) -> int:
    """Print who approved the run of the workflow that this is in, for its GITHUB_OUTPUT.

    They are the reviewers of the GitHub environment of that name: `approved_by=` their logins,
    `allow=true` when there is one. Exits with 3 when somebody rejected the run, or nobody approved
    it for an environment that needs an approval. Needs GITHUB_REPOSITORY, GITHUB_RUN_ID and
    GITHUB_TOKEN.
    """
    from pgtenant.cli.fleet_forge import run_approval

    return run_approval(**options)


@fleet.command("plan-comment")
@_files
@click.option(
    "--pull-request",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="Comment on this one of GITHUB_REPOSITORY, with GITHUB_TOKEN.",
)
def plan_comment(**options: Any) -> int:
    """Make one comment of the plans in files, no longer than GitHub takes.

    A file that is not there is left out. With --pull-request the comment is written over the last
    one, instead of being printed.
    """
    from pgtenant.cli.fleet_forge import run_plan_comment

    return run_plan_comment(**options)
