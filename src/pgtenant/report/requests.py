"""Requests, for people and for programs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from pgtenant.catalog.model import Entry
from pgtenant.report.document import EMPTY, Document, Line, Span, Style, document, line, paragraph
from pgtenant.report.safe import shown
from pgtenant.report.table import table
from pgtenant.requests.form import SMALLEST
from pgtenant.requests.routing import Routing, branch, labels
from pgtenant.settings import RequestsSettings, Route

_HEAD = ("environment", "key", "database", "user", "level", "status", "owner", "risk", "size")


def approval(routing: Routing) -> str:
    """Return who has to approve, as the end of a sentence."""
    if routing.self_serve:
        return "nobody has to approve (self-serve)"
    return f"approval by {', '.join(map(shown, routing.approvers))}"


def routing_json(routing: Routing) -> dict[str, Any]:
    """Return who has to approve as an object, with the rules that say so."""
    return {
        "approvers": list(routing.approvers),
        "self_serve": routing.self_serve,
        "routes": [route_json(one) for one in routing.routes],
    }


def route_json(route: Route) -> dict[str, list[str]]:
    """Return a rule as an object; a condition that it does not have is empty."""
    return {field.name: list(getattr(route, field.name)) for field in fields(route)}


def policy_text(policy: RequestsSettings) -> Document:
    """Return the policy: each rule on a line."""
    return document(_policy(policy))


def _policy(policy: RequestsSettings) -> Iterator[Line]:
    yield line("Who approves a request", Style.TITLE)
    for route in policy.routes:
        conditions = [
            f"{word} {' or '.join(map(shown, values))}"
            for word, values in (
                ("environment", route.environments),
                ("risk", route.risks),
                ("size", route.sizes),
            )
            if values
        ]
        who = ", ".join(map(shown, route.approvers)) or "nobody"
        yield line(f"  {' and '.join(conditions) or 'any request'}: {who}")
    who = ", ".join(map(shown, policy.approvers)) or "nobody"
    yield line(f"  what no rule is about: {who}")
    yield line("All approvers of all rules that fit have to approve.", Style.FAINT)


def list_text(rows: Sequence[tuple[str, ...]], *, columns: int | None = None) -> Document:
    """Return a table; the rows have the columns of `row`.

    Args:
        rows: their cells.
        columns: of the terminal; None for a table as wide as it has to be.
    """
    none = [line("There are no databases yet.")]
    return document(table(_HEAD, rows, columns=columns) if rows else none)


def row(
    environment: str, key: str, entry: Entry | None, status: str, record: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the cells of an entry; of a record without one what the record says."""
    if entry is None:
        said = [
            record.get(f"configuration.{field}", "")
            for field in ("database_name", "username", "access_level")
        ]
        owner, risk = record.get("metadata.owner", ""), record.get("metadata.risk", "")
        size = record.get("configuration.size", "")
        status = f"{status}, not in the catalog"
    else:
        said = [entry.database_name, entry.username, str(entry.access_level)]
        owner, risk, size = entry.owner or "", entry.risk or "", entry.size or SMALLEST
    return tuple(map(shown, (environment, key, *said, status, owner, risk, size)))


def entry_json(environment: str, key: str, entry: Entry | None, **more: Any) -> dict[str, Any]:
    """Return an entry as an object: its fields as the catalog has them, null for none."""
    held = None
    if entry is not None:
        held = {
            field.name: getattr(entry, field.name)
            for field in fields(entry)
            if field.name not in {"key", "line", "tenancy", "made_by"}
        }
    return {"environment": environment, "key": key, "entry": held, **more}


def request_json(environment: str, key: str, routing: Routing, risk: str | None) -> dict[str, Any]:
    """Return what a workflow needs for the pull request of a request."""
    return {
        "routing": routing_json(routing),
        "branch": branch(environment, key),
        "labels": list(labels(environment, risk)),
    }


def details(pairs: Sequence[tuple[str, str]], notes: Sequence[str], *, width: int) -> Document:
    """Return names and values below each other, then notes."""
    return document(_details(pairs, notes, width))


def _details(pairs: Sequence[tuple[str, str]], notes: Sequence[str], width: int) -> Iterator[Line]:
    widest = max((len(label) for label, _ in pairs), default=0)
    for label, value in pairs:
        yield (Span(f"{label.ljust(widest)}  ", Style.FAINT), Span(shown(value)))
    if notes:
        yield EMPTY
    for note in notes:
        yield from paragraph(f"note: {shown(note)}", width=width, style=Style.WARN)


def diff_text(path: str, before: bytes | None, after: bytes) -> str:
    """Return the difference of a file, as `diff -u` has it."""
    old = (before or b"").decode("utf-8", "replace").splitlines(keepends=True)
    new = after.decode("utf-8", "replace").splitlines(keepends=True)
    there = "/dev/null" if before is None else f"a/{path}"
    lines = difflib.unified_diff(old, new, there, f"b/{path}", n=2)
    return "".join(f"{shown(one.rstrip())}\n" for one in lines)
