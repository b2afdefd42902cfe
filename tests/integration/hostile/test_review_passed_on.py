"""Privileges that a stranger passed on stand in for the owner's own, and go when theirs go."""

from __future__ import annotations

import pytest
from psycopg import sql

from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP, as_tenant


@pytest.mark.every_major
def test_a_passed_on_grant_does_not_hide_a_missing_one(
    project: Project, instance: Instance
) -> None:
    project.write(SHOP)
    project.converge()
    password = sql.Literal(password_of("rev_x"))
    instance.su(sql.SQL("CREATE ROLE rev_x LOGIN PASSWORD {}").format(password))
    as_tenant(
        instance,
        "shop_user",
        "shop",
        "GRANT CONNECT ON DATABASE shop TO rev_x",
        "CREATE TABLE t (n int)",
        "GRANT USAGE ON SCHEMA public TO rev_x",
        "GRANT SELECT ON t TO rev_x WITH GRANT OPTION",
        "REVOKE SELECT ON t FROM shop_reader",
    )
    as_tenant(instance, "rev_x", "shop", "GRANT SELECT ON t TO shop_reader")
    project.converge()
    as_tenant(instance, "shop_user", "shop", "REVOKE SELECT ON t FROM rev_x CASCADE")
    rows = as_tenant(instance, "shop_reader", "shop", "SELECT count(*) FROM t")
    assert rows == [(0,)]
    assert not project.plan().json["changes"]
