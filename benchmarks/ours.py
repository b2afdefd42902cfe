"""pgtenant itself, with a catalog in HCL and secrets in files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.workload import App, Role, Scenario
from benchmarks.world import MAINTENANCE, Command, Job, World


@dataclass(frozen=True, slots=True)
class Pgtenant:
    """`pgtenant` with these arguments, as a user would start it.

    Attributes:
        name: as in the tables.
        arguments: the command and its flags.
        python: the interpreter that has it; another one measures another version.
        note: what this way of using it leaves out.
        scenarios: those it is measured in; the others it is prepared with, by `apply`.
        noting: whether it goes by what a run of its own has noted before.
    """

    name: str
    arguments: tuple[str, ...]
    python: str = sys.executable
    note: str = ""
    scenarios: Sequence[Scenario] = tuple(Scenario)
    slow: bool = False
    makes_databases: bool = True
    noting: bool = False

    def install(self) -> str:
        """Nothing to do."""
        command = [self.python, "-c", "import pgtenant; print(pgtenant.__version__)"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commands(self, world: World, job: Job) -> Sequence[Command]:
        """Lay out a project and start one command."""
        lay_out(world, job.apps)
        arguments = self.arguments if job.scenario in self.scenarios else ("apply",)
        command = (self.python, "-m", "pgtenant", *arguments, "-e", "dev")
        return (Command((*command, "--project", str(world.directory))),)


def lay_out(world: World, apps: Sequence[App]) -> None:
    """Write the settings, the catalog and those secrets that are not there yet."""
    root = world.directory
    (root / "pgtenant.toml").write_text(
        f'[secrets]\nstore = "file"\n\n[server]\nconnections = {world.sessions}\n', "utf-8"
    )
    catalog = root / "envs" / "dev-rds" / "terraform.tfvars"
    catalog.parent.mkdir(parents=True, exist_ok=True)
    catalog.write_text(catalog_text(apps), "utf-8")
    _store(world, "rds/master", world.admin.user, world.admin.password, MAINTENANCE)
    for app in apps:
        for role in app.roles:
            name = f"{_key(app, role)}/postgres"
            _store(world, name, role.name, role.password, app.database)


def catalog_text(apps: Sequence[App], most: int | None = None) -> str:
    """`application_databases` with three entries for each application, or the first `most`."""
    entries = [
        f"  {_key(app, role)} = {{\n"
        f'    database_name = "{app.database}"\n'
        f'    username      = "{role.name}"\n'
        f'    access_level  = "{role.level.value}"\n'
        "  }\n"
        for app in apps
        for role in app.roles
    ]
    return f"application_databases = {{\n{''.join(entries[:most])}}}\n"


def _key(app: App, role: Role) -> str:
    return f"app-{app.number:05}-{role.level.value}"


def _store(world: World, name: str, user: str, password: str, dbname: str) -> None:
    path = world.directory / ".secrets" / "goldenpath" / "dev" / f"{name}.json"
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = {
        "username": user,
        "password": password,
        "host": world.host,
        "port": world.port,
        "dbname": dbname,
    }
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(fields, file)
