"""pgbedrock: one specification of all roles per database, and one run for each.

https://pgbedrock.readthedocs.io/
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
import yaml
from psycopg.conninfo import make_conninfo

from benchmarks.peers.venvs import installed, program
from benchmarks.workload import App, Level, Role, Scenario
from benchmarks.world import ADMIN, MAINTENANCE, PROGRAMS, Command, Job, World

_UNKNOWN = "pg_signal_backend"
"""A predefined role that pgbedrock overlooks on the server, and would make if it were asked to."""


@dataclass(frozen=True, slots=True)
class Pgbedrock:
    """`pgbedrock configure --live` for every database, one after another.

    Roles are the same in all databases, so only the first run looks at their attributes.
    """

    name: str = "pgbedrock"
    note: str = "no databases; superusers only"
    makes_databases: bool = False
    scenarios: Sequence[Scenario] = tuple(Scenario)
    slow: bool = True

    def install(self) -> str:
        """Install it."""
        return installed("pgbedrock", "pgbedrock")

    def commands(self, world: World, job: Job) -> Sequence[Command]:
        """Write one specification per database."""
        runs = []
        others = _predefined(world)
        for number, app in enumerate(job.apps):
            path = world.directory / f"{app.database}.yml"
            path.write_text(yaml.safe_dump(_specification(world, job, app, others)), "utf-8")
            command = [
                *(program("pgbedrock", "pgbedrock"), "configure", str(path), "--live"),
                *("--host", world.host, "--port", str(world.port)),
                *("--user", world.superuser.user, "--password", world.superuser.password),
                *("--dbname", app.database, "--no-ownerships", "--no-memberships"),
            ]
            if number > 0:
                command.append("--no-attributes")
            runs.append(command)
        path = world.directory / "runs.json"
        path.write_text(json.dumps(runs), "utf-8")
        return (Command((sys.executable, str(PROGRAMS / "in_turn.py"), str(path))),)


def _predefined(world: World) -> list[str]:
    conninfo = make_conninfo(
        host=world.host,
        port=world.port,
        user=world.superuser.user,
        password=world.superuser.password,
        dbname=MAINTENANCE,
    )
    query = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname LIKE 'pg\\_%%' AND rolname <> %s"
    with psycopg.connect(conninfo) as connection:
        return [row[0] for row in connection.execute(query, [_UNKNOWN])]


def _specification(
    world: World, job: Job, app: App, predefined: Sequence[str]
) -> dict[str, object]:
    everybody: dict[str, object] = {name: {} for name in predefined}
    everybody[world.superuser.user] = {
        "can_login": True,
        "is_superuser": True,
        "attributes": [
            *("BYPASSRLS", "CREATEDB", "CREATEROLE", "REPLICATION"),
            _password(world.superuser.password),
        ],
    }
    everybody[ADMIN] = {
        "can_login": True,
        "attributes": ["CREATEDB", "CREATEROLE", _password(world.admin.password)],
    }
    for other in job.apps:
        for role in other.roles:
            everybody[role.name] = _role(role, here=other == app)
    return everybody


def _role(role: Role, *, here: bool) -> dict[str, object]:
    attributes = ["CREATEDB", _password(role.password)]
    found: dict[str, object] = {"can_login": True, "attributes": attributes}
    if not here:
        return found
    if role.level is Level.OWNER:
        # It sets default privileges for the objects of who owns the schema.
        found["owns"] = {"schemas": ["public"]}
        return found
    kind = "write" if role.level is Level.EDITOR else "read"
    found["privileges"] = {
        "schemas": {"read": ["public"]},
        "tables": {kind: ["public.*"]},
        "sequences": {kind: ["public.*"]},
    }
    return found


def _password(password: str) -> str:
    return f'PASSWORD "{password}"'
