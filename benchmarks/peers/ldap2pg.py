"""ldap2pg 5 with static roles and grants only.

https://ldap2pg.readthedocs.io/en/v5/config/
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import yaml

from benchmarks.peers.venvs import installed, program
from benchmarks.workload import Scenario
from benchmarks.world import ADMIN, MAINTENANCE, PROGRAMS, Command, Job, World

_USAGE = ["__connect__", "__usage_on_schemas__"]
_READ = ["__select_on_tables__"]
_WRITE = [f"__{word}_on_tables__" for word in ("insert", "update", "delete")]
_PRIVILEGES = {
    "reading": [*_USAGE, *_READ, "__select_on_sequences__"],
    "editing": [*_USAGE, *_READ, *_WRITE, "__select_on_sequences__", "__usage_on_sequences__"],
}

_SCHEMAS = "SELECT 'public', ARRAY[pg_catalog.current_database() || '_owner']"
"""Runs in every database: the schemas, with the roles whose objects to come get grants."""


@dataclass(frozen=True, slots=True)
class Ldap2pg:
    """`ldap2pg --real`, as the superuser, told which databases and schemas to look at."""

    name: str = "ldap2pg"
    note: str = "no databases, no passwords; as a superuser"
    makes_databases: bool = False
    scenarios: Sequence[Scenario] = tuple(Scenario)
    slow: bool = False

    def install(self) -> str:
        """Install it without python-ldap, which takes a C library; nothing is searched in LDAP."""
        return installed("ldap2pg", "ldap2pg")

    def commands(self, world: World, job: Job) -> Sequence[Command]:
        """Write ldap2pg.yml."""
        path = world.directory / "ldap2pg.yml"
        path.write_text(yaml.safe_dump(_config(world, job)), "utf-8")
        return (
            Command(
                (program("ldap2pg", "ldap2pg"), "--config", str(path), "--real"),
                (
                    ("PGDSN", ""),
                    ("PGHOST", world.host),
                    ("PGPORT", str(world.port)),
                    ("PGUSER", world.superuser.user),
                    ("PGPASSWORD", world.superuser.password),
                    ("PGDATABASE", MAINTENANCE),
                    ("PYTHONPATH", str(PROGRAMS / "without_ldap")),
                ),
            ),
        )


def _config(world: World, job: Job) -> dict[str, object]:
    roles = [role.name for app in job.apps for role in app.roles]
    grants = [
        {
            "privilege": privilege,
            "database": app.database,
            "schema": "public",
            "role": role.name,
        }
        for app in job.apps
        for privilege, role in (("editing", app.editor), ("reading", app.reader))
    ]
    return {
        "version": 5,
        "postgres": {
            "databases_query": [app.database for app in job.apps],
            "schemas_query": _SCHEMAS,
            "roles_blacklist_query": ["pg_*", "postgres", world.superuser.user, ADMIN, "public"],
        },
        "privileges": _PRIVILEGES,
        "sync_map": [{"roles": [{"names": roles, "options": "LOGIN CREATEDB"}]}, {"grant": grants}],
    }
