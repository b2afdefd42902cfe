"""psql as an application."""

from __future__ import annotations

import os
import subprocess

from support.project import Project, Result


def connect(project: Project, key: str, *arguments: str) -> Result:
    """Run `pgtenant connect` with these arguments for psql."""
    command = project.command("connect", "-e", "dev", key)
    done = subprocess.run(
        [*command, "--", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | project.environ,
        timeout=120,
    )
    return Result(done.returncode, done.stdout, done.stderr)
