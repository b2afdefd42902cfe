"""A plan and a run for programs: one JSON object each, described in `schemas/`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pgtenant.planning.changes import database_of, role_of
from pgtenant.planning.plan import Plan
from pgtenant.planning.trust import Trusted
from pgtenant.report.safe import encodable
from pgtenant.report.sqltext import statements_of

FIELDS: Final = (
    "timestamp_utc",
    "environment",
    "build_id",
    "run_id",
    "database",
    "username",
    "action",
    "status",
    "duration_ms",
    "message",
)
"""The fields of an audit record, in their order."""

STATUSES: Final = ("success", "no_change", "warning", "blocked", "error", "dry_run")
"""The statuses that a summary always counts, also when there are none."""


def plan_json(plan: Plan) -> dict[str, Any]:
    r"""Return the plan as the object that `schemas/plan.schema.json` describes.

    Names are given as they are, control characters too (JSON escapes them); only what no
    encoding can hold, a lone surrogate, is spelled out as `\udc80`. Each change's `sql` is one
    string: its statements, each ended by `;` and a line break.
    """
    return cleaned(
        {
            "environment": plan.environment,
            "changes": [
                {
                    "kind": change.kind,
                    "entry": change.entry,
                    "database": database_of(change),
                    "role": role_of(change),
                    "risk": str(change.risk),
                    "sql": statements_of(change),
                }
                for change in plan.changes
            ],
            "blocked": [
                {
                    "entry": item.entry,
                    "reason": item.reason,
                    "code": item.code,
                    "statement": item.statement,
                    "executor": item.executor,
                }
                for item in plan.blocked
            ],
            "drift": [
                {
                    "kind": str(item.kind),
                    "entry": item.entry,
                    "database": item.database,
                    "role": item.role,
                    "message": item.message,
                    "statement": item.statement,
                }
                for item in plan.drift
            ],
            "summary": dict(plan.summary()),
            **trusted_json(plan.trusted),
        }
    )


def trusted_json(trusted: Trusted | None) -> dict[str, dict[str, int]]:
    """Return the member `trusted` of a plan or a run; nothing where markers were not trusted."""
    if trusted is None:
        return {}
    counts = {
        "databases": len(trusted.databases),
        "logins": len(trusted.logins),
        "logins_without_version": len(trusted.unversioned),
    }
    return {"trusted": counts}


def apply_json(
    run_id: str,
    environment: str,
    records: Iterable[Mapping[str, object]],
    extra: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Return a run as the object that `schemas/apply.schema.json` describes.

    Args:
        run_id: the run.
        environment: its environment.
        records: its audit records, in their order; other fields than the ten are left out.
        extra: further members of the object, such as the error that ended the run.

    Raises:
        ValueError: `extra` would hide one of the four members.
    """
    kept = [{field: record.get(field, "") for field in FIELDS} for record in records]
    counted = Counter(str(record["status"]) for record in kept)
    members: dict[str, object] = {
        "run_id": run_id,
        "environment": environment,
        "records": kept,
        "summary": {**dict.fromkeys(STATUSES, 0), **counted},
    }
    if hidden := members.keys() & (extra or {}).keys():
        raise ValueError(f"extra members would hide {', '.join(sorted(hidden))}")
    return cleaned({**members, **(extra or {})})


def json_text(members: Mapping[str, object]) -> str:
    """Return an object as JSON text: ASCII, indented, with a line break at its end."""
    return json.dumps(members, ensure_ascii=True, indent=2, allow_nan=False) + "\n"


def cleaned(members: Mapping[str, object]) -> dict[str, Any]:
    """Return an object with no text in it that UTF-8 cannot hold."""
    return {encodable(key): _clean(member) for key, member in members.items()}


def _clean(value: object) -> object:
    match value:
        case str():
            return encodable(value)
        case Mapping():
            return cleaned(value)
        case list() | tuple():
            return [_clean(member) for member in value]
        case _:
            return value
