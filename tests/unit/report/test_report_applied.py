from __future__ import annotations

import pytest

from pgtenant.report.applied import apply_text

from . import audit_rows
from .audit_rows import row


def applied(rows: tuple[dict[str, object], ...]) -> list[str]:
    return str(
        apply_text(rows, environment="dev", run_id="r\x1b", entries_of=audit_rows.ENTRIES_OF)
    ).splitlines()


def test_errors_come_first_and_the_counts_last() -> None:
    lines = applied(audit_rows.MIXED)
    titles = [item for item in lines if item and not item.startswith(" ")]
    assert titles[1:5] == [
        "Errors",
        "Blocked: nothing of these entries was changed",
        "Warnings",
        "Done",
    ]
    assert lines[-1] == (
        "Applied: 6 steps done · 1 entry as declared · 1 warning · 1 entry blocked · 1 error"
    )
    assert "  + analytics-reader  grants applied (2 times)" in lines


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (audit_rows.UNCHANGED, "No changes · 2 entries as declared"),
        (audit_rows.DRY_RUN, "Dry run: 2 steps would be taken · 1 entry as declared"),
        ((row("", "", "run", "error", "lost"),), "Applied: 0 steps done · 1 error"),
        ((), "No changes"),
    ],
)
def test_the_last_line(rows: tuple[dict[str, object], ...], expected: str) -> None:
    assert applied(rows)[-1] == expected


def test_fetching_a_secret_is_no_change() -> None:
    assert applied((row("wiki_user", "wiki", "fetch_secret", "success"),))[-1].startswith("No ch")


def test_unknown_roles_and_actions_are_shown_safely() -> None:
    lines = applied((row("x\x1b y", "", "do_a\x07_thing", "success"), row("", "db", "x", "error")))
    assert '  + "x\\x1b y"  do a\\x07 thing' in lines
    assert "  ! db · x" in lines
    assert all(item.isprintable() for item in lines)
