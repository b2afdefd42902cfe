"""The proof of authority does not fill the lock table."""

from __future__ import annotations

import re

import pytest

from pgtenant.postgres import authority
from support.instance import Instance
from support.project import Project
from support.siege import as_tenant


def test_authority_is_proven_in_batches(
    project: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authority, "BATCH", 2)
    names = [f"app{number}" for number in range(5)]
    project.write({n: {"database_name": n, "username": f"{n}_user"} for n in names})
    project.converge()
    for name in names:
        as_tenant(instance, f"{name}_user", name, f"GRANT TEMPORARY ON DATABASE {name} TO PUBLIC")
    mark = instance.log_mark()
    project.converge()
    sent = "(?:statement|execute <unnamed>)"
    begun = re.split(f"{sent}: BEGIN", instance.log_since(mark))
    proofs = [part for part in begun if re.search(f"{sent}: ROLLBACK$", part, re.MULTILINE)]
    loans = [part.count("SET LOCAL ROLE") for part in proofs]
    assert [n for n in loans if n] == [2, 2, 1]
