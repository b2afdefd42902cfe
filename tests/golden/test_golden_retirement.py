"""The SQL of a retirement, byte for byte; `PGTENANT_UPDATE_GOLDEN=1` rewrites the files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pgtenant.planning.observed import Database, Observed, Role
from pgtenant.planning.retirement import dump, proof
from pgtenant.planning.retirement.disable import plan_disable, plan_undo
from pgtenant.planning.retirement.inventory import Inventory, Trace
from pgtenant.planning.retirement.removal import plan_removal
from pgtenant.planning.retirement.steps import Batch
from pgtenant.planning.retirement.subject import Subject
from pgtenant.planning.sql.script import Lending
from pgtenant.report.retirement import texts_of
from unit.planning.examples import ADMIN, crm, provisioned
from unit.planning.test_retirement import NOBODY, NOW, carried_out, subject_of

FILES = Path(__file__).parent / "retirement"
TABLES = ((17, "tenant_a", "orders"), (18, "public", 'Weird "name"'))


def with_login(observed: Observed, subject: Subject, name: str) -> Observed:
    """The server once a login was made for a dump."""
    role = Role(name=name, comment=dump.make_login(subject, name).comment)
    return replace(observed, roles={**observed.roles, name: role})


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
    how = replace(how, dump="c0ffee")
    dumping = with_login(closed, subject, dump.dumper_of(how))
    proving = with_login(closed, subject, proof.prover_of(how))
    scratch = Database(name=proof.scratch_of(how), owner=proof.prover_of(how))
    proving = replace(proving, databases={**proving.databases, scratch.name: scratch})
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
            dump.opening(subject, database, how, ADMIN),
            dump.unforcing(subject, database, dump.letting_in(how, database, ADMIN), TABLES),
            dump.closing(subject, replace(database, allow_connections=True), how, dumping),
            dump.forcing(subject, database, how, TABLES),
            *dump.dropping_login(subject, dump.dumper_of(how), "platform"),
        ),
        "the proof of a dump": (
            *proof.making(subject, how, like),
            *proof.sealing(subject, how, proving),
            *proof.dropping(subject, how, proving),
            *dump.dropping_login(subject, proof.prover_of(how), "platform"),
            dump.forgetting(subject, how),
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
