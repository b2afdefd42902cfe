"""What a run did with an entry's tenants, for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from pgtenant.planning.tenants.outcome import State, Tenants, Told
from pgtenant.report.document import EMPTY, Document, Line, Span, Style, document, line, paragraph
from pgtenant.report.safe import name
from pgtenant.report.tenants import finding_json, finding_lines
from pgtenant.report.words import count

_MOST: Final = 20
_STYLES: Final = {
    State.ADDED: ("+", Style.ADD),
    State.BROUGHT_UP: ("~", Style.ALTER),
    State.RETIRED: ("~", Style.ALTER),
    State.DROPPED: ("-", Style.REMOVE),
}
_WORDS: Final = {
    State.ADDED: "made",
    State.BROUGHT_UP: "brought up to the template",
    State.RETIRED: "retired",
    State.DROPPED: "dropped",
    State.UNCHANGED: "unchanged",
}


def done_text(found: Tenants, environment: str, *, dry_run: bool, width: int = 80) -> Document:
    """Return what became of the first tenants, what was found of them, and a line that counts.

    Args:
        found: what was done.
        environment: whose.
        dry_run: whether it was only tried.
        width: columns to wrap at.
    """
    return document(_lines(found, environment, dry_run, width))


def done_json(found: Tenants) -> dict[str, Any]:
    """Return the members that such a run adds to the object of a run."""
    return {
        "entry": found.entry,
        "database": found.database,
        "owner": found.owner,
        "tenants": [
            {
                "slug": tenant.slug,
                "schema": tenant.schema,
                "state": str(tenant.state),
                "files": list(tenant.files),
            }
            for tenant in found.tenants
        ],
        "findings": [finding_json(finding) for finding in found.findings],
    }


def _lines(found: Tenants, environment: str, dry_run: bool, width: int) -> Iterator[Line]:
    yield (
        Span("Tenants of "),
        Span(name(found.entry), Style.TITLE),
        Span(f" in {name(environment)}: database {name(found.database)}"),
    )
    changed = [tenant for tenant in found.tenants if tenant.state is not State.UNCHANGED]
    for tenant in changed[:_MOST]:
        mark, style = _STYLES[tenant.state]
        yield from paragraph(_sentence(tenant), width=width, indent=2, mark=mark, mark_style=style)
    if len(changed) > _MOST:
        yield line(f"  and {len(changed) - _MOST} more", Style.FAINT)
    yield EMPTY
    yield from finding_lines(found.findings, width)
    states = Counter(tenant.state for tenant in found.tenants)
    parts = [
        f"{count(states[state], 'tenant')} {_WORDS[state]}" for state in State if states[state]
    ]
    if found.findings:
        asked = f"`pgtenant tenant verify -e {environment} {found.entry}`"
        parts.append(f"{count(len(found.findings), 'finding')}: {asked}")
    if dry_run:
        parts.append("nothing was changed: a dry run")
    yield line(" · ".join(parts or ["nothing was done"]), Style.FAINT)


def _sentence(tenant: Told) -> str:
    files = f": {', '.join(map(name, tenant.files))}" if tenant.files else ""
    said = f"{name(tenant.slug)}  schema {name(tenant.schema)}"
    return f"{said}{files}" if tenant.state in {State.ADDED, State.BROUGHT_UP} else said
