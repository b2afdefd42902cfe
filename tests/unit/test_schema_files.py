"""Initial schemas of the project: what is read, and what is refused before any server is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgtenant.errors import ExitCode, UsageError
from pgtenant.schemas import initial_schema, tenant_template


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


def test_a_template_is_its_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "tenants").mkdir()
    for name in ("2.sql", "10.sql", "1.sql", "README.md"):
        (tmp_path / "tenants" / name).write_text(f"SELECT '{name}'")
    template = tenant_template("tenants", tmp_path)
    assert [file.name for file in template.files] == ["1.sql", "10.sql", "2.sql"]
    assert template.files[0].sql == "SELECT '1.sql'"
    assert tenant_template(None, tmp_path).files == ()


def test_what_is_no_template(tmp_path: Path) -> None:
    schemas = tmp_path / "schemas"
    (schemas / "tenants").mkdir(parents=True)
    for name, says in (("tenants", "no `.sql` file is in it"), ("nothing", "can't be read")):
        with pytest.raises(UsageError, match=says):
            tenant_template(name, schemas)
    (tmp_path / "x.sql").write_text("SELECT 1")
    (schemas / "tenants" / "1.sql").symlink_to(tmp_path / "x.sql")
    with pytest.raises(UsageError, match=r"1\.sql is a link that leaves schemas/"):
        tenant_template("tenants", schemas)
    (schemas / "tenants" / "1.sql").unlink()
    (schemas / "tenants" / "1.sql").write_bytes(b"\0")
    with pytest.raises(UsageError, match=r"tenants/1\.sql holds a NUL byte in line 1"):
        tenant_template("tenants", schemas)
