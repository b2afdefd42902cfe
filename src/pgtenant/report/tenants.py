"""The tenants of one entry, and what keeps them less apart than they should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

from pgtenant.planning.tenants.findings import Finding, subject
from pgtenant.planning.tenants.view import View
from pgtenant.report.attack import attack_json, attack_lines
from pgtenant.report.document import EMPTY, Document, Line, Span, Style, document, line, paragraph
from pgtenant.report.jsonout import cleaned
from pgtenant.report.safe import name, shown
from pgtenant.report.table import table
from pgtenant.report.words import count, some
from pgtenant.verify.tenants.outcome import Attack

_MANY: Final = 10
_HEAD: Final = ("tenant", "schema", "tables", "findings")
_RETIRED: Final = ("retired", "schema", "on")


def list_text(view: View, *, environment: str) -> Document:
    """Return a table of the tenants, and a line that counts."""
    return document(_list(view, environment))


def verify_text(
    view: View, attack: Attack | None, *, environment: str, width: int = 80
) -> Document:
    """Return each finding with its reason and what mends it, the attack, and a line that counts.

    Args:
        view: what was found.
        attack: what came of it, or None where none was asked for.
        environment: whose.
        width: columns to wrap at.
    """
    return document(_verify(view, attack, environment, width))


def tenants_json(
    view: View | None, *, environment: str, attack: Attack | None = None
) -> dict[str, Any]:
    """Return the object that `schemas/tenant.schema.json` describes."""
    if view is None:
        return {"environment": environment, "entry": "", "tenants": [], "findings": []}
    undeclared = view.undeclared
    return cleaned(
        {
            "environment": environment,
            "entry": view.entry,
            "database": view.database,
            "owner": view.owner,
            "tenants": [
                {
                    "slug": tenant.slug,
                    "schema": tenant.schema,
                    "tables": tenant.tables,
                    "findings": tenant.findings,
                    **(
                        {}
                        if view.declared is None
                        else {"declared": tenant.schema not in undeclared}
                    ),
                }
                for tenant in view.tenants
            ],
            "retired": [
                {"slug": one.slug, "schema": one.schema, "date": one.date} for one in view.retired
            ],
            "missing": [{"slug": one.slug, "schema": one.schema} for one in view.missing],
            "findings": [finding_json(finding) for finding in view.findings],
            "not_held": list(view.bypassing),
            **({} if attack is None else {"attack": attack_json(attack)}),
        }
    )


def _list(view: View, environment: str) -> Iterator[Line]:
    yield from _title(view, environment)
    if view.tenants:
        rows = [
            (name(t.slug), name(t.schema), str(t.tables), str(t.findings)) for t in view.tenants
        ]
        styles = [Style.WARN if t.findings else Style.NORMAL for t in view.tenants]
        yield from table(_HEAD, rows, styles)
    yield EMPTY
    if view.retired:
        gone = [(name(t.slug), name(t.schema), t.date) for t in view.retired]
        yield from table(_RETIRED, gone)
        yield EMPTY
    if missing := [tenant.slug for tenant in view.missing]:
        add = f"`pgtenant tenant add -e {environment} {view.entry}` makes them"
        yield line(f"Declared and not there: {some(missing, _MANY)}; {add}", Style.WARN)
    if undeclared := view.undeclared:
        slugs = [tenant.slug for tenant in view.tenants if tenant.schema in undeclared]
        yield line(f"There and not declared: {some(slugs, _MANY)}", Style.WARN)
    yield EMPTY
    found = len(view.findings)
    parts = [count(len(view.tenants), "tenant"), count(found, "finding")]
    if found:
        parts[-1] += f": `pgtenant tenant verify -e {environment} {view.entry}`"
    yield line(" · ".join(parts), Style.FAINT)


def finding_lines(found: Sequence[Finding], width: int) -> Iterator[Line]:
    """Yield each finding with its reason and what mends it.

    Args:
        found: sorted.
        width: columns to wrap at.
    """
    for _, same in groupby(found, key=lambda finding: finding.problem):
        findings = list(same)
        for finding in findings:
            said = f"{subject(finding.names, name)} {shown(finding.message)}"
            yield from paragraph(said, width=width, mark="-", mark_style=Style.BAD)
        why = f"{findings[0].why[0].upper()}{findings[0].why[1:]}."
        yield from paragraph(why, width=width, indent=2, style=Style.FAINT)
        for finding in findings:
            if finding.statement:
                # Not wrapped: it is to be copied.
                yield line(f"    {shown(finding.statement)};")
        yield EMPTY


def _verify(view: View, attack: Attack | None, environment: str, width: int) -> Iterator[Line]:
    yield from _title(view, environment)
    yield from finding_lines(view.findings, width)
    if attack is not None:
        yield from attack_lines(attack, width)
    if view.bypassing:
        whom = ", ".join(map(name, view.bypassing))
        said = f"No policy holds {whom}: SUPERUSER or BYPASSRLS, which a dump of all tenants needs."
        yield from paragraph(said, width=width, style=Style.FAINT)
    tables = sum(tenant.tables for tenant in view.tenants)
    parts = [count(len(view.tenants), "tenant"), count(tables, "table")]
    parts.append(count(len(view.findings), "finding"))
    bad = bool(view.findings)
    if attack is not None:
        bad = bad or not attack.held
        through = sum(not trial.holds for trial in attack.trials)
        parts.append("no attack made" if attack.unproven else f"{count(through, 'attack')} through")
    yield line(" · ".join(parts), Style.BAD if bad else Style.GOOD)


def _title(view: View, environment: str) -> Iterator[Line]:
    yield (
        Span("Tenants of "),
        Span(name(view.entry), Style.TITLE),
        Span(f" in {name(environment)}: database {name(view.database)}, owner {name(view.owner)}"),
    )
    yield EMPTY


def finding_json(finding: Finding) -> dict[str, object]:
    """Return a finding as `schemas/tenant.schema.json` describes it."""
    return {
        "problem": str(finding.problem),
        "message": finding.message,
        "why": finding.why,
        "names": [list(one) for one in finding.names],
        "statement": finding.statement,
    }
