from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.report.document import EMPTY, Document, Span, Style, document, fitting, line, show
from pgtenant.report.drift import TITLES
from pgtenant.report.safe import encodable, name, shown
from pgtenant.report.sqltext import ended, statements_of, wrapped
from pgtenant.report.summary import summary_line
from pgtenant.report.text import plan_text

from . import samples

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_summary_is_the_last_line_and_counts_everything() -> None:
    last = str(plan_text(samples.busy_plan())).splitlines()[-1]
    assert last == (
        "Plan: 4 to create, 2 to grant, 5 to alter, 3 to revoke · 3 entries blocked"
        " · 15 notes of drift · 2 entries as declared"
    )


def test_no_change_is_said_in_one_line() -> None:
    lines = str(plan_text(samples.unchanged_plan())).splitlines()
    assert lines == ["Plan for dev", "", "No changes. 3 entries are as declared."]


def test_no_full_stop_stands_before_more() -> None:
    note = Drift(DriftKind.SETTING, "keycloak", "keycloak", "", "has the setting a=b")
    plan = replace(samples.unchanged_plan(), drift=(note,))
    assert summary_line(plan) == "No changes. 3 entries are as declared · 1 note of drift"


def test_an_empty_catalog_says_so() -> None:
    assert "No entries are declared." in str(plan_text(samples.plan_of(())))


def test_untouched_entries_take_one_line() -> None:
    text = str(plan_text(samples.many_plan(200, changed=0)))
    assert text.endswith("No changes. 200 entries are as declared.\n")
    lines = str(plan_text(samples.many_plan(200, changed=1), width=80)).splitlines()
    declared = [item for item in lines if "app-001" in item]
    assert len(declared) == 1
    assert len(declared[0]) <= 80
    listed, more = declared[0].count("app-"), declared[0].split(" and ")[1]
    assert f"{199 - listed} more" == more


@pytest.mark.parametrize(("width", "sql"), [(40, False), (60, False), (80, True), (120, True)])
def test_lines_fit(width: int, sql: bool) -> None:
    # What can't be divided (a literal, a name) and the summary may be longer.
    lines = str(plan_text(samples.busy_plan(), sql=sql, width=width)).splitlines()[:-1]
    long = [item for item in lines if len(item) > width and " " in item.strip().split("'")[0]]
    assert not long


def test_an_entry_is_named_once_and_its_changes_stay_in_order() -> None:
    lines = str(plan_text(samples.fresh_plan())).splitlines()
    assert [item for item in lines if item and item[0] not in " PDA"] == [
        "analytics",
        "analytics-reader",
        "analytics-writer",
        "keycloak",
    ]
    assert lines.index("  + database keycloak  owned by keycloak_user") > lines.index(
        "  + role keycloak_user  (LOGIN CREATEDB, password from"
    )


def test_no_name_gets_a_control_character_into_the_text() -> None:
    text = str(plan_text(samples.hostile_plan(), sql=True))
    assert all(item.isprintable() for item in text.split("\n"))
    assert sum(item.startswith("Plan:") for item in text.split("\n")) == 1


def test_a_terminal_gets_colour_and_the_same_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    report, stream = plan_text(samples.hostile_plan(), sql=True), Terminal()
    show(report, stream)
    coloured = stream.getvalue()
    assert "\x1b[32m" in coloured
    assert ESCAPES.sub("", coloured) == str(report)


@pytest.mark.parametrize(
    ("no_color", "term"), [("1", "xterm-256color"), ("", "dumb"), ("1", "dumb")]
)
def test_no_escape_where_none_is_wanted(
    monkeypatch: pytest.MonkeyPatch, no_color: str, term: str
) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", term)
    report, stream = plan_text(samples.busy_plan()), Terminal()
    show(report, stream)
    assert stream.getvalue() == str(report)


def test_every_kind_of_drift_has_a_title() -> None:
    assert set(TITLES) == set(DriftKind)


def test_sql_is_broken_only_between_words() -> None:
    statement = """COMMENT ON ROLE "a b" IS 'it''s  one\n; literal' AND "x""  y" E'\\'  z'"""
    pieces = list(wrapped(statement, 10))
    assert " ".join(piece.strip() for piece in pieces) == shown(statement)
    assert "  'it''s  one\\n; literal'" in pieces


def test_a_comment_at_the_end_of_a_schema_does_not_swallow_the_semicolon() -> None:
    assert ended("SELECT 1;\n") == "SELECT 1;"
    assert ended("SELECT 1\n") == "SELECT 1\n;"
    assert ended("SELECT 1 -- done;") == "SELECT 1 -- done;\n;"


def test_a_name_that_is_not_unicode_does_not_break_a_plan() -> None:
    database = samples.simple("orders")
    plan = samples.plan_of((database,))
    change = plan.changes[1]
    broken = type(change)(entry="e", database="x\udc80*/y", owner="r")  # type: ignore[call-arg]
    text = statements_of(broken)
    text.encode()
    assert text.startswith("/*")
    assert text.count("*/") == 1


def test_what_an_encoding_lacks_is_escaped() -> None:
    assert fitting("a · é\n", "ascii") == "a; \\xe9\n"
    assert fitting("a · é\n", "utf-8") == "a · é\n"
    assert fitting("a", None) == "a"


def test_what_cannot_be_seen_is_escaped() -> None:
    assert shown("a\tb\r\x00\x9b\u2028\ud800") == "a\\tb\\r\\x00\\x9b\\u2028\\ud800"
    assert shown("é 日本") == "é 日本"
    assert name("p\u0430yments") == '"p\u0430yments"'  # a Cyrillic letter
    assert name("pay-ments_1.x$") == "pay-ments_1.x$"
    assert name("") == '""'
    assert encodable("a\udcff") == "a\\udcff"


def test_a_document_has_no_empty_lines_to_spare() -> None:
    parts = [EMPTY, line("a"), EMPTY, EMPTY, (Span("b", Style.BAD), Span("c")), EMPTY]
    assert str(document(parts)) == "a\n\nbc\n"
    assert str(Document(())) == ""
