"""The bare program: the connections of a full check, with the same logins, and no more."""

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

    It logs in once as every owner in its database and once as the admin, and sends one catalog
    query there. Editors and readers log in to the maintenance database, which lets them no
    further once it has checked their passwords.
    """

    name: str = "bare program"
    note: str = "opens the connections of a full check, with one query on each that is let in"
    makes_databases: bool = True
    scenarios: Sequence[Scenario] = (Scenario.NO_CHANGE,)
    slow: bool = False

    def install(self) -> str:
        """Nothing to do."""
        return ""

    def commands(self, world: World, job: Job) -> Sequence[Command]:
        """Write who logs in where."""
        admin = world.admin
        entering = [(app.owner.name, app.owner.password, app.database) for app in job.apps]
        knocking = [
            (role.name, role.password, MAINTENANCE)
            for app in job.apps
            for role in app.roles
            if role != app.owner
        ]
        path = world.directory / "bare.json"
        plan = {
            "host": world.host,
            "port": world.port,
            "sessions": world.sessions,
            "query": CATALOG_QUERY,
            "entering": [(admin.user, admin.password, MAINTENANCE), *entering],
            "knocking": knocking,
        }
        path.write_text(json.dumps(plan), "utf-8")
        program = PROGRAMS / "bare.py"
        return (Command((sys.executable, str(program), str(path))),)
