"""Who takes part, and in which group: those of a group work on the state that its first made."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.bare import Bare
from benchmarks.floor import Floor
from benchmarks.options import Options
from benchmarks.ours import Pgtenant
from benchmarks.peers.ansible import Ansible
from benchmarks.peers.ldap2pg import Ldap2pg
from benchmarks.peers.pg_sync_roles import PgSyncRoles
from benchmarks.peers.pgbedrock import Pgbedrock
from benchmarks.tool import Tool
from benchmarks.workload import Scenario

Group = tuple[Tool, ...]


def floor(sessions: int) -> Group:
    """PostgreSQL's own speed."""
    return (Floor(sessions), Floor(1, scenarios=(Scenario.NO_CHANGE,)), Bare())


def ours(python: str = sys.executable) -> Group:
    """The modes that this version of pgtenant has."""
    apply = Pgtenant("pgtenant apply", ("apply",), python)
    plan = Pgtenant("pgtenant plan", ("plan",), python, scenarios=(Scenario.NO_CHANGE,))
    if "--trust-markers" not in _help(python):
        return (apply, plan)
    trusting = Pgtenant(
        "pgtenant apply --trust-markers",
        ("apply", "--trust-markers"),
        python,
        note="enters no database that markers and the shared catalogs vouch for, proves no login"
        " there; a run before, not counted, has written the markers",
        scenarios=(Scenario.NO_CHANGE, Scenario.DRIFTED, Scenario.ADDED),
        noting=True,
    )
    return (apply, plan, trusting)


def _help(python: str) -> str:
    command = [python, "-m", "pgtenant", "apply", "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def groups(options: Options) -> list[Group]:
    """Everybody who was asked for."""
    known: dict[str, Group] = {
        "floor": floor(options.sessions),
        "pgtenant": ours(options.python),
        "ansible": (Ansible(),),
        "ldap2pg": (Ldap2pg(),),
        "pg-sync-roles": (PgSyncRoles(),),
        "pgbedrock": (Pgbedrock(),),
    }
    return [known[name] for name in options.tools]
