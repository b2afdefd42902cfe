"""Where slugs come from, and what is said of a source that has none."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from pgtenant.catalog.model import Entry, Tenancy
from pgtenant.errors import UsageError
from pgtenant.usecases.tenants.sources import Asked, tenants_asked, tenants_declared

ENTRY = Entry("crm", "crm", "crm_user", tenancy=Tenancy(tenants_file="tenants.txt"))
NOTHING = io.BytesIO()


def slugs(asked: Asked, root: Path, stdin: bytes = b"", *, declared: bool = False) -> list[str]:
    found = tenants_asked(asked, ENTRY, root, io.BytesIO(stdin), declared=declared)
    return [tenant.slug for tenant in found]


def test_all_sources_together(tmp_path: Path) -> None:
    (tmp_path / "tenants.txt").write_text("\ufeffb # second\n\nc\n", "utf-8")
    assert slugs(Asked(("a",), "tenants.txt"), tmp_path) == ["a", "b", "c"]
    assert slugs(Asked(("a",), "-"), tmp_path, b"z\r\n# y\n") == ["a", "z"]
    assert slugs(Asked(()), tmp_path, declared=True) == ["b", "c"]
    assert slugs(Asked((), every=True), tmp_path) == []


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (Asked(()), "no tenant is named"),
        (Asked((), "-"), "standard input has no slug"),
        (Asked((), "nothing.txt"), "nothing.txt can't be read"),
        (Asked((), "."), "is a directory"),
    ],
)
def test_sources_of_nothing(asked: Asked, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=says):
        slugs(asked, tmp_path)


def test_what_is_declared(tmp_path: Path) -> None:
    (tmp_path / "tenants.txt").write_text("a-b\na_b\n")
    with pytest.raises(UsageError, match=r"tenants\.txt:2: "):
        tenants_declared(ENTRY, tmp_path)
    assert tenants_declared(Entry("x", "x", "x", tenancy=Tenancy()), tmp_path) is None
