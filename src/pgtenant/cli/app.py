"""The program and its commands."""

from __future__ import annotations

import click

from pgtenant import __version__
from pgtenant.cli.audit import audit
from pgtenant.cli.commands.access import access
from pgtenant.cli.commands.adopt import adopt
from pgtenant.cli.commands.apply import apply
from pgtenant.cli.commands.bootstrap import bootstrap
from pgtenant.cli.commands.completion import completion
from pgtenant.cli.commands.connect import connect
from pgtenant.cli.commands.demo import demo
from pgtenant.cli.commands.explain import explain
from pgtenant.cli.commands.fleet import fleet
from pgtenant.cli.commands.importing import import_
from pgtenant.cli.commands.init import init
from pgtenant.cli.commands.plan import plan
from pgtenant.cli.commands.render import render
from pgtenant.cli.commands.report import report
from pgtenant.cli.commands.request import request
from pgtenant.cli.commands.retire import retire
from pgtenant.cli.commands.rotate import rotate
from pgtenant.cli.commands.secret import secret
from pgtenant.cli.commands.tenant import tenant
from pgtenant.cli.commands.verify import verify
from pgtenant.cli.examples import show_examples


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
@click.version_option(__version__, "-V", "--version", prog_name="pgtenant")
def cli() -> None:
    """Give every application its own isolated database, role and grants on a shared PostgreSQL.

    Exit codes: 0 converged, 1 failed, 2 plan has changes (--detailed-exitcode),
    3 approval required, 4 finished with blocked entries, 64 usage or invalid catalog.
    """


for command in (
    plan,
    apply,
    verify,
    access,
    report,
    bootstrap,
    adopt,
    import_,
    retire,
    rotate,
    secret,
    connect,
    tenant,
    request,
    audit,
    fleet,
    render,
    init,
    demo,
    completion,
    explain,
):
    cli.add_command(command)

show_examples(cli)
