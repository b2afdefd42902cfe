"""`RotateSecret` on moto drives the function through its four steps, on real servers."""

from __future__ import annotations

import json
import urllib.parse

import psycopg
import pytest

from support.instance import Instance
from support.leaks import leaks
from support.project import Project, password_of
from support.rotation_function import STEPS, Function, KilledError, deployed

ORDERS = "goldenpath/dev/orders/postgres"
ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "billing": {"database_name": "billing", "username": "billing_user"},
}
FIRST = password_of("orders_user")


def provision(project: Project) -> None:
    project.write(ENTRIES)
    uri = f"postgresql://orders_user:{urllib.parse.quote(FIRST, safe='')}@db.test:5432/orders"
    project.write_secret("orders/postgres", "orders_user", FIRST, "orders", connection_uri=uri)
    project.converge()


def works(instance: Instance, secret: dict[str, str]) -> bool:
    try:
        instance.connect(secret["username"], secret["password"], secret["dbname"]).close()
    except psycopg.OperationalError:
        return False
    return True


def nothing_is_left_to_do(project: Project) -> None:
    assert {row["status"] for row in project.converge().json["records"]} == {"no_change"}


@pytest.mark.every_major
def test_a_password_is_rotated_in_four_steps(
    rotated: Project, function: Function, instance: Instance
) -> None:
    provision(rotated)
    passwords = [FIRST]
    for _ in range(2):
        before = function.text(ORDERS)
        function.rotate(ORDERS)
        after, previous = function.text(ORDERS), function.text(ORDERS, "AWSPREVIOUS")
        assert previous == before
        assert {**after, "password": "", "connection_uri": ""} == {
            **before,
            "password": "",
            "connection_uri": "",
        }
        assert urllib.parse.urlsplit(after["connection_uri"]).password == after["password"]
        assert works(instance, after)
        assert not works(instance, before)
        passwords.append(after["password"])
    assert len(set(passwords)) == 3
    assert [event["Step"] for event in function.events] == [*STEPS, *STEPS]
    assert function.stages(ORDERS) == ["AWSCURRENT", "AWSPREVIOUS"]
    nothing_is_left_to_do(rotated)
    assert not leaks(function.said, passwords)
    steps = [json.loads(line) for line in function.said.splitlines()]
    assert [line["step"] for line in steps if line["event"] == "rotation_step"] == [*STEPS, *STEPS]


BOUNDARIES = [(step, when) for step in STEPS for when in ("before", "after")]
WORST = ("setSecret", "after")


@pytest.mark.parametrize(
    "boundary",
    [WORST, *(pytest.param(b, marks=pytest.mark.slow) for b in BOUNDARIES if b != WORST)],
    ids="-".join,
)
def test_killed_at_any_boundary_it_is_finished_by_the_next_attempt(
    boundary: tuple[str, str], rotated: Project, function: Function, instance: Instance
) -> None:
    provision(rotated)
    function.killed.append(boundary)
    with pytest.raises(KilledError):
        function.rotate(ORDERS)
    proposed = None if boundary == ("createSecret", "before") else _newest(function)["password"]
    function.again(ORDERS)
    after = function.text(ORDERS)
    assert works(instance, after)
    assert proposed in {None, after["password"]}
    assert not works(instance, function.text(ORDERS, "AWSPREVIOUS"))
    assert function.stages(ORDERS) == ["AWSCURRENT", "AWSPREVIOUS"]
    nothing_is_left_to_do(rotated)


def _newest(function: Function) -> dict[str, str]:
    """Return the version that was on its way; where it has arrived, it is the current one."""
    pending = "AWSPENDING" in function.stages(ORDERS)
    return function.text(ORDERS, "AWSPENDING" if pending else "AWSCURRENT")


