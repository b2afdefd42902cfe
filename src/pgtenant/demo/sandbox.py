"""A server with nothing on it and an empty project beside it: what the tutorial begins with."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Final

from pgtenant.codes import Code
from pgtenant.demo.project import EMPTY_CATALOG, DemoProject
from pgtenant.demo.stage import make_admin, say, until_interrupted
from pgtenant.embedded import Server, find_bundled
from pgtenant.errors import PgtenantError, UsageError

_STAND_IN: Final = """\
#!/bin/sh
# In the place of Terraform: a secret for each entry of the catalog that has none.
exec {python} -m pgtenant.demo.stand_in {root}
"""


def run_sandbox(directory: Path) -> int:
    """Start a server and lay out a project for it, until Ctrl-C. The project stays.

    Args:
        directory: where; nothing is there yet, or it is empty.

    Raises:
        UsageError: something is there.
        PgtenantError: the directory can't be written, or the server is missing or does not start.
    """
    root = directory.absolute()
    try:
        root.mkdir(parents=True, exist_ok=True)
        if any(root.iterdir()):
            raise UsageError(
                f"{directory} is not empty",
                hint="name a directory that is not there",
                code=Code.OCCUPIED,
            )
        with Server(find_bundled(), settings={"max_connections": "50"}) as server:
            project = DemoProject(root, server.host, server.port)
            project.lay_out(EMPTY_CATALOG)
            make_admin(server, project)
            _lay_out_programs(root)
            say(
                f"PostgreSQL {server.distribution.version} runs at {project.host}:{project.port}"
                f" until Ctrl-C.\nThe project is in {directory}; nothing is declared yet."
            )
            until_interrupted()
    except OSError as error:
        raise PgtenantError(
            f"{directory} can't be written: {error.strerror or error}", code=Code.UNWRITABLE_FILE
        ) from None
    return 0


def _lay_out_programs(root: Path) -> None:
    programs = root / "bin"
    programs.mkdir()
    (programs / "psql").symlink_to(find_bundled().program("psql"))
    stand_in = programs / "make-secrets"
    stand_in.write_text(
        _STAND_IN.format(python=shlex.quote(sys.executable), root=shlex.quote(str(root))), "utf-8"
    )
    stand_in.chmod(0o755)
