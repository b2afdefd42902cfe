"""The demo, step by step: each command is the real one, in a process of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pgtenant.codes import Code
from pgtenant.demo.project import ADMIN, CATALOG, LOGINS, DemoProject
from pgtenant.demo.proof import prove
from pgtenant.demo.stage import make_admin, say, until_interrupted
from pgtenant.embedded import Server, find_bundled
from pgtenant.errors import ExitCode, PgtenantError

_AUDIT = Path("governance/dev/rds_provision_audit.csv")


def run_demo(*, keep: bool) -> int:
    """Show the main job from nothing, and check that it is true.

    Args:
        keep: leave the server and the project until Ctrl-C.

    Returns:
        0 when every attempt ended as it must, else 1.

    Raises:
        PgtenantError: the embedded server is missing or does not start.
    """
    began = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="pgtenant-demo-"))
    try:
        say("Starting an embedded PostgreSQL on loopback …")
        with Server(find_bundled(), settings={"max_connections": "50"}) as server:
            project = DemoProject(directory, server.host, server.port)
            project.lay_out(CATALOG)
            for key, (user, database) in LOGINS.items():
                project.store(project.secret(key), user, database)
            make_admin(server, project)
            code = _show(project, time.monotonic() - began)
            say(f"\nDone in {time.monotonic() - began:.1f} s.")
            if keep:
                _keep(project)
            return code
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _show(project: DemoProject, started: float) -> int:
    say(
        f"PostgreSQL is up after {started:.1f} s. Its admin, {ADMIN}, has CREATEROLE and CREATEDB"
        "\nand nothing more, like the master user of an RDS instance."
    )
    _head("The catalog: envs/dev-rds/terraform.tfvars")
    say(CATALOG.rstrip())
    for title, command in (
        ("What would change", ("plan",)),
        ("Change it", ("apply",)),
        ("Again: nothing is left to change", ("apply",)),
    ):
        _head(f"{title}: pgtenant {' '.join(command)} -e dev")
        _pgtenant(project, *command)
    _head("What applications can do: real logins, with each one's own secret")
    results = list(prove(project))
    for result in results:
        mark = "ok  " if result.as_expected else "FAIL"
        outcome = "allowed" if result.succeeded else f"refused ({result.said})"
        say(f"  {mark} {result.attempt.what}: {outcome}")
    _head(f"The audit trail: {_AUDIT}")
    say((project.root / _AUDIT).read_text("utf-8").rstrip())
    wrong = [result for result in results if not result.as_expected]
    if wrong:
        say(f"\n{len(wrong)} attempt(s) did not end as they must.")
        return ExitCode.FAILED
    _head("The proof of isolation, by every role against everything: pgtenant verify -e dev")
    _pgtenant(project, "verify")
    return ExitCode.CONVERGED


def _pgtenant(project: DemoProject, *arguments: str) -> None:
    """Run pgtenant as a user would; its output goes straight to ours.

    Raises:
        PgtenantError: it failed.
    """
    command = [sys.executable, "-m", "pgtenant", *arguments, "-e", "dev"]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PGTENANT_")}
    sys.stdout.flush()
    done = subprocess.run(  # noqa: S603 - this very program
        [*command, "--project", str(project.root)],
        check=False,
        env=environ | {"PGTENANT_LOG_LEVEL": "warning"},
    )
    if done.returncode != ExitCode.CONVERGED:
        raise PgtenantError(
            f"pgtenant {' '.join(arguments)} ended with exit code {done.returncode}",
            hint="its message is above; please report it",
            code=Code.INTERNAL,
        )


def _keep(project: DemoProject) -> None:
    say(
        f"\nThe server runs at {project.host}:{project.port} until Ctrl-C."
        f"\nProject: {project.root}  (secrets below .secrets/)"
        f"\nTry: pgtenant plan -e dev --project {project.root}"
    )
    until_interrupted()


def _head(title: str) -> None:
    say(f"\n── {title} {'─' * max(2, 76 - len(title))}\n")
