"""Terraform, with the provider from a mirror on this machine and AWS from moto."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MIRRORED = Path("registry.terraform.io", "hashicorp", "aws")


@dataclass(frozen=True, slots=True)
class Done:
    """What one run of Terraform left."""

    code: int
    output: str


@dataclass(slots=True)
class Terraform:
    """Runs Terraform.

    Attributes:
        environ: for every run, besides the process's own.
        said: the output of every run so far.
    """

    environ: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def __call__(self, directory: Path, *arguments: str, allowed: tuple[int, ...] = (0,)) -> Done:
        """Run a command in a directory, and insist that it ends with one of these codes."""
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "TF_", "PGTENANT_"))
        }
        quiet = {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
        done = subprocess.run(
            ["terraform", f"-chdir={directory}", *arguments],
            env=own | quiet | self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
        )
        self.said.append(done.stdout)
        assert done.returncode in allowed, done.stdout
        return Done(done.returncode, done.stdout)


def missing() -> str | None:
    """Say what Terraform needs and is not here, or None."""
    if shutil.which("terraform") is None:
        return "there is no terraform on this machine: only static checks were made"
    if find_mirror(os.environ) is None:
        return (
            "no mirror of hashicorp/aws: TF_PLUGIN_MIRROR is not set, and there is no tf-plugins"
            " below /opt; fell back to terraform fmt and static checks"
        )
    return None


def find_mirror(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of the provider mirror."""
    given = environ.get("TF_PLUGIN_MIRROR")
    places = (
        [Path(given)]
        if given
        else [
            place
            for below in ("", "*/", "*/*/")
            for place in Path("/opt").glob(f"{below}tf-plugins")
        ]
    )
    return next((place for place in places if (place / MIRRORED).is_dir()), None)


def write_config(path: Path, mirror: Path) -> dict[str, str]:
    """Write the CLI's configuration; return the variables for it."""
    path.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    )
    # The provider's schema is 300 MB of garbage: collected less often it takes a quarter less time.
    return {"TF_CLI_CONFIG_FILE": str(path), "GOGC": "400"}
