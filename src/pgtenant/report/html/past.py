"""What was proven, and what was done: the verification and the audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from typing import Any, Final

from pgtenant.report.html.attempts import KINDS, VERDICTS, counted
from pgtenant.report.html.markup import Html, el, name
from pgtenant.report.html.model import Report
from pgtenant.report.html.overview import readable
from pgtenant.report.html.parts import badge, nothing, section, table
from pgtenant.report.html.timeline import MOST_RUNS, STATUSES, Run, runs
from pgtenant.report.words import count

_WORDS: Final = {
    "success": ("changed", "change"),
    "no_change": ("unchanged", "good"),
    "dry_run": ("dry run", "quiet"),
    "warning": ("warning", "warn"),
    "blocked": ("blocked", "bad"),
    "error": ("error", "bad"),
}
_LOUD: Final = {"failed": "bad", "not_proven": "unknown", "warning": "warn"}
_BAR: Final = 160
"""The width of a run's bar, in its own units."""


def verification(report: Report) -> Html:
    """Return what was tried and how it ended, by kind."""
    record = report.record
    if record is None:
        return section(
            "verification",
            "Verification",
            nothing(
                "Nobody has tried. Make this page with --verify, or give it the record of"
                " `pgtenant verify` with --verification."
            ),
        )
    passed = record["verdict"] == "passed"
    facts = [
        ("Verdict", badge("passed", "good") if passed else badge("failed", "bad")),
        ("When", readable(record["started_utc"])),
        ("By", record["actor"] or "not known"),
        ("Server", record["server"]["address"]),
        ("Of", f"{record['roles']:,} roles, {record['databases']:,} databases"),
        ("Role to database", _pairs(record["connections"])),
        ("Role to role", _pairs(record["impersonations"])),
        (
            "Encrypted sessions",
            f"{record['sessions']['encrypted']:,} of {record['sessions']['total']:,}",
        ),
        ("Record", record["digest"]),
    ]
    if record["catalog"] != report.about.catalog:
        changed = badge("the catalog has changed since", "warn")
        facts.insert(2, ("Catalog", changed))
    rows = [
        el(
            "tr",
            el("th", KINDS.get(kind, kind), scope="row"),
            [_number(counts, verdict) for verdict in VERDICTS],
            class_="item",
        )
        for kind, counts in counted(record).items()
    ]
    columns = [("What was tried", "sort")]
    columns += [(verdict.replace("_", " "), "sort number") for verdict in VERDICTS]
    return section(
        "verification",
        "Verification",
        el("dl", [el("div", el("dt", k), el("dd", v)) for k, v in facts], class_="facts wide"),
        table("Attempts by kind", columns, rows),
        lead="Real logins as every role of the catalog, with its own secret.",
    )


def audit(report: Report) -> Html:
    """Return the runs, latest first, by day."""
    found = runs(report.trail.rows)
    days = [
        el(
            "div",
            el("h3", el("time", day, datetime=day)),
            el("ol", [_run(run) for run in of], class_="runs"),
            class_="group",
        )
        for day, of in groupby(found[:MOST_RUNS], key=lambda run: run.day)
    ]
    if len(found) > MOST_RUNS:
        days.append(el("p", f"and {len(found) - MOST_RUNS:,} earlier runs in the audit file"))
    note = report.trail.note
    said = [el("p", badge(note, "bad") if report.trail.doubtful else note, class_="lead")]
    body = days or nothing("No run has left a record.")
    return section("audit", "Audit timeline", said if note else None, body)


def _pairs(pairs: Mapping[str, int]) -> str:
    return f"{pairs['attempted']:,} of {pairs['pairs']:,} pairs attempted"


def _number(counts: Counter[str], verdict: str) -> Html:
    number = counts[verdict]
    tone = f" loud {_LOUD[verdict]}" if number and verdict in _LOUD else ""
    return el("td", f"{number:,}", class_=f"number{tone}", data_value=number)


def _run(run: Run) -> Html:
    word, tone = _WORDS[run.outcome]
    counts = [
        f"{number:,} {_WORDS[status][0] if status in _WORDS else status}"
        for status, number in run.counts.items()
    ]
    title = [
        el("time", run.began[11:19], datetime=run.began),
        badge(word, tone),
        el("span", ", ".join(counts) or "nothing to do", class_="counts"),
        _bar(run.counts),
        el("span", f"run {run.run_id}, build {run.build_id}", class_="origin"),
    ]
    if not run.rows:
        return el("li", el("div", title, class_="run"), class_=f"item {tone}")
    return el(
        "li",
        el("details", el("summary", el("span", title, class_="run")), _details(run)),
        class_=f"item {tone}",
    )


def _details(run: Run) -> Html:
    columns = [(title, "") for title in ("Time", "Database", "Role", "Action", "Status", "Message")]
    rows = [_line(row) for row in run.rows]
    more = el("p", f"and {count(run.more, 'more row')} in the audit file") if run.more else None
    return el("div", table(f"Run {run.run_id}", columns, rows), more)


def _line(row: Mapping[str, Any]) -> Html:
    word, tone = _WORDS.get(str(row["status"]), (str(row["status"]) or "cut off", "quiet"))
    return el(
        "tr",
        el("td", str(row["timestamp_utc"])[11:19]),
        el("td", name(str(row["database"]))),
        el("td", name(str(row["username"]))),
        el("td", str(row["action"]).replace("_", " ")),
        el("td", badge(word, tone)),
        el("td", str(row["message"]), class_="through"),
    )


def _bar(counts: Counter[str]) -> Html | None:
    """Return the run's rows by status as one bar; the words beside it say the same."""
    total = sum(counts[status] for status in STATUSES)
    pieces: list[Html] = []
    start = 0
    for status in STATUSES:
        width = counts[status] * _BAR // total if total else 0
        width = max(width, 2 if counts[status] else 0)
        if width:
            tone = _WORDS[status][1]
            pieces.append(el("rect", x=start, y=0, width=width, height=8, class_=f"fill {tone}"))
        start += width
    if not pieces:
        return None
    box = f"0 0 {max(start, _BAR)} 8"
    return el("svg", pieces, viewBox=box, class_="bar", aria_hidden="true", focusable="false")
