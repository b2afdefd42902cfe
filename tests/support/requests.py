"""A project that is only files, in which databases are requested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pgtenant.audit.rows import HEADER
from pgtenant.cli import main
from support.project import Result
from support.published import check_output

DOCUMENTED = {
    "database_name": "inventory_service",
    "username": "inventory_user",
    "owner": "app-team",
    "requester": "daniel-deans",
    "domain": "application",
    "risk": "medium",
    "initial_schema": "none",
}
CATALOG = "envs/{}-rds/terraform.tfvars"
RECORDS = "docs/20-contracts/resource-catalogs/rds-catalog.yaml"
ENTITY = "backstage/databases/{}/{}.yaml"


class Requests:
    """A project in which requests are made."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys

    def run(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        asked = ["request", *arguments, "--project", str(self.root)]
        done = Result(main(asked), *self._capsys.readouterr())
        check_output(asked, done.out)
        return done

    def add(self, environment: str = "dev", *more: str, **changed: str) -> Result:
        return self.run("add", "-e", environment, *flags(DOCUMENTED | changed), *more)

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())

    def files(self) -> dict[str, bytes]:
        paths = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in paths}

    def yaml(self, path: str) -> Any:
        return yaml.safe_load((self.root / path).read_bytes())

    def audit(
        self, *rows: tuple[str, str, str, str, str], at: str = "2999-11-21T10:00:00Z"
    ) -> None:
        """Write the audit of dev: of each row the run, the database, the role, what and how."""
        lines = (
            f"{at},dev,b,{run},{database},{user},{action},{status},1,\n"
            for run, database, user, action, status in rows
        )
        self.write("governance/dev/rds_provision_audit.csv", HEADER + "".join(lines))

    def record(self, environment: str, key: str) -> Any:
        return self.yaml(RECORDS)["databases"][environment][key]


def flags(fields: dict[str, str]) -> list[str]:
    given = (("--" + name.replace("_", "-"), value) for name, value in fields.items())
    return [word for pair in given for word in pair]
