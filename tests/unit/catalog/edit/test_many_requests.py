"""A thousand entries, one after the other, in one file."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tree_sitter import Node

from pgtenant.catalog import hcl
from pgtenant.catalog.check import Format
from pgtenant.catalog.edit import add_entry
from pgtenant.catalog.load import parse

START = b"# ours\napplication_databases = {\n  # the last one\n}\n"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_thousand_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read a constant number of times for each, so the work is linear in its size."""
    read: list[int] = []
    syntax = hcl.syntax

    def counted(text: str) -> Node:
        read.append(len(text))
        return syntax(text)

    monkeypatch.setattr(hcl, "syntax", counted)
    data, sizes = START, []
    for number in range(1000):
        key = f"s{number}"
        sizes.append((len(data), len(read)))
        fields = {"database_name": f"{key}_db", "username": f"{key}_user"}
        data = add_entry(data, Format.HCL, key, fields).data
    entries = parse(data, display="a.tfvars").entries
    assert {one.key for one in entries} == {f"s{number}" for number in range(1000)}
    reads = [after - before for (_, before), (_, after) in pairwise(sizes)]
    # What one has written and read again, the next one begins with.
    assert set(reads[1:]) == {1}
    grown = [after - before for (before, _), (after, _) in pairwise(sizes)]
    assert max(grown) < 2 * min(grown)
    text = data.decode()
    assert text.startswith("# ours\napplication_databases = {\n  # the last one\n  s0 = {\n")
