"""The SQL of a retirement, byte for byte; `PGTENANT_UPDATE_GOLDEN=1` rewrites the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pgtenant.planning.retirement import dump
from pgtenant.planning.retirement.disable import plan_disable, plan_undo
from pgtenant.planning.retirement.inventory import Inventory, Trace
from pgtenant.planning.retirement.removal import plan_removal
from pgtenant.planning.retirement.steps import Batch
from pgtenant.planning.sql.script import Lending
from pgtenant.report.retirement import texts_of
from unit.planning.examples import ADMIN, crm, provisioned
from unit.planning.test_retirement import NOBODY, NOW, carried_out, subject_of

FILES = Path(__file__).parent / "retirement"
TABLES = ((17, "tenant_a", "orders"), (18, "public", 'Weird "name"'))


@pytest.mark.parametrize("major", [15, 17])
def test_retirement(major: int) -> None:
    before = provisioned(crm(), major)
    subject = subject_of(before, crm())
    disabling = plan_disable(subject, NOW)
    closed = carried_out(before, disabling)
    subject = subject_of(closed, NOBODY)
    database, how = subject.database, subject.retired
    assert database is not None
    assert how is not None
    traces = (
        Trace("erp", "crm_ro", False, "table rates", "erp_user"),
        Trace("erp", "crm_user", True, "table mine", "crm_user"),
    )
    first, then = plan_removal(subject, closed, Inventory(traces=traces))
    like = (("ENCODING", "UTF8"), ("LC_COLLATE", "C'"))
    parts: dict[str, tuple[Batch, ...]] = {
        "disable": disabling,
        "undo": plan_undo(subject, closed),
        "the window of a dump": (
            dump.opening(subject, database, how),
            dump.unforcing(subject, database, how, TABLES),
            *dump.making_scratch(subject, like),
            *dump.dropping_scratch(subject, ADMIN, owned=True),
            dump.forcing(subject, database, how, TABLES),
            dump.closing(subject, database, how),
        ),
        "drop": (*first, *then),
    }
    lending = Lending.of(closed)
    lines: list[str] = []
    for title, batches in parts.items():
        lines += [f"-- {title}", ""]
        for batch in batches:
            lines.append(f"-- in {batch.database or 'the maintenance database'}")
            lines += [f"{text};" for text in texts_of(batch, lending)]
            lines.append("")
    text = "\n".join(lines)
    path = FILES / f"{major}.sql"
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text
