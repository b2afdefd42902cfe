"""Rotations under an application that logs in all the time.

Twenty clients open a connection, query and close it. They get new credentials some rounds after
the secret has them, as ExternalSecrets would deliver them: always before the next rotation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from e2e.rotate.shop import in_order, login, rotated, stored, write_shop
from support.load import REFUSED, under_load
from support.project import Project

DELAY = 5
"""Rounds of every client between a rotation and the delivery of its credentials."""

Record = Callable[[str, object], None]


def connecting(project: Project) -> Callable[[Any], psycopg.Connection[Any]]:
    return lambda fields: login(project, fields)


@pytest.mark.slow
@pytest.mark.every_major
def test_alternate_logins_refuse_nobody(shop: Project, record_property: Record) -> None:
    write_shop(shop, rotation="alternate")
    shop.converge()
    users, passwords = [], set()
    with under_load(connecting(shop), stored(shop)) as load:
        for _ in range(20):
            rotated(shop, "shop")
            now = stored(shop)
            users.append(now["username"])
            passwords.add(now["password"])
            load.go_on(DELAY)
            load.deliver(now)
    record_property("logins", load.logins)
    assert dict(load.failed) == {}
    assert users == ["shop_user_b", "shop_user"] * 10
    assert len(passwords) == 20
    in_order(shop)


@pytest.mark.slow
@pytest.mark.every_major
def test_a_single_login_refuses_until_the_new_password_arrives(
    shop: Project, record_property: Record
) -> None:
    with under_load(connecting(shop), stored(shop)) as load:
        assert dict(load.failed) == {}
        for _ in range(5):
            rotated(shop, "shop")
            load.go_on(DELAY)
            load.deliver(stored(shop))
            before = load.failed.copy()
            load.go_on(DELAY)
            assert load.failed == before  # all have it: nobody is refused any more
    record_property("logins", load.logins)
    record_property("refused", dict(load.failed))
    assert set(load.failed) == {REFUSED}
    in_order(shop)
