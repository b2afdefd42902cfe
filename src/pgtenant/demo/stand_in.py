"""What stands in for Terraform in a sandbox: a secret for each entry of the catalog without one."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from pgtenant import settings
from pgtenant.demo.project import DemoProject
from pgtenant.demo.stage import say
from pgtenant.errors import PgtenantError
from pgtenant.report.errors import error_text
from pgtenant.usecases.inputs import load_catalog


def make_secrets(root: Path) -> None:
    """Store what is missing, with new passwords.

    Args:
        root: the sandbox's project.

    Raises:
        CatalogError: the catalog is wrong.
    """
    loaded = settings.load(root, environ=os.environ, overrides={})
    admin = json.loads((root / ".secrets/goldenpath/dev/rds/master.json").read_text("utf-8"))
    project = DemoProject(root, admin["host"], admin["port"])
    for entry in load_catalog(loaded, "dev", ()).entries:
        name = project.secret(entry.key)
        if not project.has(name):
            project.store(name, entry.username, entry.database_name)
            say(f"made the secret {name}")


if __name__ == "__main__":
    try:
        make_secrets(Path(sys.argv[1]))
    except PgtenantError as problem:
        sys.stderr.write(error_text(problem))
        sys.exit(problem.exit_code)
