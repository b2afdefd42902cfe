"""The documents' own example: tfvars, secrets in AWS, verify-full, on every PostgreSQL."""

from __future__ import annotations

import pytest

from support.instance import Instance
from support.oracle import assert_refused, changing, database_powers, versions
from support.project import Project

TFVARS = """\
# Platform RDS (dev)
aws_region     = "eu-west-2"
instance_class = "db.t4g.micro"

application_databases = {
  keycloak = {
    database_name = "keycloak"
    username      = "keycloak_user"
  }
  "backstage" = { username = "backstage_user", database_name = "backstage", },
  analytics = {
    database_name    = "analytics"
    username         = "analytics_user"
    createdb         = false
    connection_limit = 20
  }
  analytics_readonly = {
    database_name = "analytics"
    username      = "analytics_reader"
    access_level  = "reader"
    createdb      = false
  }
  # retired = { database_name = "retired", username = "retired_user" }
}

tags = { owner = "platform" }
"""
ENTRIES = {
    "keycloak": {"database_name": "keycloak", "username": "keycloak_user"},
    "backstage": {"database_name": "backstage", "username": "backstage_user"},
    "analytics": {"database_name": "analytics", "username": "analytics_user"},
    "analytics_readonly": {"database_name": "analytics", "username": "analytics_reader"},
}
DATABASES = ("analytics", "backstage", "keycloak")
OWNERS = {"analytics_user": "analytics", "backstage_user": "backstage", "keycloak_user": "keycloak"}


@pytest.mark.every_major
def test_documented_example(aws_project: Project, instance: Instance) -> None:
    project = aws_project
    project.write(ENTRIES)
    project.write_catalog(TFVARS)
    first = project.converge()
    assert first.json["summary"]["success"] > 0

    _roles_are_as_declared(instance)
    _databases_are_closed(instance)
    for user, own in OWNERS.items():
        with project.tenant(user, own) as session:
            tls = session.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
            assert tls.fetchone() == (True,)
        for other in set(DATABASES) - {own}:
            assert_refused(project, user, other)

    before = versions(instance, DATABASES)
    mark = instance.log_mark()
    second = project.converge()
    log = instance.log_since(mark)
    assert {record["status"] for record in second.json["records"]} == {"no_change"}
    assert len(second.json["records"]) == len(ENTRIES)
    assert "SELECT" in log
    assert changing(log) == []
    assert versions(instance, DATABASES) == before
    assert project.plan("--detailed-exitcode").json["changes"] == []


def _roles_are_as_declared(instance: Instance) -> None:
    rows = instance.su(
        "SELECT rolname, rolcanlogin, rolcreatedb, rolconnlimit, rolsuper OR rolcreaterole"
        " OR rolreplication OR rolbypassrls, rolpassword LIKE 'SCRAM-SHA-256$%'"
        " FROM pg_authid WHERE rolname ~ '_(user|reader)$' ORDER BY 1"
    )
    assert rows == [
        ("analytics_reader", True, False, -1, False, True),
        ("analytics_user", True, False, 20, False, True),
        ("backstage_user", True, True, -1, False, True),
        ("keycloak_user", True, True, -1, False, True),
    ]
    can_act = instance.su(
        "SELECT rolname FROM pg_roles WHERE rolname ~ '_(user|reader)$'"
        " AND (pg_has_role('platform_admin', oid, 'USAGE') OR pg_has_role('platform_admin', oid,"
        " CASE WHEN current_setting('server_version_num')::int >= 160000"
        " THEN 'SET' ELSE 'MEMBER' END))"
    )
    assert can_act == []  # no standing power


def _databases_are_closed(instance: Instance) -> None:
    rows = instance.su(
        "SELECT datname, pg_get_userbyid(datdba), datallowconn, datistemplate, datconnlimit"
        " FROM pg_database WHERE datname = ANY (%s) ORDER BY 1",
        [list(DATABASES)],
    )
    assert rows == [
        ("analytics", "analytics_user", True, False, -1),
        ("backstage", "backstage_user", True, False, -1),
        ("keycloak", "keycloak_user", True, False, -1),
    ]
    roles = [*OWNERS, "analytics_reader", "platform_admin", "public"]
    held = {
        (role, database): powers
        for role in roles
        for database in DATABASES
        if (powers := database_powers(instance, role, database))
    }
    everything = {"CONNECT", "CREATE", "TEMPORARY"}
    assert held == {
        **dict.fromkeys(OWNERS.items(), everything),
        **{("platform_admin", database): {"CONNECT"} for database in DATABASES},
        ("analytics_reader", "analytics"): {"CONNECT"},
    }
    for database in DATABASES:
        assert instance.su(
            "SELECT has_schema_privilege('public', 'public', 'CREATE')", dbname=database
        ) == [(False,)]
