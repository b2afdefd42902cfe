"""What differs from the catalogs, as the one issue that tells of it.

pgtenant writes what stands between two marks in the issue's body, and finds the issue again by the
first of them. What people write around that part stays.
"""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from pgtenant.catalog.shown import plain
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.report.drift import TITLES, by_kind, note
from pgtenant.report.fleet import FAILURES, Result, ordered
from pgtenant.report.fleet_markdown import changes, errors
from pgtenant.report.markdown import LIMIT, code, escape, fenced, section
from pgtenant.report.safe import name
from pgtenant.report.words import count

TITLE: Final = "Databases differ from their catalogs"
LABEL: Final = "rds-drift"
BEGIN: Final = "<!-- pgtenant: drift begins -->"
END: Final = "<!-- pgtenant: drift ends -->"

_LONGEST: Final = 65_000
"""Characters; GitHub refuses a body of more than 65,536."""
_LEAST: Final = 600
"""Characters below which a part would show nothing."""
_SPARE: Final = 250
"""Characters for a heading, a fence longer than any name, and the note of what is left out."""
_WHAT: Final = ("changes", "drift", "blocked")
_UNKNOWN: Final = "not known"
_DIFFERS: Final = "not as declared"
_SAME: Final = "as declared"
_STATES: Final = (_UNKNOWN, _DIFFERS, _SAME)

_Part: TypeAlias = Callable[[int], str]


def is_known(result: Result) -> bool:
    """Tell whether there is a whole plan of an environment; a plan that failed is none."""
    return result.plan is not None and result.exit_code not in {None, *FAILURES}


def differs(result: Result) -> bool:
    """Tell whether a plan has anything in it that an issue is about."""
    plan = result.plan or {}
    return any(plan.get(what) for what in _WHAT)


def all_gone(results: Sequence[Result]) -> bool:
    """Tell whether every environment is known, and none differs."""
    return bool(results) and all(is_known(one) and not differs(one) for one in results)


def drift_body(before: str, results: Sequence[Result], *, run: str = "") -> str:
    """Return the body of the issue, no longer than GitHub takes.

    Args:
        before: the body that it has; empty for a new one. What is not between the marks stays.
        results: each environment's plan.
        run: the address of the run that made them; empty when there is none.

    Raises:
        UsageError: what people wrote leaves no room.
    """
    head, tail = _around(before)
    room = min(LIMIT, _LONGEST - len(head) - len(tail))
    part = _marked(results, run, room)
    if len(part) > room:
        raise UsageError(
            "the text around pgtenant's part of the issue leaves no room for it",
            hint="shorten that text, or move it into a comment",
            code=Code.FORGE,
        )
    return f"{head}{part}{tail}"


def _around(body: str) -> tuple[str, str]:
    """Return what stands before and after the marked part of a body."""
    head, begun, rest = body.partition(BEGIN)
    if not begun:
        return (f"{body}\n\n" if body.strip() else ""), ""
    _, ended, tail = rest.partition(END)
    # Where the second mark is gone, nobody knows what is ours: all of it stays, below the new part.
    return head, tail if ended else f"\n\n{rest.lstrip()}"


def _marked(results: Sequence[Result], run: str, room: int) -> str:
    # A name of the server's could be a mark, in a fence or as code: then it is none any more.
    text = _text(ordered(results), run, room - len(BEGIN) - len(END) - 2)
    return f"{BEGIN}\n{text.replace('<!-- pgtenant:', '<!- pgtenant:')}\n{END}"


def _text(results: Sequence[Result], run: str, room: int) -> str:
    at = f" [The run]({run}) has more." if run else ""
    foot = (
        "_pgtenant writes this part anew at each run, and closes the issue when nothing is left;"
        f" what stands around it, and comments, stay._{at}"
    )
    head = f"**{_summary(results)}**"
    room -= len(head) + len(foot) + 4
    left = [one for one in results if differs(one) or not is_known(one)]
    parts: list[_Part] = [functools.partial(_section, "Environments", [*_table(results)])]
    parts += [functools.partial(_environment, one) for one in left]
    return "\n\n".join([head, *_filled(parts, room), foot])


