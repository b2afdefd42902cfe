"""The pull request of a request, for whoever reviews it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.model import AccessLevel, Auth, Entry
from pgtenant.planning.plan import Plan
from pgtenant.report.markdown import change_lines, code, escape, fenced
from pgtenant.report.requests import diff_text
from pgtenant.report.safe import shown
from pgtenant.requests.form import SMALLEST
from pgtenant.requests.routing import Routing
from pgtenant.settings import Route

_ROOM: Final = 20_000

CONTROLS: Final = {
    "none": (7, 30),
    "low": (7, 30),
    "medium": (14, 30),
    "high": (35, 14),
    "access": (35, 14),
}
"""What Terraform makes of a risk: days of backups, and days between two rotations."""

_WITHOUT_RISK: Final = (7, 90)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its pull request shows it.

    Attributes:
        secret: the name of the entry's secret.
        plan: what will be run on the instance.
        notes: what a reviewer may want to know.
        files: what is changed: each path, what was there, and what will be.
        by: the login of who started it; empty when nobody knows.
        run: the address of the run that made it, or empty.
    """

    environment: str
    entry: Entry
    secret: str
    routing: Routing
    plan: Plan
    notes: Sequence[str] = ()
    files: Sequence[tuple[str, bytes | None, bytes]] = ()
    by: str = ""
    run: str = ""


def title(environment: str, entry: Entry) -> str:
    """Return the title of an entry's pull request."""
    if entry.access_level is AccessLevel.OWNER:
        return f"Database {entry.database_name} in {environment}"
    return f"{entry.key}: {entry.access_level} of {entry.database_name} in {environment}"


def body(asked: Asked) -> str:
    """Return the body in GitHub's Markdown; no value of a request can become markup."""
    diff = [line for path, before, after in asked.files for line in _diff(path, before, after)]
    plan = change_lines(asked.plan)
    parts = (
        "\n".join(_head(asked)),
        _section("What will happen", _happens(asked)),
        _section(f"What the risk {asked.entry.risk or 'unknown'} brings", _controls(asked.entry)),
        _section("Who must approve", _approval(asked.routing)),
        _section("Notes", [f"- {escape(note)}" for note in asked.notes]),
        fenced(
            "The plan, on an instance that has nothing of it", "diff", plan, _ROOM, folded=False
        ),
        fenced("The files", "diff", diff, _ROOM, folded=True),
    )
    return "\n\n".join(part for part in parts if part) + "\n"


def _section(heading: str, lines: Sequence[str] | Iterator[str]) -> str:
    found = list(lines)
    return "\n".join((f"#### {escape(heading)}", "", *found)) if found else ""


def _head(asked: Asked) -> Iterator[str]:
    entry = asked.entry
    who = escape(entry.owner or "nobody named")
    yield f"{escape(title(asked.environment, entry))}, for **{who}**."
    yield ""
    yield "| | |"
    yield "| --- | --- |"
    size = entry.size or SMALLEST
    for label, value in (
        ("database", entry.database_name),
        ("role", entry.username),
        ("level", str(entry.access_level)),
        ("domain", entry.domain or ""),
        ("risk", entry.risk or ""),
        ("size", size),
        ("requested by", entry.requester or ""),
        ("started by", asked.by),
    ):
        if value:
            cell = code(value).replace("|", "\\|")
            yield f"| {label} | {cell} |"
    if asked.by and entry.requester and asked.by.lower() != entry.requester.lower():
        yield ""
        yield (
            f"{code(asked.by)} started this, and names {code(entry.requester)} as the requester:"
            " GitHub vouches for the first name only."
        )
    if asked.run:
        yield ""
        yield f"Made by [this run]({asked.run})."


def _happens(asked: Asked) -> Iterator[str]:
    entry, role = asked.entry, code(asked.entry.username)
    database = code(entry.database_name)
    steps = ["This is merged: nothing has happened before that."]
    if entry.auth is Auth.PASSWORD:
        steps.append(f"Terraform makes the secret {code(asked.secret)}, with a new password.")
    steps.append(f"pgtenant makes the role {role}, which can log in and is no superuser.")
    if entry.access_level is AccessLevel.OWNER:
        steps.append(
            f"It makes the database {database}, which {role} owns and nobody else can connect to."
        )
        if entry.initial_schema != "none":
            steps.append(f"It runs the schema {code(entry.initial_schema)} there, as {role}.")
    else:
        verbs = "read" if entry.access_level is AccessLevel.READER else "read and write"
        steps.append(f"{role} may {verbs} what is in {database}, now and later.")
    steps += [
        "It logs in as every role, and proves that each reaches its own and nothing else.",
        f"What was done is recorded in {code(f'governance/{asked.environment}/')}.",
    ]
    for number, step in enumerate(steps, start=1):
        yield f"{number}. {step}"


def _controls(entry: Entry) -> Iterator[str]:
    backups, rotation = CONTROLS.get(entry.risk or "", _WITHOUT_RISK)
    yield f"- backups of the instance: {backups} days at least"
    yield f"- the password is rotated every {rotation} days, where rotation is set up"
    if entry.risk == "access":
        yield "- a person reviews each rotation"


def _approval(routing: Routing) -> Iterator[str]:
    if routing.self_serve:
        yield "Nobody: this is self-serve."
    for approver in routing.approvers:
        reasons = [_reason(one) for one in routing.routes if approver in one.approvers]
        why = " and ".join(reasons) or "what no rule is about, or nobody may be served alone"
        yield f"- **{escape(approver)}**: {escape(why)}"


def _reason(route: Route) -> str:
    conditions = (
        ("environment", route.environments),
        ("risk", route.risks),
        ("size", route.sizes),
    )
    said = [f"{word} {' or '.join(values)}" for word, values in conditions if values]
    return ", ".join(said) or "any request"


def _diff(path: str, before: bytes | None, after: bytes) -> Iterator[str]:
    yield from diff_text(shown(path), before, after).splitlines()
