"""Many requests in one project, one after the other: all are there, and none reads more often."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from tree_sitter import Node

from pgtenant.catalog import hcl
from pgtenant.catalog.load import load
from pgtenant.settings import load as load_settings
from pgtenant.usecases.request.add import add
from support.requests import CATALOG, ENTITY, RECORDS

FIELDS = {"owner": "app-team", "requester": "kim", "domain": "application", "risk": "low"}
# A thousand take some minutes.
MANY = int(os.environ.get("PGTENANT_TEST_REQUESTS", "200"))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = {"hcl": 0, "yaml": 0}
    syntax = hcl.syntax

    def counted(text: str) -> Node:
        read["hcl"] += 1
        return syntax(text)

    class Counted(yaml.CSafeLoader):
        def __init__(self, stream: Any) -> None:
            read["yaml"] += 1
            super().__init__(stream)

    monkeypatch.setattr(hcl, "syntax", counted)
    monkeypatch.setattr(yaml, "CSafeLoader", Counted)
    settings = load_settings(tmp_path, environ={})
    work = set()
    for number in range(MANY):
        name = f"service_{number}"
        given = {"environment": "dev", "database_name": name, "username": f"{name}_user"}
        before = dict(read)
        done = add(settings, given | FIELDS, moment="2026-11-21T10:00:00Z")
        assert len(done.changes) == 3
        if number > 1:  # the first ones make what the others find
            work.add(tuple(read[language] - before[language] for language in read))
    # So the time that one takes is linear in what is there.
    assert len(work) == 1

    names = {f"service_{number}" for number in range(MANY)}
    entries = load(tmp_path / CATALOG.format("dev"), display="x.tfvars").entries
    assert {one.key for one in entries} == {one.database_name for one in entries} == names
    recorded = yaml.safe_load((tmp_path / RECORDS).read_bytes())["databases"]["dev"]
    assert set(recorded) == names
    for name, record in recorded.items():
        assert record["configuration"]["username"] == f"{name}_user"
    assert all((tmp_path / ENTITY.format("dev", name)).exists() for name in names)
