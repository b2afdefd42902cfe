"""What a pod, a person and the table see of an entry whose logins alternate."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
import yaml

from e2e.secret.psql import connect
from support.operator import secret_of
from support.project import Project

SHOP: dict[str, Any] = {
    "database_name": "shop",
    "username": "shop_user",
    "rotation": "alternate",
    "risk": "high",
}
SECRET = "goldenpath/dev/shop/postgres"


@pytest.fixture
def shop(project: Project) -> Project:
    """A shop that stands."""
    project.write({"shop": SHOP})
    project.converge()
    return project


def pod(project: Project) -> dict[str, str]:
    """What the operator makes of the secret as it is now."""
    done = project.run("render", "external-secret", "-e", "dev", "shop")
    assert done.code == 0, done.output
    stored = {SECRET: project.secret_path("shop/postgres").read_text()}
    return secret_of(yaml.safe_load(done.out), stored)


def rotate(project: Project) -> None:
    done = project.run("rotate", "-e", "dev", "shop")
    assert done.code == 0, done.output


def test_what_a_pod_has_works_until_the_next_rotation(shop: Project) -> None:
    ca = str(shop.instance.ca_file)

    def acts_as(credentials: dict[str, str]) -> tuple[Any, ...] | None:
        with psycopg.connect(credentials["DATABASE_URL"], sslrootcert=ca) as session:
            return session.execute("SELECT current_user, session_user").fetchone()

    before = pod(shop)
    assert acts_as(before) == ("shop_user", "shop_user")
    rotate(shop)
    after = pod(shop)
    assert after["POSTGRES_USER"] == "shop_user_b"
    assert acts_as(before) == ("shop_user", "shop_user")
    assert acts_as(after) == ("shop_user", "shop_user_b")
    rotate(shop)
    assert acts_as(after) == ("shop_user", "shop_user_b")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        acts_as(before)


def test_the_table_says_which_login_it_is(shop: Project) -> None:
    rotate(shop)
    done = shop.run("secret", "status", "-e", "dev", "shop", "--format", "json")
    assert done.code == 0, done.output
    [found] = done.json["secrets"]
    assert (found["login"], found["rotation"]) == ("shop_user_b", "alternate")
    assert found["versions"]["previous"] is not None
    assert found["versions"]["pending"] is None
    assert found["works"] == "yes"
    shop.instance.su("ALTER ROLE shop_user_b PASSWORD 'set by hand'")
    [found] = shop.run("secret", "status", "-e", "dev", "--format", "json", "shop").json["secrets"]
    assert (found["login"], found["works"]) == ("shop_user_b", "no")


@pytest.mark.usefixtures("psql")
def test_psql_starts_as_the_first_login(shop: Project) -> None:
    rotate(shop)
    who = "SELECT current_user, session_user"
    done = connect(shop, "shop", "-XAt", "-c", who)
    assert (done.code, done.out) == (0, "shop_user|shop_user_b\n"), done.err
