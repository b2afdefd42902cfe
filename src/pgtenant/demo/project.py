"""The demo's platform repository: the documents' example, with secrets made up on the spot."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CATALOG: Final = """\
# Every application's database, declared. This file is the only source of truth.
application_databases = {
  keycloak = {
    database_name = "keycloak"
    username      = "keycloak_user"
  }
  backstage = {
    database_name = "backstage"
    username      = "backstage_user"
  }
  analytics = {
    database_name  = "analytics"
    username       = "analytics_user"
    initial_schema = "basic-app"
  }
  analytics_readonly = {
    database_name = "analytics"
    username      = "analytics_reader"
    access_level  = "reader"
  }
}
"""
EMPTY_CATALOG: Final = """\
# Every application's database, declared. This file is the only source of truth.
application_databases = {}
"""
SETTINGS: Final = """\
[secrets]
store = "file"   # on AWS: "aws", which is the default
"""
LOGINS: Final = {
    "keycloak": ("keycloak_user", "keycloak"),
    "backstage": ("backstage_user", "backstage"),
    "analytics": ("analytics_user", "analytics"),
    "analytics_readonly": ("analytics_reader", "analytics"),
}
ADMIN: Final = "platform_admin"
MAINTENANCE: Final = "platform"


@dataclass(frozen=True, slots=True)
class DemoProject:
    """A project's directory and the server that its secrets point at."""

    root: Path
    host: str
    port: int

    def lay_out(self, catalog: str) -> None:
        """Write the settings and the catalog."""
        file = self.root / "envs" / "dev-rds" / "terraform.tfvars"
        file.parent.mkdir(parents=True)
        file.write_text(catalog, "utf-8")
        (self.root / "pgtenant.toml").write_text(SETTINGS, "utf-8")

    @staticmethod
    def secret(entry: str) -> str:
        """Return the name of an application's secret, by the key of its entry."""
        return f"goldenpath/dev/{entry}/postgres"

    def has(self, name: str) -> bool:
        """Tell whether there is a secret of that name."""
        return self._path(name).exists()

    def store(self, name: str, user: str, database: str) -> str:
        """Store a secret with a new password, readable by its owner only; return the password."""
        password = secrets.token_urlsafe(24)
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = {
            "username": user,
            "password": password,
            "host": self.host,
            "port": self.port,
            "dbname": database,
        }
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(fields, file)
        return password

    def conninfo(self, entry: str, database: str | None = None) -> dict[str, str | int]:
        """Return how an application logs in with its own secret, also to another's database."""
        fields = json.loads(self._path(self.secret(entry)).read_text("utf-8"))
        return {
            "host": self.host,
            "port": self.port,
            "user": fields["username"],
            "password": fields["password"],
            "dbname": database or fields["dbname"],
        }

    def _path(self, name: str) -> Path:
        return self.root / ".secrets" / f"{name}.json"
