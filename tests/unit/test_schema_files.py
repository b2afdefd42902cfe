"""Initial schemas of the project: what is read, and what is refused before any server is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgtenant.errors import ExitCode, UsageError
from pgtenant.schemas import initial_schema


def test_a_byte_order_mark_is_no_sql(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_bytes(b"\xef\xbb\xbfCREATE TABLE t (n int);\n")
    assert initial_schema("a.sql", tmp_path).sql == "CREATE TABLE t (n int);\n"


@pytest.mark.parametrize(
    ("data", "says"),
    [(b"SELECT 1;\nSELECT '\0';", "NUL byte in line 2"), (b"\xff\xfe", "can't be read")],
)
def test_what_no_server_would_take(tmp_path: Path, data: bytes, says: str) -> None:
    (tmp_path / "a.sql").write_bytes(data)
    with pytest.raises(UsageError, match=says) as caught:
        initial_schema("a.sql", tmp_path)
    assert "a.sql" in caught.value.message
    assert caught.value.exit_code is ExitCode.USAGE
