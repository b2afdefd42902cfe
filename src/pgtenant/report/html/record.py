"""The record of a verification, as a page takes it: whole, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.report.html.attempts import VERDICTS
from pgtenant.report.verify_json import check_record

_NUMBERS: Final = {
    "summary": ("passed", "warning", "not_proven", "failed"),
    "connections": ("pairs", "attempted"),
    "impersonations": ("pairs", "attempted"),
    "sessions": ("total", "encrypted"),
}
_TEXTS: Final = ("environment", "catalog", "actor", "started_utc", "verdict", "digest")
_ATTEMPT: Final = (
    *("kind", "role", "database", "target", "expected", "verdict"),
    *("said", "statement", "executor", "path"),
)


def read_record(text: str, path: str, *, environment: str) -> Mapping[str, Any]:
    """Return a record of this environment whose digest fits.

    Raises:
        UsageError: it is no record, was edited, or is of another environment.
    """
    record = check_record(text, path)
    if not _whole(record):
        raise UsageError(
            f"{path} is not what `pgtenant verify` writes",
            hint="make it again with `pgtenant verify -e ENV --out FILE`",
            code=Code.WRONG_FILE,
        )
    if record["environment"] != environment:
        raise UsageError(
            f"{path} is the verification of {record['environment']}, not of {environment}",
            hint=f"make one with `pgtenant verify -e {environment} --out FILE`",
            code=Code.WRONG_FILE,
        )
    return record


def _whole(record: Mapping[str, Any]) -> bool:
    """Tell whether everything is there that a page reads; a digest says nothing about that."""
    attempts = record.get("attempts")
    return (
        all(isinstance(record.get(name), str) for name in _TEXTS)
        and all(type(record.get(name)) is int for name in ("roles", "databases"))
        and all(_numbers(record.get(name), members) for name, members in _NUMBERS.items())
        and _names_a_server(record.get("server"))
        and isinstance(attempts, list)
        and all(_attempt(attempt) for attempt in attempts)
    )


def _numbers(value: object, members: tuple[str, ...]) -> bool:
    return isinstance(value, dict) and all(type(value.get(name)) is int for name in members)


def _names_a_server(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("address"), str)


def _attempt(value: object) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), str) for name in _ATTEMPT)
        and value["verdict"] in VERDICTS
    )
