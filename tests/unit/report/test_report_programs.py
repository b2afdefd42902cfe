"""JSON, its schemas, and SQL."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import get_args

import jsonschema  # type: ignore[import-untyped]
import pytest

from pgtenant.audit.record import COLUMNS, Status
from pgtenant.catalog.model import Entry
from pgtenant.errors import UsageError
from pgtenant.planning.bootstrap import Step
from pgtenant.planning.candidates import State
from pgtenant.planning.changes import Change
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.plan import Plan
from pgtenant.planning.sql.render import psql_variables
from pgtenant.planning.sql.text import as_text
from pgtenant.report.jsonout import FIELDS, STATUSES, apply_json, json_text, plan_json
from pgtenant.report.schema import COMMANDS, schema
from pgtenant.report.sqlout import plan_sql
from pgtenant.requests.status import Status as RequestStatus
from pgtenant.settings import Route
from pgtenant.usecases.request.rebuild import Fate

from . import audit_rows, samples

PLANS = {
    "fresh": samples.fresh_plan(),
    "busy": samples.busy_plan(),
    "authoritative": samples.busy_plan(authoritative=True),
    "unchanged": samples.unchanged_plan(),
    "hostile": samples.hostile_plan(),
}


def check(document: Mapping[str, object], against: Mapping[str, object]) -> None:
    jsonschema.Draft202012Validator(against).validate(document)


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_plan_is_what_its_schema_says(plan: Plan) -> None:
    document = plan_json(plan)
    check(document, schema("plan"))
    assert json.loads(json_text(document)) == document
    assert document["summary"] == dict(plan.summary())
    assert len(document["changes"]) == len(plan.changes)
    assert all(change["sql"].endswith(";\n") for change in document["changes"])


def test_a_run_is_what_its_schema_says() -> None:
    error = {"code": "PGT-0704", "message": "lost", "hint": ""}
    extra = {"error": error, "errors": [error]}
    document = apply_json("local-1", "dev", audit_rows.MIXED, extra)
    check(document, schema("apply"))
    assert document["summary"] == {
        "success": 8,
        "no_change": 1,
        "warning": 1,
        "blocked": 1,
        "error": 1,
        "dry_run": 0,
    } | {"success": sum(r["status"] == "success" for r in audit_rows.MIXED)}
    assert document["error"] == error
    check(apply_json("local-1", "dev", ()), schema("apply"))


def test_extra_members_hide_nothing() -> None:
    with pytest.raises(ValueError, match="records"):
        apply_json("local-1", "dev", (), {"records": ()})


@pytest.mark.parametrize("of", COMMANDS)
def test_the_schemas_are_schemas(of: str) -> None:
    document = schema(of)
    jsonschema.Draft202012Validator.check_schema(document)
    assert ".schema.json" not in json.dumps(document)
    assert document["title"] == f"pgtenant {of.replace('-', ' ')} --format json"


def test_the_schemas_know_every_kind() -> None:
    kinds = schema("plan")["$defs"]
    change = kinds["change"]["properties"]["kind"]["enum"]
    assert set(change) == {kind.kind for kind in get_args(Change)}
    assert set(kinds["drift"]["properties"]["kind"]["enum"]) == set(DriftKind)
    record = schema("apply")["$defs"]["record"]
    steps = schema("bootstrap")["properties"]["steps"]["items"]["properties"]["kind"]["enum"]
    assert set(steps) == {step.kind for step in get_args(Step)}
    states = schema("adopt")["$defs"]["candidate"]["properties"]["state"]["enum"]
    assert set(states) == set(State)
    assert tuple(record["required"]) == FIELDS == COLUMNS
    assert tuple(record["properties"]["status"]["enum"]) == STATUSES == tuple(Status)


def test_the_schema_of_requests_knows_every_field_and_status() -> None:
    document = schema("request")
    kinds = document["$defs"]
    asked = {field.name for field in fields(Entry)} - {"key", "line", "made_by", "tenancy"}
    assert set(kinds["entry"]["required"]) == set(kinds["entry"]["properties"]) == asked
    assert kinds["status"]["enum"] == [*RequestStatus]
    fates = kinds["rebuilt"]["properties"]["fate"]["enum"]
    assert fates == [fate.name.lower() for fate in Fate]
    assert set(kinds["route"]["properties"]) == {field.name for field in fields(Route)}
    shapes = [one["required"] for one in document["oneOf"]]
    assert {name for names in shapes for name in names} == set(document["properties"])
    assert all(one["propertyNames"]["enum"] == one["required"] for one in document["oneOf"])


def test_a_lone_surrogate_breaks_no_encoding() -> None:
    note = Drift(DriftKind.SETTING, "e", "d\udc80", "", "has \udcff")
    document = plan_json(replace(samples.unchanged_plan(), drift=(note,)))
    assert document["drift"][0]["database"] == "d\\udc80"
    json.dumps(document, ensure_ascii=False).encode()
    assert json_text(document).isascii()


def test_json_keeps_names_as_they_are() -> None:
    document = plan_json(samples.hostile_plan())
    assert any(samples.HOSTILE in change["database"] for change in document["changes"])
    assert all(ord(char) >= 32 or char == "\n" for char in json_text(document))


def test_the_script_names_the_variables_it_needs() -> None:
    text = plan_sql(samples.busy_plan())
    head, _, body = text.partition("\n\n")
    assert all(item.startswith("--") for item in head.splitlines())
    assert "--   keycloak_user_verifier" in head
    assert body.startswith("\\set ON_ERROR_STOP on")
    assert ":'keycloak_user_verifier'" in body


def test_a_script_that_no_encoding_can_hold_is_refused_in_words() -> None:
    plan = samples.plan_of((replace(samples.simple("orders"), name="x\udc80"),))
    with pytest.raises(UsageError, match="not valid Unicode"):
        plan_sql(plan)


def test_no_two_roles_share_a_psql_variable() -> None:
    roles = ["a_b", "a-b", "a.b", "aX2dXb", "A_b", "a_2d_b"]
    names = [str(as_text(psql_variables(role, ""))) for role in roles]
    assert len(set(names)) == len(roles)
    assert names[:2] == [":'a_b_verifier'", ":'aX2dXb_verifier'"]
    assert all(re.fullmatch(r":'[A-Za-z0-9_]+'", name) for name in names)
