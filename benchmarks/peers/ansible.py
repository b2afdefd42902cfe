"""Ansible with the collection community.postgresql: a playbook with one module call per grant.

https://docs.ansible.com/ansible/latest/collections/community/postgresql/
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.peers.venvs import installed, program
from benchmarks.workload import Scenario
from benchmarks.world import MAINTENANCE, PROGRAMS, Command, Job, World


@dataclass(frozen=True, slots=True)
class Ansible:
    """`ansible-playbook` on localhost, as the superuser."""

    name: str = "ansible"
    note: str = "as a superuser"
    makes_databases: bool = True
    scenarios: Sequence[Scenario] = (Scenario.FIRST, Scenario.NO_CHANGE)
    slow: bool = True

    def install(self) -> str:
        """Install ansible-core and the collections."""
        installed("ansible", "ansible")
        return f"core {installed('ansible', 'ansible-core')}"

    def commands(self, world: World, job: Job) -> Sequence[Command]:
        """Write the variables; the playbook is the same for all."""
        variables = {
            "login": {
                "host": world.host,
                "port": world.port,
                "user": world.superuser.user,
                "password": world.superuser.password,
            },
            "maintenance": MAINTENANCE,
            "roles": [
                {
                    "name": role.name,
                    "password": role.password,
                    "flags": "LOGIN,CREATEDB",
                }
                for app in job.apps
                for role in app.roles
            ],
            "apps": [
                {
                    "database": app.database,
                    "owner": app.owner.name,
                    "editor": app.editor.name,
                    "reader": app.reader.name,
                }
                for app in job.apps
            ],
        }
        path = world.directory / "variables.json"
        path.write_text(json.dumps(variables), "utf-8")
        playbook = PROGRAMS / "playbook.yml"
        command = (
            program("ansible", "ansible-playbook"),
            "--inventory=localhost,",
            "--connection=local",
            f"--extra-vars=@{path}",
            str(playbook),
        )
        return (
            Command(
                command,
                (
                    ("ANSIBLE_HOME", str(world.directory / "home")),
                    ("ANSIBLE_LOCAL_TEMP", str(world.directory / "tmp")),
                    ("ANSIBLE_PYTHON_INTERPRETER", program("ansible", "python")),
                    ("LC_ALL", "C.UTF-8"),
                ),
            ),
        )
