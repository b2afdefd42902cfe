"""`verify instance` and the ten criteria, on a real server and a fake AWS."""

from __future__ import annotations

import socket

import pytest

from support import oracle
from support.instance import Instance
from support.leaks import forms
from support.project import Project, password_of
from support.qualisys import DATABASE, ENTRY, USER

from .conftest import GROUP, NAME, World

TEN = [f"AC{number}" for number in range(1, 11)]
BESIDES = [
    "deletion protection",
    "Performance Insights",
    "Enhanced Monitoring",
    "public access",
    "pg_stat_statements",
    "from inside",
]


def _status(world: World, *arguments: str, rds: str | None = NAME) -> dict[str, str]:
    return {name: one["status"] for name, one in world.checks(*arguments, rds=rds).items()}


@pytest.mark.every_major
def test_an_instance_as_it_should_be(right: World) -> None:
    right.describe()
    before = oracle.versions(right.instance, ["platform", DATABASE])
    told = right.verify()
    assert told.code == 0, told.output
    assert [c["criterion"] or c["subject"] for c in told.json["acceptance"]] == [*TEN, *BESIDES]
    assert {c["status"] for c in told.json["acceptance"]} == {"passed"}
    assert all(c["expected"] and c["found"] and c["evidence"] for c in told.json["acceptance"])
    assert told.json["verdict"] == "passed"
    assert oracle.versions(right.instance, ["platform", DATABASE]) == before


def test_for_people_and_for_a_comment(right: World) -> None:
    right.describe()
    text = right.verify("--format", "text")
    assert text.code == 0, text.output
    lines = text.out.splitlines()
    assert sum(line.startswith("AC") for line in lines) == 10
    assert any(line.startswith("AC3 ") and "either, outside production" in line for line in lines)
    assert "accepted: 16 checks, 16 passed, 0 failed, 0 unproven" in text.out
    comment = right.verify("--format", "markdown")
    assert comment.out.count("| AC") == 10
    assert "**accepted: 16 checks, 16 passed, 0 failed, 0 unproven**" in comment.out
    record = right.project.root / "instance.json"
    assert right.verify("--out", str(record)).code == 0
    assert '"AC10"' in record.read_text()


def test_an_instance_as_it_should_not_be(world: World) -> None:
    world.project.env = "prod"
    world.project.environ["ALLOW_DB_PROVISION"] = "true"
    world.project.write({"qualisys": ENTRY})
    world.describe(
        insights=0,
        EngineVersion="14.1",
        MultiAZ=False,
        BackupRetentionPeriod=1,
        PreferredBackupWindow="02:00-03:00",
        StorageEncrypted=False,
        PubliclyAccessible=True,
        DeletionProtection=False,
        DBParameterGroupName="default.postgres14",
        MonitoringInterval=0,
        MonitoringRoleArn="",
    )
    told = world.verify()
    assert told.code == 1
    by_name = {c["criterion"] or c["subject"]: c for c in told.json["acceptance"]}
    wrong = {name for name, check in by_name.items() if check["status"] == "failed"}
    assert wrong >= {"AC1", "AC2", "AC3", "AC4", "AC5", "AC6", *BESIDES[:-1]}
    assert by_name["AC2"]["expected"] == "db.r5.large"
    assert by_name["AC3"] | {"evidence": ""} == {
        "criterion": "AC3",
        "subject": "Multi-AZ",
        "status": "failed",
        "expected": "on",
        "found": "off",
        "evidence": "",
    }


def test_what_is_attached_and_what_runs_are_both_asked(world: World) -> None:
    world.describe()
    check = world.checks()["AC6"]
    assert check["status"] == "failed"
    wrong = check["evidence"].split("; ")[0]
    assert wrong == (
        "not as expected: max_connections, shared_buffers, work_mem, maintenance_work_mem"
    )
    assert "max_connections 100" in check["found"]


def test_without_aws_its_criteria_are_not_passed(right: World) -> None:
    unnamed = right.verify(rds=None)
    assert unnamed.code == 1
    by_name = {c["criterion"] or c["subject"]: c for c in unnamed.json["acceptance"]}
    unproven = {name for name, check in by_name.items() if check["status"] == "unproven"}
    assert unproven == {"AC1", "AC2", "AC3", "AC4", "AC5", "AC6", *BESIDES[:-1]}
    assert "name it with --rds" in by_name["AC2"]["evidence"]
    missing = right.checks()["AC4"]
    assert (missing["status"], missing["found"]) == ("unproven", "")
    assert "DBInstanceNotFound" in missing["evidence"]
    alone = right.verify("--only-server", rds=None)
    assert alone.code == 0, alone.output
    assert [c["criterion"] for c in alone.json["acceptance"]] == [
        "AC1",
        "AC6",
        "AC7",
        "AC8",
        "AC9",
        "AC10",
        "",
    ]


def test_the_settings_name_the_instance(right: World) -> None:
    right.describe()
    right.project.settings["acceptance"] = {"instance": "qualisys-db", "production": "dev"}
    right.project.write_settings()
    statuses = _status(right, rds=None)
    assert [name for name, status in statuses.items() if status != "passed"] == ["AC3"]


