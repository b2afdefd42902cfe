"""pg-sync-roles: a library, called once per role by a small program, as its README does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.peers.venvs import installed, program
from benchmarks.workload import Scenario
from benchmarks.world import PROGRAMS, Command, Job, World


@dataclass(frozen=True, slots=True)
class PgSyncRoles:
    """`sync_roles` for every role, with one connection per database, as the superuser."""

    name: str = "pg-sync-roles"
    note: str = "no databases, no default privileges, no privilege to write; as a superuser"
    makes_databases: bool = False
    scenarios: Sequence[Scenario] = tuple(Scenario)
    slow: bool = False

    def install(self) -> str:
        """Install it."""
        return installed("pg-sync-roles", "pg-sync-roles")

    def commands(self, world: World, job: Job) -> Sequence[Command]:
        """Write which roles there shall be."""
        path = world.directory / "roles.json"
        plan = {
            "host": world.host,
            "port": world.port,
            "user": world.superuser.user,
            "password": world.superuser.password,
            "apps": [
                {
                    "database": app.database,
                    "roles": [[role.name, role.password, role.level.value] for role in app.roles],
                }
                for app in job.apps
            ],
        }
        path.write_text(json.dumps(plan), "utf-8")
        script = PROGRAMS / "sync_roles.py"
        return (Command((program("pg-sync-roles", "python"), str(script), str(path))),)
