"""The bare program: as many connections with the same logins as a full check takes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.floor import CATALOG_QUERY
from benchmarks.workload import Scenario
from benchmarks.world import MAINTENANCE, PROGRAMS, Command, Job, World


@dataclass(frozen=True, slots=True)
class Bare:
    """A minimal program in the language and with the driver of pgtenant.

    It logs in once as every role, with its password and in its database, and once as the admin,
    and sends one catalog query on each connection.
    """

    name: str = "bare program"
    note: str = "opens the connections of a full check, with one query on each"
    makes_databases: bool = True
    scenarios: Sequence[Scenario] = (Scenario.NO_CHANGE,)
    slow: bool = False

    def install(self) -> str:
        """Nothing to do."""
        return ""

    def commands(self, world: World, job: Job) -> Sequence[Command]:
        """Write who logs in where."""
        logins = [
            (role.name, role.password, app.database) for app in job.apps for role in app.roles
        ]
        logins.append((world.admin.user, world.admin.password, MAINTENANCE))
        path = world.directory / "bare.json"
        plan = {
            "host": world.host,
            "port": world.port,
            "sessions": world.sessions,
            "query": CATALOG_QUERY,
            "logins": logins,
        }
        path.write_text(json.dumps(plan), "utf-8")
        program = PROGRAMS / "bare.py"
        return (Command((sys.executable, str(program), str(path))),)