def _filled(parts: Sequence[_Part], room: int) -> Iterator[str]:
    """Yield each part, of which none takes more than its share of the room that is left."""
    for number, part in enumerate(parts):
        share = room // (len(parts) - number) - 2
        if share < _LEAST:
            yield f"_{count(len(parts) - number, 'more part')} left out here._"
            return
        text = part(share)
        room -= len(text) + 2
        yield text


def _summary(results: Sequence[Result]) -> str:
    counts = Counter(_state(one) for one in results)
    said = ", ".join(f"{counts[state]} {state}" for state in _STATES if counts[state])
    return f"{count(len(results), 'environment')}: {said or 'none'}"


def _state(result: Result) -> str:
    if not is_known(result):
        return _UNKNOWN
    return _DIFFERS if differs(result) else _SAME


def _table(results: Sequence[Result]) -> Iterator[str]:
    yield "| environment | | changes | drift | blocked |"
    yield "| --- | --- | --: | --: | --: |"
    for one in results:
        plan = one.plan or {}
        counts = [str(len(plan.get(what, ())) or "") if is_known(one) else "?" for what in _WHAT]
        yield f"| {code(one.environment)} | {_state(one)} | {' | '.join(counts)} |"


def _environment(result: Result, room: int) -> str:
    """Return what there is to say of one environment, in no more characters."""
    unknown = [] if is_known(result) else [*errors(result)] or ["- look at the log of its run"]
    parts: list[_Part] = []
    for title, lines in (
        ("Could not be planned: what differs is not known", unknown),
        ("Blocked", [*_blocked(result)]),
        ("Drift: shown, not changed", [*_drift(result)]),
    ):
        if lines:
            parts.append(functools.partial(_section, title, lines))
    if lines := [*changes(result)]:
        parts.append(functools.partial(_diff, lines))
    title = f"### {code(result.environment)}"
    return "\n\n".join([title, *_filled(parts, room - len(title) - 2)])


def _section(title: str, lines: Sequence[str], room: int) -> str:
    return section(title, lines, room - _SPARE, folded=False)


def _diff(lines: Sequence[str], room: int) -> str:
    title = "Changes that an apply would make"
    return fenced(title, "diff", lines, room - 2 * _SPARE, folded=False)


def _blocked(result: Result) -> Iterator[str]:
    for one in _said(result, "blocked"):
        yield f"- **{escape(name(one['entry']))}**: {escape(one['reason'])}"
        if one["statement"]:
            yield f"  - to be run by {escape(one['executor'])}: {code(one['statement'] + ';')}"


def _drift(result: Result) -> Iterator[str]:
    notes = [*_said(result, "drift")]
    for kind, known in by_kind(tuple(map(_note, notes))).items():
        yield f"- {escape(TITLES[kind])}"
        for one in known:
            yield f"  - {escape(note(one))}"
            if one.statement:
                yield f"    - {code(one.statement + ';')}"


def _note(said: Mapping[str, str]) -> Drift:
    """Return a note of drift as the plan had it."""
    try:
        kind = DriftKind(said["kind"])
    except ValueError:
        raise UsageError(
            f"a plan has drift of a kind that is not known here: {plain(said['kind'])}",
            hint="let the same version of pgtenant plan and write the issue",
            code=Code.WRONG_FILE,
        ) from None
    return Drift(
        kind, said["entry"], said["database"], said["role"], said["message"], said["statement"]
    )


def _said(result: Result, what: str) -> Iterator[Mapping[str, str]]:
    """Yield the texts of each item of a plan; of one that it does not have, nothing."""
    for one in (result.plan or {}).get(what, ()):
        members = one if isinstance(one, dict) else {}
        yield defaultdict(str, {key: str(text) for key, text in members.items() if text})
