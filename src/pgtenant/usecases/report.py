"""`pgtenant report`: everything that a page about an instance shows, read at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pgtenant.access import analyse
from pgtenant.access.rows import listing
from pgtenant.access.view import Filters
from pgtenant.audit.chain import Kind
from pgtenant.audit.crosscheck import crosscheck
from pgtenant.audit.export import csv_to_rows
from pgtenant.audit.reading import journal_and_csv, read_both, read_csv
from pgtenant.audit.verify import verify as check
from pgtenant.errors import UsageError
from pgtenant.planning.plan import make_plan
from pgtenant.report.html.model import About, Report, Trail
from pgtenant.report.words import count
from pgtenant.usecases.access import read_access
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.look import connected, observe
from pgtenant.usecases.verify import read_ground
from pgtenant.verify import hygiene


async def gather(inputs: Inputs, about: About, *, record: Mapping[str, Any] | None) -> Report:
    """Read the instance and the audit; nothing is changed and no lock is taken.

    Args:
        inputs: catalog and secrets; an entry with a bad secret is shown with what is wrong.
        about: what the page says of itself.
        record: a verification, or None.

    Raises:
        ServerError: the instance could not be read.
    """
    async with connected(inputs) as instance:
        observed = await observe(instance)
        model = await read_access(instance)
        findings = hygiene.findings(await read_ground(instance))
    audit = inputs.settings.audit_path(inputs.environment)
    return Report(
        about=about,
        desired=inputs.desired,
        plan=make_plan(observed, inputs.desired, only=inputs.selected),
        listing=listing(model, Filters()),
        holes=analyse(model, inputs.desired),
        findings=findings,
        record=record,
        trail=read_trail(audit, environment=inputs.environment),
        bad_secrets=tuple(
            (entry, bad.message) for entry, bad in sorted(inputs.bad_secrets.items())
        ),
    )


def read_trail(csv: Path, *, environment: str) -> Trail:
    """Return the audit of an environment; that it can't be read or trusted is said in it.

    Args:
        csv: where the CSV is; the journal stands beside it.
        environment: whose rows are taken, should there be others in the file.
    """
    journal, _ = journal_and_csv(csv)
    try:
        if journal.exists():
            found = _from_journal(journal, csv)
        elif csv.exists():
            rows = tuple(csv_to_rows(read_csv(csv)))
            found = Trail(rows, "From the audit CSV; there is no journal beside it.", doubtful=True)
        else:
            return Trail()
    except UsageError as error:
        return Trail(note=error.message, doubtful=True)
    except OSError as error:
        return Trail(note=f"{csv.name} can't be read: {error.strerror}", doubtful=True)
    mine = tuple(row for row in found.rows if row.get("environment") == environment)
    return Trail(mine, found.note, doubtful=found.doubtful)


def _from_journal(journal: Path, csv: Path) -> Trail:
    data, text = read_both(journal, csv)
    verdict = check(data)
    misfit = verdict.misfit
    where = journal.name
    if misfit is None and text is not None:
        misfit, _ = crosscheck(verdict.links, text)
        where = csv.name
    rows: tuple[Mapping[str, Any], ...] = tuple(
        link.members for link in verdict.links if link.text("kind") == Kind.RECORD
    )
    if misfit is not None:
        return Trail(rows, f"{where} does not say what was written: {misfit}", doubtful=True)
    number = count(len(verdict.links), "record")
    return Trail(
        rows, f"From the journal: {number}, each with the hash of the one before; they fit."
    )
