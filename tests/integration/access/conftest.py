"""A database with an object of each kind, for random roles and grants."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from psycopg import sql

from support import worlds_of_access as worlds
from support.instance import Instance


@pytest.fixture
def world(instance: Instance) -> Iterator[str]:
    """A database with an object of each kind, and the roles; the connection string to it."""
    for role in worlds.ROLES:
        instance.su(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        if instance.major >= 16:  # as whoever makes a role has it, and nothing else of it
            options = "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            instance.su(f"GRANT {role} TO platform_admin {options}")
    instance.su("CREATE DATABASE world TEMPLATE template0")
    for statement in worlds.MADE:
        instance.su(statement, dbname="world")
    yield instance.superuser_conninfo("world", options="-c search_path=pg_catalog")
    instance.su("DROP DATABASE world")