def test_a_password_that_is_refused_is_taken_back(
    rotated: Project, function: Function, instance: Instance
) -> None:
    provision(rotated)
    function.meanwhile["testSecret"] = lambda: instance.su(
        "ALTER ROLE orders_user PASSWORD 'fake-of-somebody-else'"
    )
    with pytest.raises(Exception, match="refuses the password of orders_user") as raised:
        function.rotate(ORDERS)
    current = function.text(ORDERS)
    assert current["password"] == FIRST
    assert works(instance, current)
    new = function.text(ORDERS, "AWSPENDING")["password"]
    assert not leaks(function.said + str(raised.value), [FIRST, new])
    function.again(ORDERS)
    assert function.text(ORDERS)["password"] == new
    assert works(instance, function.text(ORDERS))
    nothing_is_left_to_do(rotated)


def test_an_apply_in_between_is_seen_and_the_next_attempt_finishes(
    rotated: Project, function: Function, instance: Instance
) -> None:
    provision(rotated)
    function.meanwhile["finishSecret"] = rotated.converge
    with pytest.raises(Exception, match="refuses the password of orders_user"):
        function.rotate(ORDERS)
    assert works(instance, function.text(ORDERS))
    function.again(ORDERS)
    assert works(instance, function.text(ORDERS))
    nothing_is_left_to_do(rotated)


def test_a_trial_before_the_role_is_there_is_no_failure(
    rotated: Project, function: Function, instance: Instance
) -> None:
    """Terraform switches the rotation on when it makes the secret."""
    rotated.write(ENTRIES)
    function.rotate(ORDERS, immediately=False)
    assert [event["Step"] for event in function.events] == ["testSecret"]
    assert "does not log in yet" in function.said
    rotated.converge()
    assert works(instance, function.text(ORDERS))


def test_masterarn_names_the_admin_where_the_configuration_does_not(
    project: Project, instance: Instance
) -> None:
    with deployed(instance, PGTENANT_SECRETS_ADMIN=None) as function:
        project.moto = function.aws
        project.write(ENTRIES)
        project.converge()
        admin = instance.admin
        project.write_secret("elsewhere", admin.user, admin.password, admin.dbname)
        project.write_secret("rds/master", "nobody", "fake", admin.dbname)
        with function.aws.secrets() as client:
            arn = client.describe_secret(SecretId="goldenpath/dev/elsewhere")["ARN"]
        project.write_secret("orders/postgres", "orders_user", FIRST, "orders", masterarn=arn)
        function.rotate(ORDERS)
        assert works(instance, function.text(ORDERS))
        assert function.text(ORDERS)["masterarn"] == arn


@pytest.mark.every_major
def test_two_logins_alternate(rotated: Project, function: Function, instance: Instance) -> None:
    """The function is not told: the entry's second login is on the server."""
    rotated.write({"orders": ENTRIES["orders"] | {"rotation": "alternate"}})
    rotated.converge()
    users = []
    for _ in range(3):
        before = function.text(ORDERS)
        function.rotate(ORDERS)
        after = function.text(ORDERS)
        assert works(instance, before)
        assert works(instance, after)
        nothing_is_left_to_do(rotated)
        users.append(after["username"])
    assert users == ["orders_user_b", "orders_user", "orders_user_b"]
    secret = function.text(ORDERS)
    with instance.connect("orders_user_b", secret["password"], "orders") as second:
        second.execute("CREATE TABLE made_by_the_second ()")
    owner = instance.su(
        "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'made_by_the_second'",
        dbname="orders",
    )
    assert owner == [("orders_user",)]


@pytest.mark.slow
@pytest.mark.parametrize("boundary", BOUNDARIES, ids="-".join)
def test_killed_at_any_boundary_the_current_login_goes_on_working(
    boundary: tuple[str, str], rotated: Project, function: Function, instance: Instance
) -> None:
    rotated.write({"orders": ENTRIES["orders"] | {"rotation": "alternate"}})
    rotated.converge()
    function.killed.append(boundary)
    with pytest.raises(KilledError):
        function.rotate(ORDERS)
    assert works(instance, function.text(ORDERS))
    function.again(ORDERS)
    assert works(instance, function.text(ORDERS))
    assert works(instance, function.text(ORDERS, "AWSPREVIOUS"))
    assert function.text(ORDERS)["username"] == "orders_user_b"
    nothing_is_left_to_do(rotated)
