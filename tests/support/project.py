"""A platform repository in a temporary directory, and pgtenant run in it as a user would."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from pgtenant.cli import main
from support.instance import Instance
from support.moto import Moto
from support.published import check_output


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of the command line left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def output(self) -> str:
        return self.out + self.err


@dataclass(slots=True)
class Project:
    """A project with a catalog, private secrets in files, and one instance.

    `entries` maps keys to the fields of an entry; `write` makes the files. With `moto` the
    secrets are in AWS instead.
    """

    root: Path
    instance: Instance
    env: str = "dev"
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    environ: dict[str, str] = field(default_factory=dict)
    moto: Moto | None = None

    def write(self, entries: Mapping[str, Mapping[str, Any]], *, secrets: bool = True) -> None:
        """Write pgtenant.toml, the catalog and a secret for the admin and for each entry."""
        self.write_settings()
        self.write_catalog(render_catalog(entries))
        if secrets:
            admin = self.instance.admin
            self.write_secret("rds/master", admin.user, admin.password, admin.dbname)
            for key, entry in entries.items():
                user = str(entry["username"])
                name = f"{key}/postgres"
                if not self.has_secret(name):
                    self.write_secret(name, user, password_of(user), str(entry["database_name"]))

    def write_settings(self) -> None:
        defaults: dict[str, dict[str, Any]] = {
            "secrets": {"store": "aws" if self.moto else "file"},
            "server": {"sslmode": "verify-full", "sslrootcert": str(self.instance.ca_file)},
        }
        for section, values in self.settings.items():
            defaults.setdefault(section, {}).update(values)
        lines: list[str] = []
        for section, values in defaults.items():
            lines.append(f"[{section}]")
            lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
        (self.root / "pgtenant.toml").write_text("\n".join(lines) + "\n")

    def write_catalog(self, text: str | bytes) -> None:
        self.catalog.parent.mkdir(parents=True, exist_ok=True)
        self.catalog.write_bytes(text.encode() if isinstance(text, str) else text)

    def write_secret(self, name: str, user: str, password: str, dbname: str, **other: Any) -> None:
        """Write a secret; `other` replaces its fields, and None leaves one out."""
        fields = {
            "username": user,
            "password": password,
            "host": self.instance.host,
            "port": self.instance.port,
            "dbname": dbname,
        } | other
        fields = {name: value for name, value in fields.items() if value is not None}
        if self.moto is not None:
            self.moto.store_secret(self.secret_name(name), fields)
            return
        path = self.secret_path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps(fields))

    def has_secret(self, name: str) -> bool:
        if self.moto is not None:
            return self.secret_name(name) in self.moto.names()
        return self.secret_path(name).exists()

    def secret_name(self, name: str) -> str:
        return f"goldenpath/{self.env}/{name}"

    def secret_path(self, name: str) -> Path:
        return self.root / ".secrets" / f"{self.secret_name(name)}.json"

    @property
    def catalog(self) -> Path:
        return self.root / "envs" / f"{self.env}-rds" / "terraform.tfvars"

    @property
    def audit(self) -> Path:
        return self.root / "governance" / self.env / "rds_provision_audit.csv"

    def audit_rows(self) -> list[dict[str, str]]:
        with self.audit.open(newline="") as file:
            return list(csv.DictReader(file))

    def plan(self, *arguments: str) -> Result:
        return self.run("plan", "-e", self.env, "--format", "json", *arguments)

    def apply(self, *arguments: str) -> Result:
        return self.run("apply", "-e", self.env, "--format", "json", *arguments)

    def converge(self, *arguments: str) -> Result:
        """Apply, and insist that it worked."""
        result = self.apply(*arguments)
        assert result.code == 0, result.output
        return result

    def tenant(self, user: str, dbname: str) -> psycopg.Connection[tuple[Any, ...]]:
        """Log in as an application would; close it (`with` does)."""
        return self.instance.connect(user, password_of(user), dbname)

    def variables(self) -> dict[str, str]:
        """The environment variables that pgtenant runs with, besides the process's own."""
        return (self.moto.env if self.moto is not None else {}) | self.environ

    def run(self, *arguments: str) -> Result:
        """Run the command line in this process, with the real environment plus `variables`.

        JSON that it prints has to be what the command's schema says.
        """
        out, err = io.StringIO(), io.StringIO()
        with (
            _environ(self.variables()),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            code = main([*arguments, "--project", str(self.root)])
        check_output(arguments, out.getvalue())
        return Result(code, out.getvalue(), err.getvalue())

    def command(self, *arguments: str) -> list[str]:
        """Return the argument list that runs pgtenant in a process of its own."""
        return [sys.executable, "-m", "pgtenant", *arguments, "--project", str(self.root)]

    def spawn(self, *arguments: str) -> Result:
        """Run the command line in a process of its own."""
        done = subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | self.variables(),
            timeout=120,
        )
        return Result(done.returncode, done.stdout, done.stderr)


def make_marked(
    instance: Instance,
    role: str,
    entry: str,
    *,
    environment: str = "dev",
    power: str = "NOSUPERUSER",
) -> None:
    """Make a role as a superuser, with the marker of an entry on it."""
    marker = {"managed_by": "pgtenant", "environment": environment, "entry": entry}
    name = sql.Identifier(role)
    instance.su(sql.SQL("CREATE ROLE {} LOGIN {}").format(name, sql.SQL(power)))
    instance.su(sql.SQL("COMMENT ON ROLE {} IS {}").format(name, sql.Literal(json.dumps(marker))))


def password_of(user: str) -> str:
    """Return an obviously fake password that needs quoting in SQL, JSON and URLs."""
    return f"fake-'{user}'-%/?:\\pass"


def render_catalog(entries: Mapping[str, Mapping[str, Any]]) -> str:
    """Write entries as HCL."""
    lines = ["application_databases = {"]
    for key, fields in entries.items():
        lines.append(f"  {json.dumps(key)} = {{")
        lines += [f"    {name} = {json.dumps(value)}" for name, value in fields.items()]
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


@contextlib.contextmanager
def _environ(changes: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
