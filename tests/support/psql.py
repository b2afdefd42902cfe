"""psql, as a person runs a script with it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.instance import Instance
from support.project import Result


def run_script(
    instance: Instance,
    script: Path,
    *,
    environ: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Result:
    """Run a script as the admin, in the maintenance database; skip the test without psql."""
    program = shutil.which("psql")
    if program is None:
        pytest.skip("needs psql: Debian's package postgresql-client is not installed")
    given = [f"--set={name}={value}" for name, value in (variables or {}).items()]
    done = subprocess.run(
        [program, "-X", instance.admin_conninfo(), *given, "-f", script],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | dict(environ or {}),
        timeout=120,
    )
    return Result(done.returncode, done.stdout, done.stderr)
