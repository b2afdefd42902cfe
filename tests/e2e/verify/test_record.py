"""The record, the sample, and what is printed about them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest

from pgtenant.report.schema import schema
from pgtenant.verify import pairs
from support.instance import Instance
from support.project import Project, password_of

from .shops import ENTRIES, attempts, verify


def test_the_record_is_sealed_and_holds_no_secret(shops: Project, tmp_path: Path) -> None:
    path = tmp_path / "isolation.json"
    result = verify(shops, "--out", str(path))
    assert result.code == 0
    record = json.loads(path.read_text())
    assert record == result.json
    jsonschema.Draft202012Validator(schema("verify")).validate(record)
    assert record["server"]["address"] == f"localhost:{shops.instance.port}"
    assert record["sessions"]["encrypted"] == record["sessions"]["total"] > 0
    for user in [entry["username"] for entry in ENTRIES.values()]:
        assert password_of(user) not in path.read_text()
    checked = shops.run("verify", "--check", str(path))
    assert checked.code == 0
    assert record["digest"] in checked.out
    path.write_text(path.read_text().replace('"passed"', '"failed"', 1))
    edited = shops.run("verify", "--check", str(path))
    assert edited.code == 64
    assert "was changed after it was written" in edited.err
    path.write_text("{}")
    assert shops.run("verify", "--check", str(path)).code == 64


def test_a_run_with_findings_is_what_the_schema_says(shops: Project, instance: Instance) -> None:
    instance.su("GRANT CONNECT ON DATABASE orders TO PUBLIC")
    instance.su("GRANT CONNECT ON DATABASE postgres TO PUBLIC")
    instance.su("CREATE ROLE dba SUPERUSER")
    result = verify(shops)
    jsonschema.Draft202012Validator(schema("verify")).validate(result.json)
    whole = shops.run("verify", "instance", "-e", "dev", "--format", "json")
    assert whole.code == 0
    assert {f["kind"] for f in whole.json["findings"]} == {"open_database", "power"}


def test_beyond_the_limit_a_sample_is_attempted(
    shops: Project, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairs, "LIMIT", 12)
    first = verify(shops, "--seed", "7")
    assert first.code == 0
    assert first.json["connections"] == {
        "pairs": 20,
        "attempted": 12,
        "proven_by_catalog": 20,
    }
    assert first.json["impersonations"]["attempted"] == 12
    assert first.json["seed"] == 7
    text = " ".join(shops.run("verify", "-e", "dev", "--seed", "7").out.split())
    assert "12 of 20 pairs attempted" in text
    assert "(seed 7)" in text
    assert _tried(first.json) == _tried(verify(shops, "--seed", "7").json)
    assert _tried(first.json) != _tried(verify(shops, "--seed", "8").json)
    everything = verify(shops, "--seed", "7", "--all-pairs")
    assert everything.json["connections"]["attempted"] == 20
    instance.su("GRANT CONNECT ON DATABASE orders TO billing_user")  # whatever the sample
    for seed in ("7", "8", "9"):
        found = {(a["role"], a["database"]) for a in attempts(verify(shops, "--seed", seed))}
        assert found == {("billing_user", "orders")}


def _tried(record: dict[str, object]) -> set[tuple[str, str]]:
    attempted = record["attempts"]
    assert isinstance(attempted, list)
    return {(a["role"], a["database"]) for a in attempted if a["kind"] == "connect"}


def test_what_only_the_provider_can_close_is_a_warning(shops: Project, instance: Instance) -> None:
    instance.su("GRANT CONNECT ON DATABASE postgres TO PUBLIC")
    instance.su("GRANT CONNECT ON DATABASE template1 TO PUBLIC")
    result = verify(shops)
    assert result.code == 0
    assert {a["verdict"] for a in attempts(result)} == {"warning"}
    assert {(a["database"], a["statement"], a["executor"]) for a in attempts(result)} == {
        (dbname, f'REVOKE ALL ON DATABASE "{dbname}" FROM PUBLIC', "rdsadmin")
        for dbname in ("postgres", "template1")
    }
    text = shops.run("verify", "-e", "dev")
    assert "Isolation of dev: passed" in text.out
    assert 'REVOKE ALL ON DATABASE "postgres" FROM PUBLIC;' in text.out


def test_the_same_where_the_admin_may_close_it(shops: Project, instance: Instance) -> None:
    instance.su("GRANT CONNECT ON DATABASE platform TO PUBLIC")
    result = verify(shops)
    assert result.code == 1
    assert {a["database"] for a in attempts(result, "failed")} == {"platform"}
    shops.converge()
    assert verify(shops).code == 0
