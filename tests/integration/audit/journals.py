"""What the journals of real runs say, a catalog whose runs have something to say, and their end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from typing import Any

from pgtenant.audit.journal import journal_path
from pgtenant.audit.verify import verify
from support.instance import Instance
from support.project import Project
from support.siege import SHOP

ENTRIES = {**SHOP, "shop": {**SHOP["shop"], "initial_schema": "mine.sql"}}
SCHEMA = "CREATE TABLE public.orders (id int); INSERT INTO public.orders VALUES (1);"
KILLED_AT = """
import resource, signal, sys
from pgtenant.cli import main
size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
sys.exit(main(sys.argv[1:]))
"""


def killed_at(project: Project, size: int, *arguments: str) -> bool:
    """Run a command until its journal has that many bytes; return whether it was killed there.

    The kernel kills it: its files may grow to a size and no further, and the signal that says so
    is left at its default.
    """
    python, _, _, *arguments_ = project.command(*arguments)
    done = subprocess.run(
        [python, "-c", KILLED_AT, str(size), *arguments_],
        check=False,
        capture_output=True,
        env=os.environ | project.variables(),
        timeout=60,
    )
    assert done.returncode in {0, -signal.SIGXFSZ}, done.stderr
    return done.returncode != 0


def sizes(project: Project) -> list[int]:
    """Return where the lines of a whole run end, from the first one about a change on."""
    ends: list[int] = []
    size, begun = 0, False
    for line in journal_path(project.audit).read_bytes().splitlines(keepends=True):
        size += len(line)
        begun = begun or json.loads(line)["kind"] == "settled"
        if begun:
            ends.append(size)
    return ends


def records(project: Project) -> list[dict[str, Any]]:
    verdict = verify(journal_path(project.audit).read_bytes())
    assert verdict.misfit is None
    return [dict(link.members) for link in verdict.links]


def of_run(found: list[dict[str, Any]], run_id: str, kind: str) -> list[dict[str, Any]]:
    return [one for one in found if (one["run_id"], one["kind"]) == (run_id, kind)]


def planned(found: list[dict[str, Any]], run_id: str) -> list[str]:
    groups = of_run(found, run_id, "planned")
    return [change["id"] for group in groups for change in group["changes"]]


def recorded(found: list[dict[str, Any]], run_id: str) -> list[str]:
    return [key for one in of_run(found, run_id, "record") for key in one.get("changes", ())]


def settled(found: list[dict[str, Any]], run_id: str) -> list[str]:
    rows = of_run(found, run_id, "record")
    return [key for one in rows if "settles" in one for key in one["settles"]["changes"]]


def forget(project: Project, instance: Instance) -> None:
    """Take away what the runs made, and what they said."""
    instance.su("DROP DATABASE IF EXISTS shop WITH (FORCE)")
    instance.su("DROP ROLE IF EXISTS shop_user, shop_reader")
    for path in (project.audit, journal_path(project.audit)):
        path.unlink(missing_ok=True)
