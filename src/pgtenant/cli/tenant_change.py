"""`pgtenant tenant add`, `tenant retire` and `tenant drop`."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from pgtenant.catalog.model import Catalog
from pgtenant.cli.plan import width
from pgtenant.cli.single import Single
from pgtenant.planning.tenants.outcome import Tenants
from pgtenant.planning.tenants.slugs import Tenant
from pgtenant.planning.tenants.templates import Template
from pgtenant.report.document import show
from pgtenant.report.progress import progress
from pgtenant.report.tenant_runs import done_json, done_text
from pgtenant.schemas import tenant_template
from pgtenant.usecases.inputs import SCHEMAS_DIRECTORY
from pgtenant.usecases.tenants.add import Adding, add_tenants
from pgtenant.usecases.tenants.look import entry_with_tenants
from pgtenant.usecases.tenants.outcome import Outcome
from pgtenant.usecases.tenants.retire import drop_tenant, retire_tenants
from pgtenant.usecases.tenants.site import Call
from pgtenant.usecases.tenants.sources import Asked, tenants_asked

_Show = Callable[[Tenants], None]


@dataclass(slots=True)
class _Wanted:
    """What the command line and the catalog say together."""

    tenants: tuple[Tenant, ...] = ()
    template: Template = field(default_factory=Template)


def run_add(
    *,
    slugs: tuple[str, ...],
    file: str | None,
    every: bool,
    assume_template: bool,
    **options: Any,
) -> int:
    """Add tenants and print.

    Raises:
        PgtenantError: anything that ended the run before or between its steps.
    """
    key, run = options["key"], _begin(**options)
    asked, wanted = Asked(slugs, file, every=every), _Wanted()

    def check(catalog: Catalog) -> None:
        entry, root = entry_with_tenants(catalog, key), run.settings.root
        wanted.tenants = tenants_asked(asked, entry, root, sys.stdin.buffer, declared=True)
        name = entry.tenancy.template if entry.tenancy is not None else None
        wanted.template = tenant_template(name, root / SCHEMAS_DIRECTORY)

    async def work(call: Call, shown: _Show) -> Outcome:
        adding = Adding(wanted.tenants, every, wanted.template, assume_template)
        return await add_tenants(call, adding, show=shown)

    flags = ["--all"] * every + ["--assume-template"] * assume_template
    return _finish(run, key, " ".join(["tenant add", *flags]), check, work)


def run_retire(*, slugs: tuple[str, ...], file: str | None, **options: Any) -> int:
    """Retire tenants and print.

    Raises:
        PgtenantError: anything that ended the run before or between its steps.
    """
    key, run = options["key"], _begin(**options)
    wanted = _Wanted()

    def check(catalog: Catalog) -> None:
        entry = entry_with_tenants(catalog, key)
        asked = Asked(slugs, file)
        wanted.tenants = tenants_asked(asked, entry, run.settings.root, sys.stdin.buffer)

    async def work(call: Call, shown: _Show) -> Outcome:
        return await retire_tenants(call, wanted.tenants, show=shown)

    return _finish(run, key, "tenant retire", check, work)


def run_drop(*, schema: str, confirm: str | None, **options: Any) -> int:
    """Drop a retired tenant's schema and print.

    Raises:
        PgtenantError: anything that ended the run before or between its steps.
    """
    if confirm is None and not options["dry_run"] and sys.stdin.isatty():
        confirm = click.prompt(f"Type {schema} to drop it for good", err=True)
    if confirm != schema and not options["dry_run"]:
        raise click.UsageError(f"Say --confirm {schema}: it is dropped with all that is in it.")
    key, run = options["key"], _begin(**options)

    async def work(call: Call, shown: _Show) -> Outcome:
        return await drop_tenant(call, schema, show=shown)

    return _finish(run, key, "tenant drop", lambda catalog: _known(catalog, key), work)


def _known(catalog: Catalog, key: str) -> None:
    entry_with_tenants(catalog, key)


def _begin(
    *,
    key: str,
    environment: str | None,
    project: Path,
    dry_run: bool,
    lock_timeout: str | None,
    skip_preflight: bool,
    style: str,
) -> Single:
    return Single.begin(
        project=project,
        environment=environment,
        skip_preflight=skip_preflight,
        lock_timeout=lock_timeout,
        dry_run=dry_run,
        style=style,
        found=done_json(Tenants(key, "", "")),
    )


def _finish(
    run: Single,
    key: str,
    command: str,
    check: Callable[[Catalog], None],
    work: Callable[[Call, _Show], Awaitable[Outcome]],
) -> int:
    def keep(found: Tenants) -> None:
        run.found = done_json(found)
        if run.style == "text":
            show(done_text(found, run.environment, dry_run=run.dry_run, width=width()), sys.stdout)

    async def begun() -> Outcome:
        inputs = await run.inputs(frozenset({key}), operated=True, check=check)
        recorded = command + " --dry-run" * run.dry_run
        return await run.recorded(
            recorded,
            lambda recorder: work(
                Call(
                    inputs=inputs,
                    recorder=recorder,
                    progress=progress(sys.stderr),
                    key=key,
                    lock_wait=run.lock_wait,
                    dry_run=run.dry_run,
                ),
                keep,
            ),
        )

    return run.finish(begun(), lambda _: None)
