"""What docs/rotation.md says of sessions that start as the first login, asked of PostgreSQL."""

from __future__ import annotations

import pytest

from support.instance import Instance

USER = "SELECT current_user"
IN, OUT = ("shop_user",), ("shop_user_b",)
HARMLESS = (
    "RESET ROLE",
    "RESET ALL",
    "DISCARD ALL",
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET SESSION AUTHORIZATION",
)
LEADING_OUT = (
    "SET SESSION AUTHORIZATION shop_user_b",
    "SET ROLE shop_user_b",
    "SET ROLE NONE",
)


@pytest.mark.every_major
def test_what_leads_out_of_the_role_and_what_does_not(instance: Instance) -> None:
    instance.su("CREATE ROLE shop_user LOGIN PASSWORD 'fake'")
    instance.su("CREATE ROLE shop_user_b LOGIN PASSWORD 'fake' IN ROLE shop_user")
    instance.su("ALTER ROLE shop_user_b SET role = 'shop_user'")
    instance.su("CREATE DATABASE shop OWNER shop_user")
    with instance.connect("shop_user_b", "fake", "shop") as session:
        session.prepare_threshold = None  # DISCARD ALL takes prepared statements away
        seen = {}
        for way in (*HARMLESS, *LEADING_OUT):
            session.execute("RESET ROLE")
            assert session.execute(USER).fetchone() == IN
            session.execute(way)
            seen[way] = session.execute(USER).fetchone()
        assert seen == dict.fromkeys(HARMLESS, IN) | dict.fromkeys(LEADING_OUT, OUT)
        assert session.execute(USER).fetchone() == OUT
        session.execute("DISCARD ALL")
        assert session.execute(USER).fetchone() == IN
