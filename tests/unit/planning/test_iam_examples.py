"""`auth = "iam"`: the plan's answers on servers with and without `rds_iam`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pgtenant.catalog.model import Auth
from pgtenant.planning.desired import Desired
from pgtenant.planning.marker import Marker
from pgtenant.planning.observed import Observed
from pgtenant.planning.plan import Plan, make_plan
from pgtenant.planning.simulate import simulate
from unit.planning.examples import SCHEMA, crm, empty_server, kinds, provisioned, with_role


def with_iam(desired: Desired) -> Desired:
    (database,) = desired.databases
    owner = replace(database.owner, auth=Auth.IAM)
    return replace(desired, databases=(replace(database, owner=owner),))


def server(major: int = 15, **admin: Any) -> Observed:
    there = empty_server(major, **admin)
    return replace(there, server=replace(there.server, iam=True))


def made(desired: Desired, major: int = 15) -> Observed:
    there = provisioned(desired, major)
    return replace(there, server=replace(there.server, iam=True))


def reasons(plan: Plan) -> str:
    return " | ".join(blocked.reason for blocked in plan.blocked)


def test_a_new_role_joins_rds_iam_and_has_no_password() -> None:
    desired = with_iam(crm())
    plan = make_plan(server(), desired)
    assert plan.blocked == ()
    after = simulate(server(), plan)
    assert after.roles["crm_user"].rds_iam
    assert make_plan(after, desired).changes == ()


def test_there_and_back_again() -> None:
    there = made(crm())
    plan = make_plan(there, with_iam(crm()))
    assert kinds(plan) == ["use_iam", "mark_role"]
    there = simulate(there, plan)
    assert make_plan(there, with_iam(crm())).changes == ()
    back = make_plan(there, crm())
    assert kinds(back) == ["use_password", "mark_role"]
    assert make_plan(simulate(there, back), crm()).changes == ()


def test_somebodys_own_grant_is_drift_and_not_revoked() -> None:
    there = with_role(
        made(crm()), "crm_user", member_of=("rds_iam",), revocable=("rds_iam",), rds_iam=True
    )
    plan = make_plan(there, crm())
    assert plan.changes == ()
    assert "is a member of rds_iam" in [drift.message for drift in plan.drift]


def test_what_another_granted_is_left_to_them() -> None:
    comment = Marker("dev", "crm", auth=Auth.IAM).text()
    there = with_role(
        made(crm(), 17), "crm_user", member_of=("rds_iam",), rds_iam=True, comment=comment
    )
    plan = make_plan(there, crm())
    assert kinds(plan) == ["mark_role"]
    assert [d.statement for d in plan.drift] == ['REVOKE "rds_iam" FROM "crm_user"']


def test_a_server_without_rds_iam_blocks() -> None:
    assert "which this server lacks" in reasons(make_plan(empty_server(15), with_iam(crm())))


@pytest.mark.parametrize("major", [16, 17, 18])
def test_an_admin_that_would_be_taken_along_blocks(major: int) -> None:
    plan = make_plan(made(crm(), major), with_iam(crm()))
    assert "would take it along" in reasons(plan)
    assert 'GRANT "rds_iam" TO "crm_user"' in {blocked.statement for blocked in plan.blocked}
    assert plan.changes == ()


@pytest.mark.parametrize("admin", [{"superuser": True}, {"rds_iam_through": ("other",)}])
def test_an_admin_that_can_not_be_locked_out_goes_on(admin: dict[str, Any]) -> None:
    plan = make_plan(server(17, **admin), with_iam(crm()))
    assert plan.blocked == ()


def test_what_needs_a_login_blocks() -> None:
    desired = with_iam(crm(initial_schema=SCHEMA, extensions=("hstore",)))
    plan = make_plan(server(), desired)
    assert "the extension hstore, the initial schema basic-app" in reasons(plan)
    ran = Marker("dev", "crm", initial_schema="basic-app").text()
    there = with_role(made(crm()), "crm_user", comment=ran)
    assert make_plan(there, with_iam(crm(initial_schema=SCHEMA))).blocked == ()
