"""The plan in one line."""

from __future__ import annotations

from pgtenant.planning.plan import Plan
from pgtenant.planning.trust import Trusted
from pgtenant.report.words import count, entries


def summary_line(plan: Plan) -> str:
    """Return the counts of a plan on one line, without a line break at its end."""
    counts = plan.summary()
    rest = [f"{entries(counts['blocked'])} blocked"] if counts["blocked"] else []
    if counts["drift"]:
        rest.append(f"{count(counts['drift'], 'note')} of drift")
    if plan.trusted is not None:
        rest.append(trusted_words(plan.trusted))
    if not counts["changes"]:
        unchanged = _unchanged(plan, counts["unchanged"])
        return " · ".join([unchanged, *rest]) if rest else f"{unchanged}."
    destroyed = f", {counts['destroy']} to destroy" if counts["destroy"] else ""
    if counts["unchanged"]:
        rest.append(f"{entries(counts['unchanged'])} as declared")
    changes = (
        f"Plan: {counts['create']} to create, {counts['grant']} to grant,"
        f" {counts['alter']} to alter, {counts['revoke']} to revoke{destroyed}"
    )
    return " · ".join([changes, *rest])


def trusted_words(trusted: Trusted) -> str:
    """Say what `--trust-markers` left out."""
    databases, logins = len(trusted.databases), len(trusted.logins)
    return (
        f"markers trusted: {count(databases, 'database')} not opened,"
        f" {count(logins, 'login')} not proven"
    )


def _unchanged(plan: Plan, number: int) -> str:
    if not plan.entries:
        return "No changes. No entries are declared"
    if not number:
        return "No changes"
    return f"No changes. {entries(number)} {'is' if number == 1 else 'are'} as declared"
