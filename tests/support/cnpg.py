"""A project that is only files, whose manifests are written for a shared cluster."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from pgtenant.cli import main
from support.project import Result, render_catalog
from support.sealing import controller

DIRECTORY = "infra/databases/postgres"
CLUSTER = f"{DIRECTORY}/postgres-cluster.yaml"
CERTIFICATE = "infra/sealed-secrets/pub-cert.pem"
SHOP = {"database_name": "shop_orders", "username": "shop-user"}
CLUSTER_TEXT = """\
# The shared cluster. Ask the platform team before you change it.
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata:
  name: postgres-shared
  namespace: postgres
spec:
  instances: 3
  storage:
    size: 10Gi
  managed:
    roles:
      - name: legacy  # by hand, 2024
        login: true
        passwordSecret:
          name: legacy-db-creds
  monitoring:
    enablePodMonitor: true
"""


class GitOps:
    """A repository with a cluster and a catalog of dev."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.capsys = capsys
        self.settings('[secrets]\nstore = "file"\n')
        self.write(CLUSTER, CLUSTER_TEXT)
        self.write(CERTIFICATE, controller().certificate)

    def settings(self, more: str) -> None:
        self.write("pgtenant.toml", f'{more}[environments.dev]\nengine = "cnpg"\n')

    def declare(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """Write the catalog, and the secret of each entry that has none."""
        self.write("envs/dev-rds/terraform.tfvars", render_catalog(entries))
        for key, entry in entries.items():
            if not self._secret(key).exists():
                self.secret(key, entry, f"not-a-secret-of-{key}/%")

    def secret(
        self,
        key: str,
        entry: Mapping[str, Any],
        password: str,
        file: str = "postgres",
        **other: Any,
    ) -> None:
        path = self._secret(key).with_name(f"{file}.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        fields = {
            "username": entry["username"], "password": password, "host": "localhost", "port": 5432,
            "dbname": entry["database_name"],
        }  # fmt: skip
        path.write_text(json.dumps(fields | other))

    def _secret(self, key: str) -> Path:
        return self.root / f".secrets/goldenpath/dev/{key}/postgres.json"

    def write(self, path: str, content: str | bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def read(self, path: str) -> str:
        return (self.root / path).read_bytes().decode()

    def yaml(self, path: str) -> Any:
        return yaml.safe_load(self.read(path))

    def manifests(self) -> dict[str, str]:
        """The files in the directory of the manifests, by name."""
        return {path.name: path.read_text() for path in (self.root / DIRECTORY).iterdir()}

    def render(self, *arguments: str) -> Result:
        self.capsys.readouterr()
        code = main(["render", "cnpg", "-e", "dev", *arguments, "--project", str(self.root)])
        return Result(code, *self.capsys.readouterr())

    def rendered(self, *arguments: str) -> Result:
        """Render, and insist that it worked."""
        done = self.render(*arguments)
        assert done.code == 0, done.output
        return done

    def sealed(self, name: str, label: str = "") -> dict[str, str]:
        """Open the sealed credentials of an application, as the controller would."""
        found = self.yaml(f"{DIRECTORY}/{name}-secrets-sealed.yaml")
        label = label or f"{found['metadata']['namespace']}/{found['metadata']['name']}"
        values = found["spec"]["encryptedData"]
        return {key: controller().opened(value, label) for key, value in values.items()}
