"""A plan as a comment on a pull request."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from pgtenant.planning.changes import Risk
from pgtenant.planning.plan import Plan
from pgtenant.report.describe import describe, mark_of
from pgtenant.report.drift import TITLES, by_kind, note
from pgtenant.report.safe import name, shown
from pgtenant.report.sqltext import sql_lines
from pgtenant.report.summary import summary_line
from pgtenant.report.text import grouped
from pgtenant.report.words import count, entry_title

LIMIT: Final = 60_000
"""Characters; GitHub refuses a comment of more than 65,536."""

_ROOM: Final = {"table": 8_000, "blocked": 10_000, "changes": 14_000, "drift": 8_000}
_SPECIAL: Final = re.compile(r"[\\`*_\[\]|~]")
_WIDEST: Final = 100


def plan_markdown(plan: Plan, *, server: str = "") -> str:
    """Return the plan in GitHub's Markdown, shorter than `LIMIT` characters.

    Whatever does not fit is left out by whole lines, with a note that says how many. No name
    can become markup, a link or a mention.
    """
    head = [f"### pgtenant plan for {code(plan.environment)}", ""]
    if server:
        head += [escape(server), ""]
    head += [f"**{escape(summary_line(plan))}**"]
    parts = [
        "\n".join(head),
        _table(plan),
        section("Blocked", _blocked(plan), _ROOM["blocked"], folded=False),
        fenced("Changes", "diff", change_lines(plan), _ROOM["changes"], folded=False),
        section("Drift: shown, not changed", _drift(plan), _ROOM["drift"], folded=True),
    ]
    kept = "\n\n".join(part for part in parts if part)
    sql = fenced("SQL of each change", "sql", _sql(plan), LIMIT - len(kept) - 500, folded=True)
    return f"{kept}\n\n{sql}\n" if sql else f"{kept}\n"


def escape(text: str) -> str:
    """Return text that Markdown shows as it is: no markup, HTML, link, mention or reference."""
    text = shown(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _SPECIAL.sub(lambda found: f"\\{found.group()}", text)
    # GitHub looks for these in the finished HTML, where an escape has no effect any more.
    return re.sub(r"@|#(?=\d)|:(?=//)|(?<=www)\.", r"\g<0><!-- -->", text)


def code(text: str) -> str:
    """Return text as inline code, whatever backticks it holds."""
    text = shown(text)
    ticks = "`" * (_longest_run(text) + 1)
    # One space at each end is taken away again, unless there is nothing but spaces.
    edges = f"{text[:1]}{text[-1:]}"
    pad = " " if "`" in edges or not text or (edges == "  " and text.strip()) else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fence(text: str) -> str:
    """Return a fence that no line of `text` can close."""
    return "`" * max(3, _longest_run(text) + 1)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _table(plan: Plan) -> str:
    rows = []
    for entry, changes in grouped(plan):
        risks = Counter(change.risk for change in changes)
        cells = " | ".join(str(risks[risk] or "") for risk in Risk if risk is not Risk.DESTROY)
        rows.append(f"| {escape(entry_title(entry))} | {cells} |")
    if not rows:
        return ""
    head = ["| entry | create | grant | alter | revoke |", "| --- | --: | --: | --: | --: |"]
    kept, left_out = _fitting(rows, _ROOM["table"])
    return "\n".join([*head, *kept]) + (f"\n\n{_note(left_out)}" if left_out else "")


def _cell(text: str) -> str:
    return escape(name(text))


def _blocked(plan: Plan) -> Iterator[str]:
    for item in plan.blocked:
        yield f"- **{_cell(item.entry)}**: {escape(item.told)}"
        if item.statement:
            yield f"  - to be run by {escape(item.executor)}: {code(item.statement + ';')}"


def change_lines(plan: Plan) -> Iterator[str]:
    """Yield what would change, by entry, for a fence of the language `diff`."""
    for entry, changes in grouped(plan):
        yield f"# {entry_title(entry)}"
        for change in changes:
            yield f"{mark_of(change)} {describe(change)}"


def _drift(plan: Plan) -> Iterator[str]:
    for kind, notes in by_kind(plan.drift).items():
        yield f"- {escape(TITLES[kind])}"
        for item in notes:
            yield f"  - {escape(note(item))}"
            if item.statement:
                yield f"    - {code(item.statement + ';')}"


def _sql(plan: Plan) -> Iterator[str]:
    for entry, changes in grouped(plan):
        for change in changes:
            yield f"-- {entry_title(entry)}: {describe(change)}"
            yield from sql_lines(change, _WIDEST)


def section(title: str, lines: Iterable[str], room: int, *, folded: bool) -> str:
    """Return lines below a heading, as many as fit; nothing when there are none.

    Args:
        title: the heading, or with `folded` what unfolds them.
        lines: Markdown.
        room: characters that they may take.
        folded: whether they are shown only when asked for.
    """
    kept, left_out = _fitting(lines, room)
    if not kept and not left_out:
        return ""
    if left_out:
        kept += ["", _note(left_out)]
    return _titled(title, "\n".join(kept), folded=folded)


def fenced(title: str, language: str, lines: Iterable[str], room: int, *, folded: bool) -> str:
    """Return the same of lines that are not Markdown, in a fence of a language."""
    kept, left_out = _fitting(lines, room)
    if not kept and not left_out:
        return ""
    text = "\n".join(kept)
    ticks = fence(text)
    block = f"{ticks}{language}\n{text}\n{ticks}"
    return _titled(title, f"{block}\n\n{_note(left_out)}" if left_out else block, folded=folded)


def _titled(title: str, body: str, *, folded: bool) -> str:
    if folded:
        return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"
    return f"#### {title}\n\n{body}"


def _note(left_out: int) -> str:
    return f"_{count(left_out, 'more line')} left out here; `pgtenant plan` shows everything._"


def _fitting(lines: Iterable[str], room: int) -> tuple[list[str], int]:
    """Return the lines that fit into so many characters, and how many do not."""
    kept: list[str] = []
    left_out = 0
    for line in lines:
        room -= len(line) + 1
        if room >= 0 and not left_out:
            kept.append(line)
        else:
            left_out += 1
    return kept, left_out
