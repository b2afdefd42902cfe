"""What a schema's comment says is read as far as it is ours, and never believed."""

from __future__ import annotations

import pytest

from pgtenant.planning.tenants.found import Column, Found, Relation, RelationKind, Same, Schema
from pgtenant.planning.tenants.judgement import judged
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.planning.tenants.record import TenantRecord, read_record, with_record
from pgtenant.planning.tenants.view import listed

RECORD = TenantRecord("dev", "qualisys", "acme-corp", {"001.sql": "0a1b"})
ISOLATION = Isolation("tenant_", "app.current_tenant", "tenant_id")


def test_it_is_read_as_it_was_written() -> None:
    assert read_record(RECORD.text()) == RECORD
    assert "\n" not in RECORD.text()


def test_what_a_human_wrote_is_kept() -> None:
    first = with_record("Our best customer.", RECORD)
    assert read_record(first) == RECORD
    newer = TenantRecord("dev", "qualisys", "acme-corp")
    assert with_record(first, newer) == f"Our best customer.\n{newer.text()}"
    assert with_record(None, newer) == newer.text()


@pytest.mark.parametrize(
    "comment",
    [
        None,
        "",
        "a human's",
        "{",
        "[" * 100_000,
        "[]",
        '{"managed_by":"other","environment":"dev","entry":"q","tenant":"a"}',
        '{"managed_by":"pgtenant","environment":"dev","entry":"q"}',
        '{"managed_by":"pgtenant","environment":"dev","entry":"q","tenant":7}',
        '{"managed_by":"pgtenant","environment":"dev","entry":"q","tenant":"\\u001b[2J"}',
    ],
)
def test_what_is_not_ours(comment: str | None) -> None:
    assert read_record(comment) is None


def test_a_template_that_is_none() -> None:
    text = RECORD.text().replace('{"001.sql":"0a1b"}', '{"001.sql":[],"b":"\\u0000"}')
    found = read_record(text)
    assert found is not None
    assert found.template == {}


def test_tenants_are_listed_with_what_is_theirs() -> None:
    table = Relation(
        kind=RelationKind.TABLE,
        owner="app_user",
        row_security=False,
        forced=True,
        column=Column("uuid"),
        indexed=True,
    )
    found = Found(
        schemas=(
            Schema("tenant_a_b", "app_user", TenantRecord("dev", "q", "a-b").text()),
            Schema("tenant_c_d", "intern", TenantRecord("dev", "q", "a-b").text()),
        ),
        relations=(Same(table, (("tenant_a_b", "t"), ("tenant_a_b", "u"))),),
    )
    findings = judged(found, ISOLATION, owner="app_user", database="d")
    seen = [(t.slug, t.schema, t.tables, t.findings) for t in listed(found, findings, ISOLATION)]
    assert seen == [("a-b", "tenant_a_b", 2, 2), ("c_d", "tenant_c_d", 0, 1)]
