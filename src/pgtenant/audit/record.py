"""The audit record: one row about one step of a run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final


class Action(StrEnum):
    """What was done, or looked at."""

    FETCH_SECRET = "fetch_secret"  # noqa: S105
    CREATE_ROLE = "create_role"
    ALTER_ROLE = "alter_role"
    UPDATE_PASSWORD = "update_password"  # noqa: S105
    CREATE_DATABASE = "create_database"
    CONFIGURE_DATABASE = "configure_database"
    APPLY_GRANTS = "apply_grants"
    APPLY_SCHEMA = "apply_schema"
    CREATE_EXTENSION = "create_extension"
    SECURE_TABLES = "secure_tables"
    CLOSE_DATABASE = "close_database"
    STORE_SECRET = "store_secret"  # noqa: S105
    WRITE_MANIFEST = "write_manifest"
    END_SESSION = "end_session"
    DUMP_DATABASE = "dump_database"
    CLEAN_UP = "clean_up"
    DROP_DATABASE = "drop_database"
    DROP_ROLE = "drop_role"
    ADD_TENANT = "add_tenant"
    RETIRE_TENANT = "retire_tenant"
    DROP_TENANT = "drop_tenant"
    CHECK = "check"
    PREFLIGHT = "preflight"
    RUN = "run"


class Status(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    NO_CHANGE = "no_change"
    WARNING = "warning"
    BLOCKED = "blocked"
    ERROR = "error"
    DRY_RUN = "dry_run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One audit record; its fields are the columns of the CSV, in their order.

    Attributes:
        timestamp_utc: as `stamp` writes it, such as `2026-01-16T10:30:00Z`.
        environment: `dev`, `prod`, ...
        build_id: the CI system's run, or `manual`.
        run_id: unique for each run of pgtenant.
        database: empty when it is about no single database.
        username: the role; empty when it is about none.
        action: what was done.
        status: how it ended.
        duration_ms: whole milliseconds.
        message: one sentence for people; never holds a secret.
    """

    timestamp_utc: str
    environment: str
    build_id: str
    run_id: str
    database: str
    username: str
    action: Action
    status: Status
    duration_ms: int
    message: str

    def as_dict(self) -> dict[str, str | int]:
        """Return the record for JSON: its columns, unescaped, with `duration_ms` as a number."""
        values = ((name, getattr(self, name)) for name in COLUMNS)
        return {name: value if isinstance(value, int) else str(value) for name, value in values}


COLUMNS: Final = tuple(field.name for field in fields(Record))


def stamp(moment: datetime) -> str:
    """Return a moment as the records write it, to the second, in UTC.

    Raises:
        ValueError: the moment has no time zone, so nobody can know when it was.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
