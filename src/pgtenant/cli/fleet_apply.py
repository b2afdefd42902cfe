"""`pgtenant apply` to several environments."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import click

from pgtenant import logs
from pgtenant.audit.record import Record
from pgtenant.cli.apply import Asked, Request, as_document, asked_for, carry_out
from pgtenant.cli.fleet import Fleet, complain_of, error_result, fleet_of, print_report, show_now
from pgtenant.cli.plan import width
from pgtenant.cli.stdout import not_needed
from pgtenant.errors import ApprovalRequiredError, ExitCode, PgtenantError
from pgtenant.report.applied import apply_text
from pgtenant.report.document import Document
from pgtenant.report.fleet import Result, told
from pgtenant.report.progress import Silent, progress
from pgtenant.report.tenant_runs import done_text
from pgtenant.report.text import plan_text
from pgtenant.usecases.approval import require_approval
from pgtenant.usecases.fleet import Turns, check_apart


def apply_all(environments: tuple[str, ...], asked: Asked, *, parallel: int) -> int:
    """Apply to each environment and print one report.

    Raises:
        PgtenantError: the settings are wrong, or two environments would share an audit.
    """
    if asked.saved is not None:
        raise click.UsageError("A saved plan is carried out for its own environment alone.")
    request = asked.request("")
    fleet = fleet_of(
        request.settings,
        environments,
        parallel=parallel,
        no_fail_fast=asked.no_fail_fast,
        style=asked.style,
    )
    check_apart(request.settings, fleet.environments)
    level = logs.level_for(os.environ, sys.stderr)
    logs.configure(sys.stderr, level, build_id=request.build_id)
    if not request.dry_run:
        not_needed()
    refused = _refused(fleet) if request.fail_fast and not request.dry_run else ()
    results = list(refused) or fleet.run(_Applies(fleet, request).one)
    return print_report(asked_for(request), results, asked.style)


def _refused(fleet: Fleet) -> Sequence[Result]:
    """Return a result of each environment when one of them has no approval: none is touched."""
    results = [fleet.result(environment) for environment in fleet.environments]
    refused = False
    for number, result in enumerate(results):
        try:
            require_approval(fleet.settings, result.environment, os.environ)
        except ApprovalRequiredError as error:
            complain_of(result.environment, error)
            results[number] = error_result(result, error)
            refused = True
    return results if refused else ()


@dataclass(frozen=True, slots=True)
class _Applies:
    """Applies to one environment after the other, or to a few at a time."""

    fleet: Fleet
    asked: Request
    turns: Turns = field(default_factory=Turns)

    async def one(self, environment: str) -> Result:
        """Apply to one; whatever ends it is its own."""
        several = len(self.fleet.environments) > 1
        run_id = f"{self.asked.run_id}-{environment}" if several else self.asked.run_id
        request = replace(self.asked, environment=environment, run_id=run_id)
        logs.bind(run_id=run_id)
        begun, began = self.fleet.result(environment), time.monotonic()
        records: list[Record] = []
        entries: dict[str, str] = {}
        shown = _Shown(at_once=self.fleet.parallel == 1, wanted=self.fleet.style == "text")
        errors: tuple[PgtenantError, ...]
        trusted = None
        try:
            outcome = await carry_out(
                request,
                records,
                lambda plan: shown.add(plan_text(plan, width=width())),
                entries,
                print_tenants=lambda found: shown.add(
                    done_text(found, environment, dry_run=False, width=width())
                ),
                turn=self.turns,
                meter=progress(sys.stderr) if self.fleet.parallel == 1 else Silent(),
            )
            errors, code = outcome.errors, outcome.exit_code
            trusted = outcome.plan.trusted
        except Exception as unexpected:
            error = self.fleet.failed(environment, unexpected)
            errors, code = (error,), error.exit_code
        else:
            for error in errors:
                complain_of(environment, error)
        if records:
            rows = [record.as_dict() for record in records]
            elapsed = time.monotonic() - began
            shown.add(
                apply_text(
                    rows,
                    environment=environment,
                    run_id=run_id,
                    entries_of=entries,
                    width=width(),
                    elapsed=elapsed,
                )
            )
        shown.end()
        document = (
            as_document(request, records, errors, code, trusted) if code < ExitCode.USAGE else None
        )
        return replace(begun, exit_code=code, apply=document, errors=tuple(map(told, errors)))


@dataclass(slots=True)
class _Shown:
    """What one environment has to show: at once, or in one piece when others are at work too."""

    at_once: bool
    wanted: bool
    kept: list[Document] = field(default_factory=list)

    def add(self, document: Document) -> None:
        if self.wanted and self.at_once:
            show_now(document)
        elif self.wanted:
            self.kept.append(document)

    def end(self) -> None:
        for document in self.kept:
            show_now(document)