def test_a_role_with_a_power(world: World) -> None:
    for power, held in (
        ("SUPERUSER", False),
        ("BYPASSRLS", False),
        ("CREATEROLE", True),
        ("REPLICATION", True),
    ):
        world.instance.su(f"ALTER ROLE {USER} {power}")
        checks = world.checks("--only-server", rds=None)
        assert (checks["AC8"]["status"], checks["AC10"]["status"]) == (
            "failed",
            "passed" if held else "failed",
        )
        assert checks["AC8"]["found"] == f"{power}; creates schemas"
        assert held or checks["AC10"]["found"] == "a tenant sees rows of another one"
        world.instance.su(f"ALTER ROLE {USER} NO{power}")


def test_powers_that_are_not_its_own(world: World, instance: Instance) -> None:
    instance.su("CREATE ROLE backup BYPASSRLS")
    instance.su(f"GRANT backup TO {USER}")
    instance.su(f"ALTER ROLE {USER} CREATEDB")
    check = world.checks("--only-server", rds=None)["AC8"]
    assert check["status"] == "failed"
    assert check["found"] == "CREATEDB, member of backup; creates schemas"


def test_nothing_is_there(aws_project: Project) -> None:
    aws_project.write({"qualisys": ENTRY})
    told = aws_project.run("verify", "instance", "-e", "dev", "--only-server", "--format", "json")
    found = {c["criterion"]: (c["status"], c["found"]) for c in told.json["acceptance"]}
    assert found["AC7"] == ("failed", "missing")
    assert found["AC8"] == ("failed", "missing")
    assert found["AC9"] == ("failed", "no connection_uri")
    assert found["AC10"] == ("unproven", "")
    assert told.code == 1


def test_a_uri_that_says_something_else(world: World) -> None:
    said: tuple[tuple[dict[str, object], str], ...] = (
        ({"password": "another"}, "password"),
        ({"host": "127.0.0.1"}, "host"),
        ({"port": 1}, "port"),
        ({"dbname": "platform", "user": "somebody"}, "dbname, user"),
    )
    written = forms(password_of(USER)).values()
    for says, differs in said:
        world.write_uri(**says)
        told = world.verify("--only-server", rds=None)
        (check,) = [c for c in told.json["acceptance"] if c["criterion"] == "AC9"]
        assert check["status"] == "failed"
        assert check["found"] == f"connection_uri has another {differs}"
        assert [form for form in written if form in told.output.encode()] == []


def test_a_password_that_is_not_the_roles(world: World) -> None:
    world.instance.su(f"ALTER ROLE {USER} PASSWORD 'changed by hand'")
    checks = world.checks("--only-server", rds=None)
    assert checks["AC9"]["status"] == "failed"
    assert checks["AC10"]["status"] == "unproven"
    assert "could not log in" in checks["AC10"]["evidence"]


def test_row_security_that_can_not_be_tried(world: World) -> None:
    world.instance.su(
        "CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql"
        " AS $$ BEGIN RAISE EXCEPTION 'no tables today'; END $$",
        dbname=DATABASE,
    )
    world.instance.su(
        "CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION public.refuse()",
        dbname=DATABASE,
    )
    check = world.checks("--only-server", rds=None)["AC10"]
    assert (check["status"], check["found"]) == ("failed", "no tables today")


def test_addresses_that_must_not_answer(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        addresses = [
            f"127.0.0.1:{listening.getsockname()[1]}",
            f"127.0.0.1:{closed.getsockname()[1]}",
            "no-such-host.invalid:5432",
        ]
        arguments = [part for address in addresses for part in ("--public", address)]
        checks = world.checks("--only-server", *arguments, rds=None)
    statuses = [checks[f"from outside, {address}"]["status"] for address in addresses]
    assert statuses == ["failed", "passed", "unproven"]


def test_an_address_that_is_none(aws_project: Project) -> None:
    aws_project.write({"qualisys": ENTRY})
    for address in ("db", "db:", ":5432", "db:0", "db:65536", "::1:5432", "a b:1"):
        refused = aws_project.run("verify", "instance", "-e", "dev", "--public", address)
        assert refused.code == 64, address
        assert "is no HOST:PORT" in refused.err


def test_flags_for_the_instance_alone(aws_project: Project) -> None:
    aws_project.write({"qualisys": ENTRY})
    for flags in (
        ("--only-server",),
        ("--rds", "x"),
        ("--public", "x:1"),
        ("--format", "markdown"),
    ):
        refused = aws_project.run("verify", "-e", "dev", *flags)
        assert refused.code == 64, flags
        assert "are for the instance" in refused.err
    both = aws_project.run("verify", "instance", "-e", "dev", "--rds", "x", "--only-server")
    assert both.code == 64


def test_an_instance_without_tenants_is_asked_as_before(aws_project: Project) -> None:
    aws_project.write({"orders": {"database_name": "orders", "username": "orders_user"}})
    told = aws_project.run("verify", "instance", "-e", "dev", "--format", "json")
    assert "acceptance" not in told.json
    asked = aws_project.run("verify", "instance", "-e", "dev", "--only-server", "--format", "json")
    (ten,) = [c for c in asked.json["acceptance"] if c["criterion"] == "AC10"]
    assert ten["status"] == "unproven"
    assert ten["evidence"] == "no entry of the catalog has `tenancy`"


def test_a_group_that_says_something_else(right: World) -> None:
    right.describe()
    with right.rds() as rds:
        rds.modify_db_parameter_group(
            DBParameterGroupName="qualisys-postgres",
            Parameters=[
                {"ParameterName": name, "ParameterValue": "1", "ApplyMethod": "immediate"}
                for name in GROUP
            ],
        )
    check = right.checks()["AC6"]
    assert check["status"] == "failed"
    assert "work_mem of the group" in check["evidence"]
