"""Tables on terminals of any width."""

from __future__ import annotations

from pgtenant.report.document import document
from pgtenant.report.table import table

HEAD = ("entry", "versions", "risk", "password")
ROWS = [
    ("orders", "current, pending, previous", "", "works"),
    ("billing", "current", "high", "does not work"),
]

WHOLE = """\
entry    versions                    risk  password
orders   current, pending, previous        works
billing  current                     high  does not work
"""
FOLDED = """\
entry    versions        risk  password
orders   current,              works
         pending,
         previous
billing  current         high  does not work
"""
UPRIGHT = """\
entry     orders
versions  current, pending, previous
password  works

entry     billing
versions  current
risk      high
password  does not work
"""


def drawn(columns: int | None) -> str:
    return str(document(table(HEAD, ROWS, columns=columns)))


def test_a_row_stays_one_line_where_nobody_looks() -> None:
    assert drawn(None) == drawn(56) == WHOLE


def test_cells_are_folded_between_words() -> None:
    assert drawn(44) == FOLDED
    for columns in range(33, 56):
        assert max(map(len, drawn(columns).splitlines())) <= columns


def test_what_is_too_narrow_for_a_table_gets_a_line_for_each_cell() -> None:
    assert drawn(32) == UPRIGHT


def test_a_table_of_nothing() -> None:
    assert str(document(table(HEAD, [], columns=10))) == "entry  versions  risk  password\n"
