"""Rotations under an application that logs in all the time.

Twenty clients open a connection, query and close it. They get new credentials some rounds after
the secret has them, as ExternalSecrets would deliver them: always before the next rotation.
`pytest -s` shows the figures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
import pytest

from e2e.rotate.shop import in_order, login, rotated, stored, write_shop
from support.load import REFUSED, Load, under_load
from support.project import Project

DELAY = 2
"""Rounds of every client between a rotation and the delivery of its credentials."""


def connecting(project: Project) -> Callable[[Any], psycopg.Connection[Any]]:
    return lambda fields: login(project, fields)


def report(load: Load, windows: Sequence[int] = ()) -> None:
    figures = f"{load.logins} logins, refused {load.failed.total()}, windows {list(windows)} ms"
    sys.stdout.write(f"\n{figures}\n")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.every_major
def test_alternate_logins_refuse_nobody(files: Project) -> None:
    write_shop(files, rotation="alternate")
    files.converge()
    users, passwords = [], set()
    with under_load(connecting(files), stored(files)) as load:
        for _ in range(20):
            rotated(files, "shop")
            now = stored(files)
            users.append(now["username"])
            passwords.add(now["password"])
            load.go_on(DELAY)
            load.deliver(now)
    report(load)
    assert dict(load.failed) == {}
    assert users == ["shop_user_b", "shop_user"] * 10
    assert len(passwords) == 20
    in_order(files)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.every_major
def test_a_single_login_refuses_until_the_new_password_arrives(files: Project) -> None:
    windows: list[int] = []
    with under_load(connecting(files), stored(files)) as load:
        assert dict(load.failed) == {}
        for _ in range(5):
            windows += [one["window_ms"] for one in rotated(files, "shop")]
            load.go_on(DELAY)
            load.deliver(stored(files))
            before = load.failed.copy()
            load.go_on(DELAY)
            assert load.failed == before  # all have it: nobody is refused any more
    report(load, windows)
    assert set(load.failed) == {REFUSED}
    in_order(files)
