"""What each criterion makes of what was found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pgtenant.rds import Place, place_of
from pgtenant.verify.acceptance import Asked, Status, accepted, judged
from pgtenant.verify.acceptance.expected import GIB, Expected, memory_of
from pgtenant.verify.acceptance.found import (
    Entry,
    Outside,
    RdsInstance,
    Role,
    Server,
    Unknown,
    Uri,
)

PRODUCTION = Expected(instance_class="db.r5.large", production=True)
PARAMETERS = {
    "max_connections": "200",
    "shared_buffers": "{DBInstanceClassMemory/32768}",
    "work_mem": "65536",
    "maintenance_work_mem": "524288",
    "shared_preload_libraries": "auto_explain, pg_stat_statements",
    "pg_stat_statements.track": "all",
}
RDS = RdsInstance(
    identifier="qualisys-db",
    endpoint="qualisys-db.x.us-east-1.rds.amazonaws.com",
    engine="postgres",
    engine_version="15.4",
    instance_class="db.r5.large",
    multi_az=True,
    backup_days=14,
    backup_window="03:00-04:00",
    encrypted=True,
    kms_key="arn:aws:kms:…",
    parameter_group="qualisys-postgres15",
    parameter_status="in-sync",
    deletion_protection=True,
    performance_insights=7,
    monitoring_interval=60,
    public=False,
    parameters=PARAMETERS,
)
SERVER = Server(
    address="db:5432",
    version=150004,
    admin="platform_admin",
    encrypted=True,
    settings={
        "max_connections": 200,
        "shared_buffers": 480 * 1024,
        "work_mem": 65536,
        "maintenance_work_mem": 524288,
    },
)
ENTRY = Entry(
    database="qualisys_master",
    role="app_user",
    createdb=False,
    owner="app_user",
    found=Role(powers=(), through=(), creates=True),
    secret="goldenpath/prod/qualisys/postgres",
    uri=Uri((), "require"),
    login=None,
    capability=None,
)
WHOLE = Asked(PRODUCTION, RDS, SERVER, (ENTRY,))


def _statuses(asked: Asked) -> dict[str, Status]:
    return {check.criterion or check.subject: check.status for check in judged(asked)}


def _others(asked: Asked) -> set[str]:
    return {name for name, status in _statuses(asked).items() if status is not Status.PASSED}


def test_all_is_well() -> None:
    assert _others(WHOLE) == set()
    assert accepted(judged(WHOLE))


@pytest.mark.parametrize(
    ("field", "value", "criterion"),
    [
        ("engine", "mysql", "AC1"),
        ("engine_version", "15.5", "AC1"),
        ("engine_version", "16", "AC1"),
        ("instance_class", "db.t3.medium", "AC2"),
        ("multi_az", False, "AC3"),
        ("backup_days", 6, "AC4"),
        ("backup_window", "13:00-14:00", "AC4"),
        ("encrypted", False, "AC5"),
        ("kms_key", None, "AC5"),
        ("parameter_group", "default.postgres15", "AC6"),
        ("parameter_status", "pending-reboot", "AC6"),
        ("parameters", PARAMETERS | {"max_connections": "LEAST({…},5000)"}, "AC6"),
        ("parameters", PARAMETERS | {"work_mem": "4096"}, "AC6"),
        ("parameters", PARAMETERS | {"shared_buffers": ""}, "AC6"),
        ("deletion_protection", False, "deletion protection"),
        ("performance_insights", 0, "Performance Insights"),
        ("monitoring_interval", 0, "Enhanced Monitoring"),
        ("monitoring_interval", 61, "Enhanced Monitoring"),
        ("public", True, "public access"),
        ("parameters", PARAMETERS | {"shared_preload_libraries": ""}, "pg_stat_statements"),
        ("parameters", PARAMETERS | {"pg_stat_statements.track": "top"}, "pg_stat_statements"),
    ],
)
def test_what_aws_says_can_be_wrong(field: str, value: object, criterion: str) -> None:
    change: dict[str, Any] = {field: value}
    wrong = replace(WHOLE, rds=replace(RDS, **change))
    statuses = _statuses(wrong)
    assert statuses[criterion] is Status.FAILED
    # A smaller instance has less memory, of which the same buffers are more.
    assert _others(wrong) <= {criterion, *(["AC6"] if field == "instance_class" else [])}


@pytest.mark.parametrize("engine_version", ["15.4", "15", "15.4-R2", "15.4.2"])
def test_versions_that_agree(engine_version: str) -> None:
    asked = replace(WHOLE, rds=replace(RDS, engine_version=engine_version))
    assert _statuses(asked)["AC1"] is Status.PASSED


def test_the_instance_that_was_described_is_the_server() -> None:
    named = replace(SERVER, instance="qualisys-db")
    assert _others(replace(WHOLE, server=named)) == set()
    other = replace(SERVER, instance="another-db")
    assert _statuses(replace(WHOLE, server=other))["AC1"] is Status.FAILED


def test_too_old() -> None:
    old = replace(
        WHOLE, rds=replace(RDS, engine_version="14.9"), server=replace(SERVER, version=140009)
    )
    assert _statuses(old)["AC1"] is Status.FAILED
    assert _statuses(replace(old, rds=Unknown("no")))["AC1"] is Status.FAILED


@pytest.mark.parametrize(
    "settings",
    [
        {"max_connections": 100},
        {"shared_buffers": 16384},
        {"shared_buffers": 1 << 20},
        {"work_mem": 4096},
        {"maintenance_work_mem": 65536},
    ],
)
def test_what_runs_can_be_wrong(settings: dict[str, int]) -> None:
    server = replace(SERVER, settings={**SERVER.settings, **settings})
    assert _others(replace(WHOLE, server=server)) == {"AC6"}


def test_what_waits_for_a_restart_is_wrong() -> None:
    waiting = replace(SERVER, waiting=("shared_buffers",))
    assert _others(replace(WHOLE, server=waiting)) == {"AC6"}


def test_what_nobody_said_is_unproven() -> None:
    silent = replace(
        RDS,
        engine_version=None,
        multi_az=None,
        backup_days=None,
        encrypted=None,
        performance_insights=None,
        monitoring_interval=None,
        public=None,
        deletion_protection=None,
        instance_class=None,
        parameter_status=None,
        parameters=Unknown("AccessDenied"),
    )
    for rds in (silent, Unknown("no credentials")):
        statuses = _statuses(replace(WHOLE, rds=rds))
        assert {name for name, s in statuses.items() if s is Status.PASSED} == {
            "AC7",
            "AC8",
            "AC9",
            "AC10",
            "from inside",
        }
        assert set(statuses.values()) == {Status.PASSED, Status.UNPROVEN}


def test_a_wrong_setting_fails_also_where_aws_was_not_asked() -> None:
    server = replace(SERVER, settings={**SERVER.settings, "work_mem": 4096})
    statuses = _statuses(replace(WHOLE, rds=Unknown("no credentials"), server=server))
    assert statuses["AC6"] is Status.FAILED


@pytest.mark.parametrize(("buffers", "status"), [(16384, Status.FAILED), (32768, Status.PASSED)])
def test_nobody_knows_the_memory_of_a_server_of_ones_own(buffers: int, status: Status) -> None:
    server = replace(SERVER, settings={**SERVER.settings, "shared_buffers": buffers})
    alone = replace(WHOLE, rds=Unknown("AWS was not asked", left_out=True), server=server)
    assert _statuses(alone) == {
        "AC1": Status.PASSED,
        "AC6": status,
        "AC7": Status.PASSED,
        "AC8": Status.PASSED,
        "AC9": Status.PASSED,
        "AC10": Status.PASSED,
        "from inside": Status.PASSED,
    }


def test_outside_production_less_is_asked() -> None:
    less = replace(RDS, multi_az=False, deletion_protection=False)
    asked = replace(WHOLE, rds=less, expected=replace(PRODUCTION, production=False))
    assert _others(asked) == set()


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("owner", None, {"AC7": Status.FAILED}),
        ("owner", "somebody", {"AC7": Status.FAILED}),
        ("found", None, {"AC8": Status.FAILED}),
        ("found", Role(("BYPASSRLS",), (), creates=True), {"AC8": Status.FAILED}),
        ("found", Role((), ("backup",), creates=True), {"AC8": Status.FAILED}),
        ("found", Role((), (), creates=False), {"AC8": Status.FAILED}),
        ("found", Role((), (), creates=None), {"AC8": Status.FAILED}),
        ("createdb", True, {"AC8": Status.FAILED}),
        ("uri", None, {"AC9": Status.FAILED}),
        ("uri", Uri(("host",), ""), {"AC9": Status.FAILED}),
        ("uri", Unknown("no such secret"), {"AC9": Status.UNPROVEN}),
        ("login", "refused", {"AC9": Status.FAILED}),
        ("login", Unknown("full"), {"AC9": Status.UNPROVEN}),
        ("capability", "a tenant sees rows of another one", {"AC10": Status.FAILED}),
        ("capability", Unknown("lost"), {"AC10": Status.UNPROVEN}),
    ],
)
def test_what_is_found_of_an_entry(field: str, value: object, expected: dict[str, Status]) -> None:
    change: dict[str, Any] = {field: value}
    statuses = _statuses(replace(WHOLE, entries=(replace(ENTRY, **change),)))
    assert {n: s for n, s in statuses.items() if s is not Status.PASSED} == expected


def test_several_entries_are_told_criterion_by_criterion() -> None:
    checks = judged(replace(WHOLE, entries=(ENTRY, replace(ENTRY, database="other"))))
    told = [
        check.criterion for check in checks if check.criterion > "AC6" or check.criterion == "AC10"
    ]
    assert told == ["AC7", "AC7", "AC8", "AC8", "AC9", "AC9", "AC10", "AC10"]


def test_addresses_outside() -> None:
    outside = (
        Outside("a:1", answers=True, said="took it"),
        Outside("b:1", answers=False, said="refused"),
        Outside("c:1", answers=False, said="no such host", unknown=True),
    )
    checks = judged(replace(WHOLE, outside=outside))[-3:]
    assert [check.status for check in checks] == [Status.FAILED, Status.PASSED, Status.UNPROVEN]


@pytest.mark.parametrize(
    ("name", "gib"),
    [
        ("db.t3.micro", 1),
        ("db.t3.medium", 4),
        ("db.t4g.2xlarge", 32),
        ("db.m6gd.large", 8),
        ("db.m5.xlarge", 16),
        ("db.r5.large", 16),
        ("db.r6i.24xlarge", 768),
        ("db.r5.medium", None),
        ("db.x2g.large", None),
        ("db.serverless", None),
        ("", None),
    ],
)
def test_the_memory_of_a_class(name: str, gib: int | None) -> None:
    assert memory_of(name) == (None if gib is None else gib * GIB)


@pytest.mark.parametrize(
    ("host", "place"),
    [
        (
            "qualisys-db.c9akciq32.us-east-1.rds.amazonaws.com",
            Place("qualisys-db", "us-east-1"),
        ),
        ("A.x.us-gov-west-1.rds.amazonaws.com.", Place("a", "us-gov-west-1")),
        ("a.x.cn-north-1.rds.amazonaws.com.cn", Place("a", "cn-north-1")),
        ("a.x.us-east-1.rds.amazonaws.com.evil.example", None),
        ("rds.amazonaws.com", None),
        ("localhost", None),
        ("10.0.0.1", None),
        ("/run/postgresql", None),
    ],
)
def test_which_instance_a_host_is(host: str, place: Place | None) -> None:
    assert place_of(host) == place
