"""The main job: plan, apply, plan again."""

from __future__ import annotations

import psycopg
import pytest

from support.instance import Instance
from support.project import Project, password_of

ENTRIES = {
    "keycloak": {"database_name": "keycloak", "username": "keycloak_user"},
    "backstage": {"database_name": "backstage", "username": "backstage_user"},
    "analytics": {"database_name": "analytics", "username": "analytics_user"},
    "analytics_readonly": {
        "database_name": "analytics",
        "username": "analytics_reader",
        "access_level": "reader",
    },
}


@pytest.mark.every_major
def test_second_apply_changes_nothing(project: Project) -> None:
    project.write(ENTRIES)
    first = project.converge()
    assert first.json["summary"]["success"] > 0
    second = project.converge()
    assert {record["status"] for record in second.json["records"]} == {"no_change"}
    assert project.plan("--detailed-exitcode").code == 0


def test_another_tenant_is_refused(project: Project, instance: Instance) -> None:
    project.write(ENTRIES)
    project.converge()
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        instance.connect("backstage_user", password_of("backstage_user"), "keycloak")
