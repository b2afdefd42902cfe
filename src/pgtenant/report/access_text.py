"""Who can do what, for people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from pgtenant.access.path import Hop, words
from pgtenant.access.rows import EVERYTHING, OWNER, Listing, Row
from pgtenant.planning.privileges import PUBLIC
from pgtenant.report.document import EMPTY, Document, Line, Span, Style, document, line, paragraph
from pgtenant.report.safe import name, shown
from pgtenant.report.words import count

_MOST: Final = 5
_OUTER: Final = ("instance", "attribute", "role")


def access_text(listing: Listing, *, environment: str, width: int = 80) -> Document:
    """Return who can do what: the roles, then database by database."""
    return document(_listing(listing, environment, width))


def _listing(listing: Listing, environment: str, width: int) -> Iterator[Line]:
    yield (Span("Access on the instance of "), Span(name(environment), Style.TITLE))
    admin = name(listing.model.admin)
    yield from paragraph(
        f"PostgreSQL {listing.model.major}, as {admin} sees it", width=width, style=Style.FAINT
    )
    for database, rows in groupby(listing.rows, key=lambda row: row.database):
        yield EMPTY
        if database:
            owner = listing.model.databases[database].owner
            yield line(f"Database {name(database)}, owned by {name(owner)}", Style.TITLE)
        else:
            yield line("The instance", Style.TITLE)
        yield from _by_role(list(rows), width)
    if not listing.rows:
        yield EMPTY
        yield line("Nobody can do anything that was asked for.")
    if any(not row.usable and row.role != PUBLIC for row in listing.rows):
        yield EMPTY
        yield from paragraph(
            "Out of reach: the role cannot log in to the database, or has no USAGE on the schema.",
            width=width,
            style=Style.FAINT,
        )
    if listing.not_looked_into:
        yield EMPTY
        yield line("Not looked into", Style.WARN)
        for database, reason in listing.not_looked_into:
            yield from paragraph(f"{name(database)}: {shown(reason)}", width=width, indent=2)
    yield EMPTY
    yield line(_summary(listing), Style.FAINT)


def _summary(listing: Listing) -> str:
    rows = count(len(listing.rows), "row")
    roles = count(len({row.role for row in listing.rows} - {PUBLIC}), "role")
    databases = count(len({row.database for row in listing.rows} - {""}), "database")
    return f"{rows} · {roles} · {databases}"


def _by_role(rows: list[Row], width: int) -> Iterator[Line]:
    ordered = sorted(rows, key=lambda row: (row.role != PUBLIC, row.role))
    for role, mine in groupby(ordered, key=lambda row: row.role):
        yield line(f"  {'everyone (PUBLIC)' if role == PUBLIC else name(role)}", Style.NORMAL)
        for row in mine:
            style = Style.NORMAL if row.usable else Style.FAINT
            yield from paragraph(_sentence(row), width=width, indent=4, mark="*", style=style)


def _sentence(row: Row) -> str:
    through = f" · {_through(row)}" if row.kind not in {"attribute", "instance"} else ""
    # What everyone has is of use to whoever can connect.
    late = "" if row.usable or row.role == PUBLIC else " · out of reach"
    runs = f" · runs as {name(row.runs_as)}" if row.runs_as else ""
    return f"{_can(row)}{through}{runs}{late}"


def _can(row: Row) -> str:
    held = ", ".join(row.privileges)
    if row.kind == "instance":
        return "everything, everywhere: superuser" if EVERYTHING in row.privileges else held
    if row.kind == "attribute":
        return held
    if row.kind == "role":
        return f"{held} of {name(row.names[0])}"
    if OWNER in row.privileges:
        return f"owns {_objects(row)}"
    return f"{held} on {_objects(row)}"


def _objects(row: Row) -> str:
    where = f" of the table {name(row.table)}" if row.table else ""
    where += f" in schema {name(row.schema)}" if row.schema else ""
    if row.kind.startswith("new_"):
        return f"every new {row.kind.removeprefix('new_').replace('_', ' ')}{where}"
    noun = row.kind.replace("_", " ") + ("s" if len(row.names) > 1 else "")
    listed = ", ".join(_object_name(row, n) for n in row.names[:_MOST])
    rest = len(row.names) - _MOST
    return f"the {noun} {listed}{f' and {rest} more' if rest > 0 else ''}{where}"


def _object_name(row: Row, text: str) -> str:
    return shown(text) if row.kind == "function" else name(text)


def _through(row: Row) -> str:
    return words(tuple(Hop(hop.via, name(hop.role) if hop.role else "") for hop in row.path))
