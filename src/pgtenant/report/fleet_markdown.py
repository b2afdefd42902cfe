"""Several environments as a comment on a pull request, or the summary of a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pgtenant.report.fleet import Result, counted, ordered, worst
from pgtenant.report.fleet_text import WORDS, blocked_in, details
from pgtenant.report.markdown import LIMIT, code, escape, fenced, section
from pgtenant.report.safe import name, shown
from pgtenant.report.words import count, entry_title

_MARKS: Final = {"create": "+", "grant": "+", "alter": "~", "revoke": "-", "destroy": "-"}
_TABLE: Final = 12_000
_ERRORS: Final = 16_000
_LEAST: Final = 300
"""Characters below which a part would show nothing."""


def fleet_markdown(command: str, results: Sequence[Result]) -> str:
    """Return the report in GitHub's Markdown, shorter than `markdown.LIMIT` characters.

    Args:
        command: what was asked for; empty when it is not known.
        results: each environment's.
    """
    results = ordered(results)
    counts = counted(results)
    title = f"### pgtenant {escape(command)}".rstrip()
    said = ", ".join(f"{n} {WORDS[state]}" for state, n in sorted(counts.items()))
    all_of_them = f"**{count(len(results), 'environment')}: {said or 'none'}**"
    parts = [
        f"{title}\n\n{all_of_them} · exit code {int(worst(results))}",
        section("Environments", _table(results), _TABLE, folded=False),
        section("Errors", _errors(results), _ERRORS, folded=False),
    ]
    text = "\n\n".join(part for part in parts if part)
    with_more = [result for result in results if any(changes(result))]
    for number, result in enumerate(with_more):
        room = (LIMIT - len(text) - _LEAST) // (len(with_more) - number)
        if room < _LEAST:
            rest = ", ".join(escape(one.environment) for one in with_more[number:])
            return f"{text}\n\n_Left out here: the changes of {rest}._\n"
        heading = f"{escape(result.environment)}: changes"
        text += "\n\n" + fenced(heading, "diff", changes(result), room - _LEAST, folded=True)
    return f"{text}\n"


def _table(results: Sequence[Result]) -> Iterator[str]:
    yield "| wave | environment | result | |"
    yield "| --: | --- | --- | --- |"
    for one in results:
        state = WORDS[one.state]
        yield f"| {one.wave} | {code(one.environment)} | {state} | {escape(details(one))} |"


def _errors(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        yield from errors(result)
        for who, why in _blocked(result):
            yield f"- {code(result.environment)}: {escape(name(who))} is blocked: {escape(why)}"


def errors(result: Result) -> Iterator[str]:
    """Yield each error of an environment as an item of a list."""
    for error in result.errors:
        text = " ".join(f"{error.message} {error.hint}".split())
        yield f"- {code(result.environment)}: {escape(text)}"


def _blocked(result: Result) -> Iterator[tuple[str, str]]:
    for one in (result.plan or {}).get("blocked", ()):
        yield str(one.get("entry", "")), str(one.get("reason", ""))
    yield from blocked_in(result.apply or {}).items()


def changes(result: Result) -> Iterator[str]:
    """Yield a line for each change that is planned, or was made."""
    for change in (result.plan or {}).get("changes", ()):
        mark = _MARKS.get(str(change.get("risk", "")), "~")
        yield f"{mark} {entry_title(_of(change, 'entry'))}: {_said(change, 'kind', 'role')}"
    for record in (result.apply or {}).get("records", ()):
        if record.get("status") in {"success", "dry_run"}:
            title = entry_title(_of(record, "username"))
            yield f"+ {title}: {_said(record, 'action', 'message')}"


def _said(members: Mapping[str, Any], what: str, last: str) -> str:
    words = [_of(members, what).replace("_", " "), _of(members, "database"), _of(members, last)]
    return shown(" ".join(word for word in words if word))


def _of(members: Mapping[str, Any], key: str) -> str:
    return str(members.get(key, ""))
