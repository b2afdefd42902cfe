"""Whole outputs, byte for byte. `PGTENANT_UPDATE_GOLDEN=1` writes them again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pgtenant.report.applied import apply_text
from pgtenant.report.fleet_markdown import fleet_markdown
from pgtenant.report.fleet_text import fleet_text
from pgtenant.report.jsonout import apply_json, json_text, plan_json
from pgtenant.report.markdown import plan_markdown
from pgtenant.report.sqlout import plan_sql
from pgtenant.report.text import plan_text
from pgtenant.report.verify_text import verification_text

from . import audit_rows, fleets, samples, verifications

GOLDEN = Path(__file__).parents[2] / "golden" / "report"


def applied(rows: tuple[dict[str, object], ...]) -> str:
    return str(
        apply_text(
            rows,
            environment="dev",
            run_id="local-1",
            entries_of=audit_rows.ENTRIES_OF,
            elapsed=4.21,
        )
    )


OUTPUTS: dict[str, Callable[[], str]] = {
    "plan_fresh.txt": lambda: str(plan_text(samples.fresh_plan(), server=samples.SERVER)),
    "plan_fresh_sql.txt": lambda: str(plan_text(samples.fresh_plan(), sql=True)),
    "plan_busy.txt": lambda: str(plan_text(samples.busy_plan(), server=samples.SERVER)),
    "plan_busy_authoritative.txt": lambda: str(plan_text(samples.busy_plan(authoritative=True))),
    "plan_unchanged.txt": lambda: str(plan_text(samples.unchanged_plan())),
    "plan_many.txt": lambda: str(plan_text(samples.many_plan())),
    "plan_hostile_sql.txt": lambda: str(plan_text(samples.hostile_plan(), sql=True)),
    "plan_busy.md": lambda: plan_markdown(samples.busy_plan(), server=samples.SERVER),
    "plan_hostile.md": lambda: plan_markdown(samples.hostile_plan()),
    "plan_busy.sql": lambda: plan_sql(samples.busy_plan()),
    "plan_fresh.json": lambda: json_text(plan_json(samples.fresh_plan())),
    "apply_mixed.txt": lambda: applied(audit_rows.MIXED),
    "apply_unchanged.txt": lambda: applied(audit_rows.UNCHANGED),
    "apply_dry_run.txt": lambda: applied(audit_rows.DRY_RUN),
    "verify_isolated.txt": lambda: str(
        verification_text(verifications.isolated(), server=samples.SERVER)
    ),
    "verify_leaking.txt": lambda: str(
        verification_text(verifications.leaking(), server=samples.SERVER)
    ),
    "fleet_apply.txt": lambda: str(fleet_text("apply", fleets.APPLIED)),
    "fleet_plan.txt": lambda: str(fleet_text("plan", fleets.PLANNED)),
    "fleet_apply.md": lambda: fleet_markdown("apply", fleets.APPLIED),
    "fleet_plan.md": lambda: fleet_markdown("plan", fleets.PLANNED),
    "apply_mixed.json": lambda: json_text(apply_json("local-1", "dev", audit_rows.MIXED)),
}


@pytest.mark.parametrize("file", OUTPUTS)
def test_output_is_the_golden_one(file: str) -> None:
    path, output = GOLDEN / file, OUTPUTS[file]()
    if os.environ.get("PGTENANT_UPDATE_GOLDEN") == "1":
        path.write_text(output, encoding="utf-8", newline="\n")
    assert output.encode() == path.read_bytes()


def test_every_golden_file_is_compared() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(OUTPUTS)
