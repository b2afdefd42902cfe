"""A laid out platform repository on a real server, with its secrets in a fake AWS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from support.instance import Instance
from support.moto import Moto
from support.project import Project, Result, password_of, render_catalog

_CI = ("CI", "BUILD_", "GITHUB_", "ALLOW_", "PGTENANT_", "AWS_", "TF_", "MAKE", "KUBE")


@dataclass(slots=True)
class LaidOut:
    """The repository as `pgtenant init` wrote it; only the certificates are the test's."""

    root: Path
    instance: Instance
    moto: Moto

    def write(self, entries: Mapping[str, Mapping[str, Any]], *, env: str = "dev") -> None:
        """Declare entries, and store their secrets and the admin's."""
        project = self._project(env)
        project.write_catalog(render_catalog(entries))
        admin = self.instance.admin
        project.write_secret("rds/master", admin.user, admin.password, admin.dbname)
        for key, entry in entries.items():
            user = str(entry["username"])
            dbname = str(entry["database_name"])
            project.write_secret(f"{key}/postgres", user, password_of(user), dbname)

    def _project(self, env: str) -> Project:
        return Project(self.root, self.instance, env, moto=self.moto)

    def audit_rows(self, env: str = "dev") -> list[dict[str, str]]:
        return self._project(env).audit_rows()

    def tenant(self, user: str, dbname: str) -> psycopg.Connection[tuple[Any, ...]]:
        """Log in as an application would; close it (`with` does)."""
        return self.instance.connect(user, password_of(user), dbname)

    def environ(self, extra: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of somebody at a terminal, with this pgtenant and the fake AWS."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(_CI)}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**own, **self.moto.env, "PATH": path, "KUBECONFIG": os.devnull, **extra}

    def run(self, *command: str | Path, **extra: str) -> Result:
        """Run a command in the repository; `extra` are more variables."""
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environ(extra),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            text=True,
        )
        return Result(done.returncode, done.stdout, done.stderr)


def lay_out(source: Path, root: Path, instance: Instance, moto: Moto) -> LaidOut:
    """Copy what `init` wrote, and trust the instance's certificate where RDS's would lie."""
    shutil.copytree(source, root)
    shutil.copy(instance.ca_file, root / "certs" / "rds-global-bundle.pem")
    return LaidOut(root, instance, moto)
