from __future__ import annotations

import csv
import dataclasses
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgtenant.audit import COLUMNS, Action, Record, Status, read_rows, render_rows, stamp
from pgtenant.audit.rows import HEADER, MOST_CHARACTERS, escape_cell, repair, unescape_cell

# Everything that Python's str can hold, lone surrogates included: names come from servers.
ANYTHING = st.text(st.characters(), max_size=30)
RECORDS = st.builds(
    Record,
    timestamp_utc=st.datetimes(timezones=st.just(UTC)).map(stamp),
    environment=ANYTHING,
    build_id=ANYTHING,
    run_id=ANYTHING,
    database=ANYTHING,
    username=ANYTHING,
    action=st.sampled_from(Action),
    status=st.sampled_from(Status),
    duration_ms=st.integers(0, 10**9),
    message=ANYTHING,
)
EXAMPLE = Record(
    timestamp_utc="2026-01-16T10:30:00Z",
    environment="dev",
    build_id="manual",
    run_id="local",
    database="my_app",
    username="my_app_user",
    action=Action.CREATE_ROLE,
    status=Status.SUCCESS,
    duration_ms=45,
    message="Created role",
)


def test_the_documents_own_example() -> None:
    assert HEADER == (
        "timestamp_utc,environment,build_id,run_id,database,username,action,status,"
        "duration_ms,message\n"
    )
    assert render_rows([EXAMPLE]) == (
        "2026-01-16T10:30:00Z,dev,manual,local,my_app,my_app_user,create_role,success,45,"
        "Created role\n"
    )


@given(st.lists(RECORDS, max_size=5))
def test_what_is_written_is_read_again(records: list[Record]) -> None:
    text = HEADER + render_rows(records)
    text.encode()  # UTF-8, strictly
    expected = tuple({k: str(v) for k, v in record.as_dict().items()} for record in records)
    assert read_rows(text) == expected
    assert read_rows("\ufeff" + text.replace("\n", "\r\n")) == expected  # a spreadsheet saved it


@given(RECORDS)
def test_a_record_is_one_line_of_ten_cells_that_are_no_formulas(record: Record) -> None:
    line = render_rows([record])
    assert len(line.splitlines()) == 1
    assert line.removesuffix("\n").isprintable()
    [cells] = csv.reader([line])
    assert len(cells) == len(COLUMNS)
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("plain name", "plain name"),
        ('a"b,c', 'a"b,c'),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("-1", "'-1"),
        ("\uff1dcmd", "'\uff1dcmd"),
        ("'quoted", "''quoted"),
        ("two\nlines\r\t", r"two\nlines\r\t"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u202edlog", r"\u202edlog"),
        ("\ud800", r"\ud800"),
        ("back\\slash", r"back\\slash"),
        ("\U000e0041", r"\U000e0041"),
        ("größe 数据 🙂", "größe 数据 🙂"),
    ],
)
def test_cells(value: str, cell: str) -> None:
    assert escape_cell(value) == cell
    assert unescape_cell(cell) == value


def test_a_cell_ends_where_spreadsheets_stop() -> None:
    record = dataclasses.replace(EXAMPLE, message="\x00" * 1_000_000)
    [row] = csv.reader([render_rows([record])])
    assert len(row[-1]) == MOST_CHARACTERS


@given(st.lists(RECORDS, min_size=1, max_size=3), st.data())
def test_a_line_cut_anywhere_is_mended_and_swallows_nothing(
    records: list[Record], data: st.DataObject
) -> None:
    line = render_rows(records[:1]).removesuffix("\n")
    torn = line[: data.draw(st.integers(1, len(line)))]
    text = HEADER + torn + repair(torn) + render_rows(records)
    rows = list(csv.reader(text.splitlines()))
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert text.startswith(HEADER + torn)
    expected = [{k: str(v) for k, v in record.as_dict().items()} for record in records]
    assert list(read_rows(text)[1:]) == expected


def test_a_mended_line_says_so() -> None:
    torn = '2026-01-16T10:30:00Z,dev,manual,local,"my'
    assert torn + repair(torn) == (
        '2026-01-16T10:30:00Z,dev,manual,local,"my",,,,,incomplete: the run was cut off here\n'
    )
    assert repair(render_rows([EXAMPLE]).removesuffix("\n")) == "\n"


def test_records_as_json_are_the_columns_with_plain_values() -> None:
    found = EXAMPLE.as_dict()
    assert tuple(found) == COLUMNS
    assert {type(value) for value in found.values()} == {str, int}
    assert json.loads(json.dumps(found))["action"] == "create_role"


def test_moments_are_written_in_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert stamp(datetime(2026, 1, 16, 19, 30, 0, 999_999, tokyo)) == "2026-01-16T10:30:00Z"
    with pytest.raises(ValueError, match="time zone"):
        stamp(datetime(2026, 1, 16))  # noqa: DTZ001


def test_the_documented_words() -> None:
    assert {str(action) for action in Action} == {
        "fetch_secret",
        "create_role",
        "alter_role",
        "update_password",
        "create_database",
        "configure_database",
        "apply_grants",
        "apply_schema",
        "create_extension",
        "secure_tables",
        "close_database",
        "store_secret",
        "end_session",
        "dump_database",
        "clean_up",
        "drop_database",
        "drop_role",
        "write_manifest",
        "add_tenant",
        "retire_tenant",
        "drop_tenant",
        "check",
        "preflight",
        "run",
    }
    assert {str(status) for status in Status} == {
        "success",
        "no_change",
        "warning",
        "blocked",
        "error",
        "dry_run",
    }
