"""The acceptance of an instance: a line for each criterion, with what it was judged by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from pgtenant.report.document import EMPTY, Line, Style, line, paragraph
from pgtenant.report.markdown import escape
from pgtenant.report.safe import name, shown
from pgtenant.report.words import count
from pgtenant.verify.acceptance import Check, Status, accepted
from pgtenant.verify.findings import Finding

_HEAD: Final = ("criterion", "status", "subject", "expected", "found", "evidence")
_STYLES: Final = {
    Status.PASSED: Style.NORMAL,
    Status.FAILED: Style.BAD,
    Status.UNPROVEN: Style.WARN,
}


def acceptance_lines(checks: Sequence[Check], columns: int | None) -> Iterator[Line]:
    """Yield each check, and a line that counts.

    Args:
        checks: the criteria.
        columns: of the terminal; None where each check is one line, of whatever width.
    """
    if not checks:
        return
    yield EMPTY
    yield line("Acceptance", Style.TITLE)
    for check in checks:
        told = f"{shown(check.subject)}: {shown(check.found or 'unknown')}"
        why = f"(expected: {shown(check.expected)}; evidence: {shown(check.evidence)})"
        mark, text = f"{check.criterion:<5} {check.status:<9}", f"{told} {why}"
        style = _STYLES[check.status]
        if columns is None:
            yield line(f"{mark} {text}", style)
        else:
            yield from paragraph(text, width=columns, mark=mark, mark_style=style, style=style)
    yield line(_counted(checks), Style.GOOD if accepted(checks) else Style.BAD)


def instance_markdown(
    findings: Sequence[Finding], checks: Sequence[Check], environment: str, *, server: str
) -> str:
    """Return what was found about an instance in Markdown: the criteria, then the findings."""
    parts = [f"### Instance of {escape(name(environment))}", escape(server)]
    if checks:
        head = f"| {' | '.join(_HEAD)} |\n|{' --- |' * len(_HEAD)}"
        rows = [f"| {' | '.join(map(escape, _cells(check)))} |" for check in checks]
        parts += [f"**{escape(_counted(checks))}**", "\n".join([head, *rows])]
    listed = [
        f"- {finding.severity}: {escape(' '.join(filter(None, (finding.database, finding.role))))}"
        f": {escape(finding.message)}"
        for finding in findings
    ]
    parts.append("\n".join(listed) or "No findings.")
    return "\n\n".join(parts) + "\n"


def acceptance_json(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Return what `schemas/verify.schema.json` calls `acceptance`."""
    return [
        {
            "criterion": check.criterion,
            "subject": check.subject,
            "status": str(check.status),
            "expected": check.expected,
            "found": check.found,
            "evidence": check.evidence,
        }
        for check in checks
    ]


def _cells(check: Check) -> tuple[str, ...]:
    found = check.found or "unknown"
    return check.criterion, str(check.status), check.subject, check.expected, found, check.evidence


def _counted(checks: Sequence[Check]) -> str:
    counts = {status: sum(check.status is status for check in checks) for status in Status}
    verdict = "accepted" if accepted(checks) else "not accepted"
    told = ", ".join(f"{number} {status}" for status, number in counts.items())
    return f"{verdict}: {count(len(checks), 'check')}, {told}"
