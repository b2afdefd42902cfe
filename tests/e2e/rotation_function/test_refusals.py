"""What the function refuses, and that it changes nothing then."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from pgtenant.rotation.handler import RotationError
from support.instance import Instance
from support.project import Project, make_marked, password_of
from support.rotation_function import STEPS, Function, deployed

ORDERS = "goldenpath/dev/orders/postgres"
ENTRIES = {
    "orders": {"database_name": "orders", "username": "orders_user"},
    "billing": {"database_name": "billing", "username": "billing_user"},
}


@pytest.fixture
def provisioned(rotated: Project) -> Project:
    rotated.write(ENTRIES)
    rotated.converge()
    return rotated


def nobody_was_touched(project: Project) -> None:
    for entry, user in (("orders", "orders_user"), ("billing", "billing_user")):
        project.tenant(user, entry).close()


def test_a_secret_that_is_not_rotated_automatically(
    provisioned: Project, function: Function
) -> None:
    for step in STEPS:
        with pytest.raises(RotationError, match="is not rotated automatically"):
            function.call(step, ORDERS, str(uuid.uuid4()))
    nobody_was_touched(provisioned)


@pytest.mark.usefixtures("provisioned")
def test_a_version_that_nobody_knows(function: Function) -> None:
    function.rotate(ORDERS)
    with pytest.raises(RotationError, match="has no version"):
        function.call("setSecret", ORDERS, str(uuid.uuid4()))


@pytest.mark.usefixtures("provisioned")
def test_a_version_that_is_not_pending(function: Function) -> None:
    function.rotate(ORDERS)
    first = function.events[0]["ClientRequestToken"]
    function.rotate(ORDERS)
    with pytest.raises(RotationError, match="that is not AWSPENDING"):
        function.call("setSecret", ORDERS, first)


@pytest.mark.usefixtures("provisioned")
def test_a_version_that_is_current_has_nothing_left(function: Function) -> None:
    function.rotate(ORDERS)
    before = function.text(ORDERS)
    function.again(ORDERS)
    assert function.text(ORDERS) == before
    assert function.said.count("current already") == len(STEPS)


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({}, "lacks ClientRequestToken, SecretId, Step"),
        ({"Step": "dropSecret"}, "is no step of a rotation"),
        ({"ClientRequestToken": "short"}, "ClientRequestToken is not"),
        ({"SecretId": 7}, "lacks SecretId"),
        ({"SecretId": "goldenpath/dev/none/postgres"}, "goldenpath/dev/none/postgres"),
    ],
    ids=["nothing", "unknown step", "bad token", "a number", "no such secret"],
)
def test_an_event_that_is_none(event: dict[str, Any], why: str, function: Function) -> None:
    whole = {"Step": "setSecret", "SecretId": ORDERS, "ClientRequestToken": str(uuid.uuid4())}
    with pytest.raises(RotationError, match=why):
        function.invoke(function.arn, json.dumps(whole | event if event else {}))


def _by_another(instance: Instance) -> None:
    make_marked(instance, "of_prod", "orders", environment="prod")


ROLES: dict[str, tuple[str, str, Callable[[Instance], object]]] = {
    "another entry's": ("billing_user", "is that of the entry billing", lambda _: None),
    "the admin": ("platform_admin", "is not marked", lambda _: None),
    "a superuser": ("rdsadmin", "is not marked", lambda _: None),
    "nobody": ("nobody_there", "there is no such role", lambda _: None),
    "another environment's": ("of_prod", "is not marked as one of dev's", _by_another),
    "in rds_iam": (
        "orders_user",
        "is in rds_iam",
        lambda instance: instance.su("GRANT rds_iam TO orders_user"),
    ),
}


@pytest.mark.parametrize(
    "whose",
    ["another entry's", *(pytest.param(one, marks=pytest.mark.slow) for one in [*ROLES][1:])],
)
def test_a_secret_that_names_a_role_that_is_not_its_own(
    whose: str, provisioned: Project, function: Function, instance: Instance
) -> None:
    """An application that can write its secret gets no other's role."""
    username, why, prepare = ROLES[whose]
    prepare(instance)
    provisioned.write_secret("orders/postgres", username, password_of("orders_user"), "orders")
    with pytest.raises(RotationError, match=why):
        function.rotate(ORDERS)
    assert function.stages(ORDERS).count("AWSCURRENT") == 1
    if whose != "in rds_iam":
        nobody_was_touched(provisioned)


def test_a_pending_version_for_another_role(provisioned: Project, function: Function) -> None:
    token = function.begin(ORDERS)
    theirs = function.text(ORDERS) | {"username": "billing_user", "password": "fake-taken-over"}
    with function.aws.secrets() as client:
        client.put_secret_value(
            SecretId=ORDERS,
            ClientRequestToken=token,
            SecretString=json.dumps(theirs),
            VersionStages=["AWSPENDING"],
        )
    with pytest.raises(RotationError, match="is not for orders_user"):
        function.call("setSecret", ORDERS, token)
    nobody_was_touched(provisioned)


@pytest.mark.usefixtures("provisioned")
def test_a_pending_version_for_another_server(function: Function) -> None:
    token = function.begin(ORDERS)
    theirs = function.text(ORDERS) | {"host": "db.elsewhere.test"}
    with function.aws.secrets() as client:
        client.put_secret_value(
            SecretId=ORDERS,
            ClientRequestToken=token,
            SecretString=json.dumps(theirs),
            VersionStages=["AWSPENDING"],
        )
    with pytest.raises(RotationError, match="another server or database"):
        function.call("setSecret", ORDERS, token)


def test_a_masterarn_that_is_not_the_configured_one(
    provisioned: Project, function: Function
) -> None:
    arn = "arn:aws:secretsmanager:eu-west-2:123456789012:secret:evil/master-AbCdEf"
    provisioned.write_secret(
        "orders/postgres", "orders_user", password_of("orders_user"), "orders", masterarn=arn
    )
    with pytest.raises(RotationError, match="'masterarn' names another secret"):
        function.rotate(ORDERS)
    nobody_was_touched(provisioned)


def test_a_function_that_does_not_know_its_environment(instance: Instance) -> None:
    with (
        deployed(instance, PGTENANT_ENVIRONMENT=None) as function,
        pytest.raises(RotationError, match="PGTENANT_ENVIRONMENT is not set"),
    ):
        function.call("setSecret", ORDERS, str(uuid.uuid4()))


def test_a_certificate_that_nobody_trusts(
    project: Project, instance: Instance, tmp_path: Any
) -> None:
    with deployed(instance, PGTENANT_SERVER_SSLROOTCERT=str(tmp_path / "none.pem")) as function:
        project.moto = function.aws
        project.write(ENTRIES)
        project.converge()
        with pytest.raises(RotationError, match=r"none\.pem"):
            function.rotate(ORDERS)
        nobody_was_touched(project)
