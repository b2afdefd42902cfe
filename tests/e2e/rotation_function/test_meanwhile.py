"""What happens beside the function's steps, or to their promotion."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.rotation_function.test_rotate_secret import (
    ENTRIES,
    FIRST,
    ORDERS,
    nothing_is_left_to_do,
    provision,
    works,
)
from pgtenant.errors import SecretError
from pgtenant.rotation.handler import RotationError
from pgtenant.secrets.aws_versions import AwsVersions
from pgtenant.usecases.new_passwords import still_stored
from pgtenant.usecases.preflight import prove_authority
from pgtenant.usecases.rotate.steps import set_password
from support.instance import Instance
from support.project import Project
from support.rotation_function import Function, deployed

_promote = AwsVersions.promote


@pytest.fixture
def function(instance: Instance) -> Iterator[Function]:
    """One that does not wait for long."""
    with deployed(instance, PGTENANT_SERVER_LOCK_TIMEOUT="300ms") as function:
        yield function


def test_an_apply_that_has_looked_before_finish_secret(
    rotated: Project, function: Function, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    provision(rotated)
    token = function.begin(ORDERS)
    function.call("createSecret", ORDERS, token)
    function.call("setSecret", ORDERS, token)

    def rest() -> None:
        function.call("testSecret", ORDERS, token)
        with pytest.raises(RotationError, match="another run holds the instance"):
            function.call("finishSecret", ORDERS, token)

    async def meanwhile(*arguments: Any) -> None:
        await asyncio.to_thread(rest)
        await prove_authority(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("pgtenant.usecases.apply.prove_authority", meanwhile)
        rotated.converge()
    assert function.text(ORDERS)["password"] == FIRST
    assert works(instance, function.text(ORDERS))
    function.again(ORDERS)
    assert function.text(ORDERS)["password"] != FIRST
    assert works(instance, function.text(ORDERS))
    nothing_is_left_to_do(rotated)


def test_a_secret_that_changes_before_its_password_is_set(
    rotated: Project, function: Function, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a tool that takes no run lock."""
    provision(rotated)
    instance.su("ALTER ROLE orders_user PASSWORD 'fake-of-another-tool'")

    async def meanwhile(*arguments: Any) -> None:
        rotated.write_secret("orders/postgres", "orders_user", "fake-of-another-tool", "orders")
        await still_stored(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("pgtenant.usecases.work.still_stored", meanwhile)
        done = rotated.apply()
    assert done.code == 1
    assert "has changed since this run read it" in done.err
    assert works(instance, function.text(ORDERS))
    nothing_is_left_to_do(rotated)


def test_no_room_for_the_login_of_finish_secret(
    rotated: Project, function: Function, instance: Instance
) -> None:
    provision(rotated)
    function.meanwhile["finishSecret"] = lambda: instance.su(
        "ALTER ROLE orders_user CONNECTION LIMIT 0"
    )
    with pytest.raises(RotationError, match="could not be proven by a login"):
        function.rotate(ORDERS)
    instance.su("ALTER ROLE orders_user CONNECTION LIMIT -1")
    assert function.text(ORDERS)["password"] == FIRST
    assert works(instance, function.text(ORDERS))
    function.again(ORDERS)
    assert works(instance, function.text(ORDERS))
    nothing_is_left_to_do(rotated)


@pytest.mark.parametrize("done", [True, False])
def test_a_promotion_whose_answer_is_lost(
    rotated: Project,
    function: Function,
    instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
    *,
    done: bool,
) -> None:
    provision(rotated)

    async def promote(*arguments: Any) -> None:
        if done:
            await _promote(*arguments)
        raise SecretError("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(AwsVersions, "promote", promote)
        if done:
            function.rotate(ORDERS)
        else:
            with pytest.raises(RotationError, match="the answer was lost"):
                function.rotate(ORDERS)
    assert (function.text(ORDERS)["password"] != FIRST) is done
    assert works(instance, function.text(ORDERS))
    function.again(ORDERS)
    assert works(instance, function.text(ORDERS))
    nothing_is_left_to_do(rotated)


def test_a_command_that_finishes_the_rotation_first(
    rotated: Project, function: Function, instance: Instance
) -> None:
    provision(rotated)

    def by_command() -> None:
        result = rotated.run("rotate", "-e", "dev", "orders")
        assert result.code == 0, result.output

    function.meanwhile["setSecret"] = by_command
    function.rotate(ORDERS)
    assert function.said.count("current already") == 3
    assert works(instance, function.text(ORDERS))
    nothing_is_left_to_do(rotated)


def test_a_command_that_finishes_the_rotation_while_it_is_taken_back(
    rotated: Project, function: Function, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    provision(rotated)
    function.meanwhile["testSecret"] = lambda: instance.su(
        "ALTER ROLE orders_user PASSWORD 'fake-of-somebody-else'"
    )

    async def meanwhile(*arguments: Any) -> None:
        patch.undo()
        done = await asyncio.to_thread(rotated.run, "rotate", "-e", "dev", "orders")
        assert done.code == 0, done.output
        await set_password(*arguments)

    with monkeypatch.context() as patch:
        token = function.begin(ORDERS)
        function.call("createSecret", ORDERS, token)
        function.call("setSecret", ORDERS, token)
        patch.setattr("pgtenant.usecases.rotate.one_step.set_password", meanwhile)
        with pytest.raises(RotationError, match="refuses the password of orders_user"):
            function.call("testSecret", ORDERS, token)
    assert function.text(ORDERS)["password"] != FIRST
    assert works(instance, function.text(ORDERS))
    nothing_is_left_to_do(rotated)


def test_a_pending_version_for_a_login_that_is_no_longer_meant(
    rotated: Project, function: Function, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets Manager, other than moto, gives no version another text."""
    provision(rotated)
    token = function.begin(ORDERS)
    function.call("createSecret", ORDERS, token)
    rotated.write(
        {**ENTRIES, "orders": ENTRIES["orders"] | {"rotation": "alternate"}}, secrets=False
    )
    rotated.converge()

    async def proposes(*_: object) -> None:
        raise AssertionError("another text for the same token")

    with monkeypatch.context() as patch:
        patch.setattr(AwsVersions, "propose", proposes)
        with pytest.raises(RotationError, match="was taken off it; start the rotation anew"):
            function.call("createSecret", ORDERS, token)
    assert works(instance, function.text(ORDERS))
    function.rotate(ORDERS)
    assert function.text(ORDERS)["username"] == "orders_user_b"
    assert works(instance, function.text(ORDERS))
    nothing_is_left_to_do(rotated)
