"""A verification for people: the verdict first, then what is to be done, then the counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pgtenant.access.holes import Hole
from pgtenant.report.acceptance import acceptance_lines
from pgtenant.report.document import EMPTY, Document, Line, Style, document, line, paragraph
from pgtenant.report.safe import name, shown
from pgtenant.report.text import statement_lines
from pgtenant.report.words import count, some, through
from pgtenant.verify.acceptance import Check, accepted
from pgtenant.verify.causes import Cause, Origin
from pgtenant.verify.findings import Finding, Severity, failed
from pgtenant.verify.model import Closable, Cure, How, Kind, Outcome, Result, Verdict
from pgtenant.verify.outcome import Count, Verification

_MOST: Final = 8
"""Roles that are named where many share one thing."""

DOES: Final = {
    Kind.CONNECT: "connect to {database}",
    Kind.SELECT: "read {target} in {database}",
    Kind.INSERT: "insert into {target} in {database}",
    Kind.UPDATE: "update {target} in {database}",
    Kind.DELETE: "delete from {target} in {database}",
    Kind.CREATE_SCHEMA: "create schemas in {database}",
    Kind.CREATE_TABLE: "create tables in {target} of {database}",
    Kind.CREATE_TEMPORARY: "create temporary tables in {database}",
    Kind.DEFAULT_PRIVILEGE: "have {target} in {database}",
    Kind.EXECUTE: "call {target} in {database}",
    Kind.BECOME: "become {target}",
    Kind.READ_PASSWORDS: "read the password hashes in {target}",
    Kind.ATTRIBUTE: "have {target}",
}
"""What a role tries, for the middle of a sentence."""

_ORIGINS: Final = {
    Origin.ATTEMPT: "trying it",
    Origin.CATALOGS: "the catalogs",
    Origin.INSTANCE: "a look at the instance",
}


def verification_text(found: Verification, *, server: str, width: int = 80) -> Document:
    """Return a verification for reading.

    Args:
        found: the verification.
        server: what to say about the server, on one line.
        width: columns to wrap at.
    """
    return document(_verification(found, server=server, width=width))


def findings_text(
    findings: Sequence[Finding],
    environment: str,
    *,
    server: str,
    checks: Sequence[Check] = (),
    width: int = 80,
    columns: int | None = None,
) -> Document:
    """Return what was found about the instance alone, and whether it is accepted.

    Args:
        findings: what was found.
        environment: whose instance it is.
        server: what to say about it.
        checks: the criteria.
        width: columns to wrap at.
        columns: of the terminal, for the criteria; None for a line each.
    """
    lines = _instance(findings, checks, environment, server=server, width=width, columns=columns)
    return document(lines)


def _verification(found: Verification, *, server: str, width: int) -> Iterator[Line]:
    yield _title(f"Isolation of {name(found.environment)}", bad=bool(found.exit_code))
    yield from paragraph(shown(server), width=width, style=Style.FAINT)
    yield EMPTY
    yield from _summary(found, width)
    causes = found.causes
    unproven = [r for r in found.results if r.verdict is Verdict.NOT_PROVEN]
    yield from _section("Failed", _causes(causes, Severity.FAILURE, width), Style.BAD)
    yield from _section(
        "Not proven: neither passed nor failed", _sentences(unproven, width), Style.WARN
    )
    yield from _section("Warnings", _causes(causes, Severity.WARNING, width), Style.WARN)
    yield from _section("Notes", _causes(causes, Severity.NOTE, width), Style.TITLE)
    failed = [r for r in found.results if r.verdict is Verdict.FAILED]
    if any(r.cure is None or r.cure.closable is Closable.ADMIN for r in failed):
        yield EMPTY
        yield from paragraph(
            "`pgtenant plan` shows what `apply` mends by itself; grants and memberships beyond the"
            " catalog it takes back with `--authoritative`.",
            width=width,
        )
    yield EMPTY
    yield line(verdict_line(found), Style.BAD if found.exit_code else Style.GOOD)


def verdict_line(found: Verification) -> str:
    """Return what it comes to, on one line that a log can be searched for."""
    verdict = "not isolated" if found.failures else "not proven" if found.unproven else "isolated"
    parts = [
        f"{found.count(Verdict.PASSED):,} attempts passed",
        count(found.failures, "failure"),
        f"{found.unproven:,} not proven",
        count(found.warnings, "warning"),
    ]
    return f"Verdict: {verdict} ({', '.join(parts)})"


def _title(text: str, *, bad: bool) -> Line:
    return line(f"{text}: {'FAILED' if bad else 'passed'}", Style.BAD if bad else Style.GOOD)


def _summary(found: Verification, width: int) -> Iterator[Line]:
    verdicts = found.verdicts
    rows = [
        ("attempts", ", ".join(f"{n:,} {word.replace('_', ' ')}" for word, n in verdicts.items())),
        ("role to database", _pairs(found.connections, found.seed)),
        ("role to role", _pairs(found.impersonations, found.seed)),
        (
            "catalogs",
            "not analysed" if found.holes is None else count(len(found.holes), "hole"),
        ),
        ("instance", count(len(found.findings), "finding")),
        ("sessions", f"{found.encrypted[1]:,}, {found.encrypted[0]:,} of them encrypted"),
    ]
    if found.sealed:
        rows.append(("not tried", f"{some(found.sealed)}: lets nobody in"))
    for title, text in rows:
        yield from paragraph(f"{title:<17} {text}", width=width, indent=2)


def _pairs(pairs: Count, seed: int) -> str:
    text = f"{pairs.attempted:,} of {pairs.total:,} pairs attempted, all proven by the catalogs"
    return text if pairs.attempted >= pairs.total else f"{text} (seed {seed})"


def _section(title: str, lines: Iterable[Line], style: Style) -> Iterator[Line]:
    kept = list(lines)
    if kept:
        yield EMPTY
        yield line(title, style)
        yield from kept


def _causes(causes: Iterable[Cause], severity: Severity, width: int) -> Iterator[Line]:
    """Yield each hole of a severity, what showed it, and what closes it."""
    for cause in causes:
        if cause.severity is not severity:
            continue
        for finding in cause.findings:
            yield from paragraph(_finding(finding), width=width, indent=2, mark="*")
        yield from _sentences(cause.results, width)
        if not cause.findings and not cause.results:
            for hole in cause.holes:
                yield from paragraph(
                    _hole(hole), width=width, indent=2, mark="!", mark_style=Style.BAD
                )
        if severity is not Severity.NOTE:
            shown_by = ", ".join(_ORIGINS[origin] for origin in cause.origins)
            yield line(f"      Found by {shown_by}.", Style.FAINT)
        yield from _closing(cause, width)


def _closing(cause: Cause, width: int) -> Iterator[Line]:
    for hole in cause.holes:
        if hole.statement:
            yield from _statement(hole.statement, hole.executor, width)
            return
    cures = [*(r.cure for r in cause.results), *(f.cure for f in cause.findings)]
    yield from _cure_lines(next((cure for cure in cures if cure is not None), None), width)


def _sentences(results: Sequence[Result], width: int) -> Iterator[Line]:
    """Yield what has the same reason once, with everybody it is true of."""
    grouped: dict[tuple[str, str, Cure | None], list[Result]] = {}
    for result in results:
        grouped.setdefault(_shared(result), []).append(result)
    for (_, reason, _), together in grouped.items():
        yield from paragraph(
            _sentence(together, reason), width=width, indent=2, mark="!", mark_style=Style.BAD
        )


def _shared(result: Result) -> tuple[str, str, Cure | None]:
    attempt, said = result.attempt, result.observation.said
    if result.verdict is Verdict.NOT_PROVEN:
        return attempt.role, said, None
    what = DOES[attempt.kind].format(database=attempt.database, target=attempt.target)
    return f"{attempt.expected} {what}", "", result.cure


def _sentence(together: Sequence[Result], reason: str) -> str:
    first = together[0]
    attempt = first.attempt
    what = DOES[attempt.kind].format(database=name(attempt.database), target=shown(attempt.target))
    if first.verdict is Verdict.NOT_PROVEN:
        more = f" and {len(together) - 1:,} more attempts" if len(together) > 1 else ""
        return f"{name(attempt.role)}: {what}{more}: {shown(reason)}"
    roles = list(dict.fromkeys(result.attempt.role for result in together))
    who = some(roles, _MOST)
    if attempt.expected is Outcome.ALLOWED:
        said = f": {shown(first.observation.said)}" if first.observation.said else ""
        return f"{who} should be able to {what}, and can't{said}"
    asked = " (by the catalogs)" if first.observation.how is How.CATALOG else ""
    path = shown(first.cure.path) if first.cure else ""
    return f"{who} can {what}{asked}{through(path)}"


def _hole(hole: Hole) -> str:
    where = f" in {name(hole.database)}" if hole.database else ""
    return f"{name(hole.who)}{where}: {shown(hole.what)}{through(shown(hole.path))}"


def _findings(findings: Iterable[Finding], severity: Severity, width: int) -> Iterator[Line]:
    for finding in findings:
        if finding.severity is severity:
            yield from paragraph(_finding(finding), width=width, indent=2, mark="*")
            yield from _cure_lines(finding.cure, width)


def _finding(finding: Finding) -> str:
    about = finding.database or finding.role
    return f"{name(about)}: {shown(finding.message)}" if about else shown(finding.message)


def _cure_lines(cure: Cure | None, width: int) -> Iterator[Line]:
    if cure is not None:
        yield from _statement(cure.statement, cure.executor, width)


def _statement(statement: str, executor: str, width: int) -> Iterator[Line]:
    if statement:
        yield line(f"      To be run by {shown(executor or 'its owner')}:")
        yield from statement_lines(statement, width, indent=10)


def _instance(
    findings: Sequence[Finding],
    checks: Sequence[Check],
    environment: str,
    *,
    server: str,
    width: int,
    columns: int | None,
) -> Iterator[Line]:
    bad = failed(findings) or not accepted(checks)
    yield _title(f"Instance of {name(environment)}", bad=bad)
    yield from paragraph(shown(server), width=width, style=Style.FAINT)
    for title, severity, style in (
        ("Failed", Severity.FAILURE, Style.BAD),
        ("Warnings", Severity.WARNING, Style.WARN),
        ("Notes", Severity.NOTE, Style.TITLE),
    ):
        yield from _section(title, _findings(findings, severity, width), style)
    yield from acceptance_lines(checks, columns)
    yield EMPTY
    counted = {s: sum(f.severity is s for f in findings) for s in Severity}
    yield line(
        f"Verdict: {count(counted[Severity.FAILURE], 'failure')},"
        f" {count(counted[Severity.WARNING], 'warning')}, {count(counted[Severity.NOTE], 'note')}"
        f"{_accepted(checks)}",
        Style.BAD if bad else Style.GOOD,
    )


def _accepted(checks: Sequence[Check]) -> str:
    if not checks:
        return ""
    return ", accepted" if accepted(checks) else ", not accepted"
