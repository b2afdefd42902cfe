"""What `--help` shows below the options: commands to begin with, for every command.

They are all here, so that a test can parse each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import click

WIDEST: Final = 76
"""Columns of an example: with the indentation, a terminal of 80 shows it on one line."""

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "": (
        "pgtenant demo            # all of it on an embedded server, in a minute",
        "pgtenant plan -e dev     # what would change",
        "pgtenant apply -e dev    # change it",
        "pgtenant verify -e dev   # prove it, logged in as every role",
    ),
    "plan": (
        "pgtenant plan -e dev",
        "pgtenant plan -e dev --sql                # each change with its SQL",
        "pgtenant plan -e prod --out prod.plan     # for `pgtenant apply prod.plan`",
        "pgtenant plan --all --detailed-exitcode   # in CI: 2 where anything differs",
    ),
    "apply": (
        "pgtenant apply -e dev",
        "pgtenant apply -e dev --only orders",
        "pgtenant apply -e prod --dry-run   # needs no approval",
        "ALLOW_DB_PROVISION=true pgtenant apply prod.plan",
    ),
    "verify": (
        "pgtenant verify -e dev",
        "pgtenant verify -e prod --format json --out isolation.json",
        "pgtenant verify instance -e prod --public db.example.com:5432",
    ),
    "access": (
        "pgtenant access -e dev --role orders_user",
        "pgtenant access -e dev --database orders --table invoice",
        "pgtenant access -e prod --format csv > access.csv",
    ),
    "report": (
        "pgtenant report -e dev --out report.html",
        "pgtenant report -e prod --out report.html --verify",
    ),
    "bootstrap": (
        "pgtenant bootstrap -e dev --dry-run",
        "pgtenant bootstrap -e dev",
        "pgtenant bootstrap -e dev --undo   # the master does the work again",
    ),
    "adopt": (
        "pgtenant adopt -e dev --all --dry-run   # what it would take over",
        "pgtenant adopt -e dev orders billing",
    ),
    "import": (
        "pgtenant import -e dev --out envs/dev-rds/terraform.tfvars",
        "pgtenant import cnpg -e dev",
    ),
    "retire": (
        "pgtenant retire -e dev orders --stage disable",
        "pgtenant retire -e dev orders --stage disable --undo",
        "pgtenant retire -e dev orders --stage drop --dump-to dumps --confirm orders",
    ),
    "rotate": (
        "pgtenant rotate -e dev orders",
        "pgtenant rotate -e prod --due   # what is old enough",
        "pgtenant rotate -e prod --admin",
    ),
    "secret": ("pgtenant secret status -e dev",),
    "secret status": (
        "pgtenant secret status -e dev",
        "pgtenant secret status -e prod orders billing",
    ),
    "connect": (
        "pgtenant connect -e dev orders",
        "pgtenant connect -e dev orders -- -c 'SELECT current_user'",
    ),
    "tenant": (
        "pgtenant tenant add -e dev qualisys acme-corp globex",
        "pgtenant tenant list -e dev qualisys",
        "pgtenant tenant verify -e dev qualisys",
    ),
    "tenant list": ("pgtenant tenant list -e dev qualisys",),
    "tenant verify": (
        "pgtenant tenant verify -e dev qualisys",
        "pgtenant tenant verify -e prod qualisys --no-attack",
    ),
    "tenant add": (
        "pgtenant tenant add -e dev qualisys acme-corp globex",
        "pgtenant tenant add -e dev qualisys --file tenants.txt",
        "pgtenant tenant add -e dev qualisys --all   # new files of the template",
    ),
    "tenant retire": ("pgtenant tenant retire -e dev qualisys acme-corp",),
    "tenant drop": ("pgtenant tenant drop -e dev qualisys retired_acme_corp_20260131",),
    "request": (
        "pgtenant request add -e dev   # asks for what is missing",
        "pgtenant request list",
        "pgtenant request show -e dev orders",
    ),
    "request add": (
        "pgtenant request add -e dev   # asks for what is missing",
        "pgtenant request add -e dev --from request.yaml --dry-run",
    ),
    "request change": ("pgtenant request change -e dev orders --risk high",),
    "request list": (
        "pgtenant request list",
        "pgtenant request list -e dev --format json",
    ),
    "request show": ("pgtenant request show -e dev orders",),
    "request route": (
        "pgtenant request route   # the policy",
        "pgtenant request route -e prod --risk high --size large",
    ),
    "request status": (
        "pgtenant request status -e dev orders approved",
        "pgtenant request status -e dev --from-audit",
    ),
    "request form": (
        "pgtenant request form > template.yaml",
        "pgtenant request form --format json-schema",
    ),
    "request open": ("pgtenant request open -e dev --from request.yaml",),
    "request rebuild": ("pgtenant request rebuild",),
    "request review": (
        "pgtenant request review 42",
        "pgtenant request review --branch request/dev-orders",
    ),
    "audit": (
        "pgtenant audit runs -e dev",
        "pgtenant audit verify -e dev",
    ),
    "audit verify": (
        "pgtenant audit verify -e dev",
        "pgtenant audit verify -e prod --head-file heads.txt",
    ),
    "audit head": ("pgtenant audit head -e prod >> heads.txt",),
    "audit runs": ("pgtenant audit runs -e dev",),
    "audit export": ("pgtenant audit export -e prod --format csv --since 2026-01-01",),
    "audit upload": ("pgtenant audit upload -e prod --to s3://example-audit/pgtenant",),
    "audit collect": ("kubectl logs job/rds-provision | pgtenant audit collect -e dev -",),
    "fleet": ("pgtenant fleet waves",),
    "fleet waves": ("pgtenant fleet waves --format json",),
    "fleet report": ("pgtenant fleet report dev.json test.json --expect prod",),
    "fleet drift-issue": ("pgtenant fleet drift-issue dev.json prod.json --publish",),
    "fleet approval": ('pgtenant fleet approval -e prod >> "$GITHUB_OUTPUT"',),
    "fleet plan-comment": ("pgtenant fleet plan-comment plans/dev.md --pull-request 42",),
    "render": (
        "pgtenant render external-secret -e dev orders --namespace orders",
        "pgtenant render cnpg -e dev --check",
        "pgtenant render sql -e dev orders",
    ),
    "render external-secret": (
        "pgtenant render external-secret -e dev orders --namespace orders",
        "pgtenant render external-secret -e dev orders --out orders-db.yaml",
    ),
    "render cnpg": (
        "pgtenant render cnpg -e dev",
        "pgtenant render cnpg -e dev --check   # in CI: 2 where a manifest is not",
    ),
    "render sql": ("pgtenant render sql -e dev orders --out db-init.sql",),
    "init": ("pgtenant init acme-platform --prefix acme --region eu-central-1",),
    "completion": ('eval "$(pgtenant completion bash)"           # for this shell only',),
    "explain": ("pgtenant explain PGT-0501", "pgtenant explain   # lists all of them"),
    "demo": (
        "pgtenant demo",
        "pgtenant demo --sandbox shop   # to try things on: the tutorial",
    ),
}
"""By the command's words: what is run, and after two blanks and a `#` what for."""

_MARK: Final = "\b\n"
"""Tells click to leave the lines of a paragraph as they are."""


def show_examples(root: click.Group) -> None:
    """Have every command's help end with its examples.

    Args:
        root: the program, whose commands are all added.
    """
    for path, command in commands_of(root):
        if found := EXAMPLES.get(path):
            command.epilog = "\n".join((f"{_MARK}Examples:", *(f"  {line}" for line in found)))


def commands_of(group: click.Group, path: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield a group and every command in it, each with its words below the program's name."""
    yield path, group
    for name, command in sorted(group.commands.items()):
        words = f"{path} {name}".strip()
        if isinstance(command, click.Group):
            yield from commands_of(command, words)
        else:
            yield words, command
