"""What README.md shows of `plan` and `verify`: made by running them on the catalog that it shows.

    python -m tools.readme

writes it between the marks. The server is the demo's, whose own databases its superuser has closed;
its port is written as 5432, and a moment as "…".
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import psycopg

from pgtenant.demo.project import DemoProject
from pgtenant.demo.stage import make_admin
from pgtenant.demo.stand_in import make_secrets
from pgtenant.embedded import Server, find_bundled

PAGE = Path(__file__).parents[1] / "README.md"
SHOWN = ("plan", "verify")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:]+Z, took [\d.]+ s")
_CATALOG = re.compile(r"^```hcl\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MADE = re.compile(r"(<!-- made by `make readme`: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> int:
    """Write the page."""
    PAGE.write_text(made(PAGE.read_text("utf-8")), "utf-8")
    return 0


def made(text: str) -> str:
    """Return the page with what the commands print today."""
    printed = outputs(catalog(text))
    return _MADE.sub(lambda m: f"{m[1]}```text\n{printed[m[2]]}```\n{m[3]}", text)


def catalog(text: str) -> str:
    """Return the catalog that the page shows."""
    found = _CATALOG.search(text)
    assert found is not None, "the page shows no catalog"
    return found[1]


def marks(text: str) -> tuple[str, ...]:
    """Return the commands whose output the page shows, in order."""
    return tuple(command for _, command, _ in _MADE.findall(text))


def outputs(catalog: str) -> Mapping[str, str]:
    """Return what each of `SHOWN` prints, `apply` between them, on a server with nothing on it."""
    with (
        tempfile.TemporaryDirectory() as directory,
        Server(find_bundled(), settings={"max_connections": "50"}) as server,
    ):
        project = DemoProject(Path(directory), server.host, server.port)
        project.lay_out(catalog)
        with psycopg.connect(server.superuser_conninfo(), autocommit=True) as superuser:
            superuser.execute("REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC")
        make_admin(server, project)
        make_secrets(project.root)
        printed = {name: _pgtenant(project, name) for name in ("plan", "apply", "verify")}
    return {
        name: _MOMENT.sub("…", printed[name].replace(str(server.port), "5432")) for name in SHOWN
    }


def _pgtenant(project: DemoProject, command: str) -> str:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PGTENANT_")}
    done = subprocess.run(
        [sys.executable, "-m", "pgtenant", command, "-e", "dev"],
        cwd=project.root,
        env=environ | {"PGTENANT_LOG_LEVEL": "error", "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
