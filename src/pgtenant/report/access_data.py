"""Who can do what, for programs: one JSON object, or CSV with a line for each object."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pgtenant.access.path import words
from pgtenant.access.rows import Listing, Row
from pgtenant.audit.rows import render_values
from pgtenant.report.jsonout import cleaned

COLUMNS: Final = (
    "role",
    "database",
    "kind",
    "schema",
    "table",
    "name",
    "privileges",
    "path",
    "usable",
    "runs_as",
)


def access_json(listing: Listing, *, environment: str) -> dict[str, Any]:
    """Return the object that `schemas/access.schema.json` describes."""
    return cleaned(
        {
            "environment": environment,
            "server_version": listing.model.version,
            "admin": listing.model.admin,
            "filters": {
                "role": listing.filters.role,
                "database": listing.filters.database,
                "table": listing.filters.table,
            },
            "access": [_row(row) for row in listing.rows],
            "not_looked_into": [
                {"database": database, "reason": reason}
                for database, reason in listing.not_looked_into
            ],
        }
    )


def no_access_json(environment: str) -> dict[str, Any]:
    """Return the same object when nothing could be read."""
    return {
        "environment": environment,
        "server_version": None,
        "admin": None,
        "filters": None,
        "access": [],
        "not_looked_into": [],
    }


def access_csv(listing: Listing) -> Iterator[str]:
    """Yield a header, then the lines of each row, one for each object; no cell is a formula."""
    yield ",".join(COLUMNS) + "\n"
    for row in listing.rows:
        yield render_values(_lines(row))


def _row(row: Row) -> dict[str, object]:
    return {
        "role": row.role,
        "database": row.database,
        "kind": row.kind,
        "schema": row.schema,
        "table": row.table,
        "names": list(row.names),
        "privileges": list(row.privileges),
        "path": [{"via": str(hop.via), "role": hop.role} for hop in row.path],
        "through": words(row.path),
        "usable": row.usable,
        "runs_as": row.runs_as,
    }


def _lines(row: Row) -> Iterator[tuple[str, ...]]:
    for name in row.names or ("",):
        yield (
            row.role,
            row.database,
            row.kind,
            row.schema,
            row.table,
            name,
            ", ".join(row.privileges),
            words(row.path),
            "true" if row.usable else "false",
            row.runs_as,
        )
