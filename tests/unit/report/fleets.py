"""Results of several environments, one of every kind."""

from __future__ import annotations

from dataclasses import replace

from pgtenant.errors import ExitCode
from pgtenant.report.fleet import Result, Told
from pgtenant.report.jsonout import apply_json, plan_json

from . import audit_rows, samples


def _applied(rows: tuple[dict[str, object], ...], code: ExitCode, wave: int) -> Result:
    document = apply_json("local-1", "dev", rows, {"exit_code": int(code)})
    return Result("dev", wave, code, apply=document)


APPLIED = (
    _applied(audit_rows.UNCHANGED, ExitCode.CONVERGED, 1),
    Result("prod", 3),
    replace(
        _applied(audit_rows.MIXED, ExitCode.FAILED, 2),
        environment="staging",
        errors=(
            Told("the server ended the connection\n  in the middle", "run again"),
            Told("<img src=x> @everyone `rm` | \x1b[31m"),
        ),
    ),
    replace(_applied(audit_rows.UNCHANGED, ExitCode.BLOCKED, 2), environment="test"),
    Result("eu-1", 2, ExitCode.APPROVAL_REQUIRED, errors=(Told("no approval", "get one"),)),
)
PLANNED = (
    Result("dev", 1, ExitCode.CONVERGED, plan=plan_json(samples.unchanged_plan())),
    Result("test", 2, ExitCode.CONVERGED, plan=plan_json(samples.busy_plan())),
    Result("staging", 2, ExitCode.CHANGES, plan=plan_json(samples.hostile_plan())),
    Result("prod", 3, ExitCode.USAGE, errors=(Told("1 error(s) in the catalog\na.tfvars:3: x"),)),
)
