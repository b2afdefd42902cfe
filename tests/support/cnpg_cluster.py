"""A shared cluster: manifests in a repository, a real PostgreSQL, stand-ins for the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql

from pgtenant.cli import main
from support.cnpg import DIRECTORY, GitOps
from support.cnpg_operator import StandInOperator
from support.instance import Instance
from support.project import Result
from support.sealing import controller

ADMIN = "pgtenant_admin"
START = "app"
"""Where everyone may connect, as in a new cluster's `postgres` and `app`."""

IMAGE = "ghcr.io/example/pgtenant@sha256:" + "0" * 64
JOB = f"{DIRECTORY}/pgtenant-apply.yaml"


@dataclass
class SharedCluster:
    """What a commit to the repository becomes.

    Attributes:
        gitops: the repository.
        instance: the cluster's PostgreSQL.
        applied: what the operator remembers from one sync to the next.
    """

    gitops: GitOps
    instance: Instance
    applied: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.instance.su(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(START)))

    def declare(self, entries: Mapping[str, Mapping[str, Any]]) -> None:
        """Write settings, catalog and secrets; the admin's leads to the server."""
        self.gitops.settings(
            '[secrets]\nstore = "file"\n[server]\nsslmode = "verify-full"\n'
            f"sslrootcert = {json.dumps(str(self.instance.ca_file))}\n"
            f'maintenance_database = "{START}"\n'
            f"[cnpg]\nimage = {json.dumps(IMAGE)}\n"
        )
        self.gitops.declare(entries)
        admin = {"username": ADMIN, "database_name": START}
        self.gitops.secret(
            "rds", admin, "not-a-secret-of-the-admin", file="master", port=self.instance.port
        )

    def objects(self) -> list[dict[str, Any]]:
        """The manifests, as the API server would have them."""
        texts = [text for _, text in sorted(self.gitops.manifests().items())]
        return [one for text in texts for one in yaml.safe_load_all(text)]

    def secrets(self) -> dict[str, dict[str, str]]:
        """What the sealed-secrets controller makes of them, by name."""
        opened = {}
        for one in self.objects():
            if one["kind"] == "SealedSecret":
                name = one["metadata"]["name"]
                label = f"{one['metadata']['namespace']}/{name}"
                values = one["spec"]["encryptedData"]
                opened[name] = {k: controller().opened(v, label) for k, v in values.items()}
        return opened

    def sync(self) -> StandInOperator:
        """Waves 0 to 2; the operator looks again and again, here twice."""
        operator = StandInOperator(self.instance, self.secrets(), applied=self.applied)
        operator.reconcile(self.objects())
        operator.reconcile(self.objects())
        return operator

    def run(self, *arguments: str) -> Result:
        """Run pgtenant with what is in the repository."""
        self.gitops.capsys.readouterr()
        code = main([*arguments, "-e", "dev", "--project", str(self.gitops.root)])
        return Result(code, *self.gitops.capsys.readouterr())

    def converge(self, *arguments: str) -> Result:
        """Do by SQL what is left, and insist that it worked."""
        done = self.run("apply", *arguments)
        assert done.code == 0, done.output
        return done

    def tenant(self, user: str, dbname: str) -> psycopg.Connection[tuple[Any, ...]]:
        """Log in as an application would; close it (`with` does)."""
        [found] = [s for s in self.secrets().values() if s["username"] == user]
        return self.instance.connect(user, found["password"], dbname)

    def run_job(self, root: Path, environ: Mapping[str, str]) -> Result:
        """Run the Job's container here, its volumes below a directory.

        In place of the cluster's own name stands where the server is.
        """
        objects = {
            one["kind"]: one for one in self.objects() if one["kind"] in {"ConfigMap", "Job"}
        }
        data = objects["ConfigMap"]["data"] | {
            "host": self.instance.host,
            "port": str(self.instance.port),
        }
        held: dict[tuple[str, str], Mapping[str, str]] = {
            ("configMap", objects["ConfigMap"]["metadata"]["name"]): data,
            ("secret", "postgres-shared-ca"): {"ca.crt": self.instance.ca_file.read_text()},
            **{("secret", name): values for name, values in self.secrets().items()},
        }
        pod = objects["Job"]["spec"]["template"]["spec"]
        [container] = pod["containers"]
        volumes = {one["name"]: one for one in pod["volumes"]}
        places = {one["mountPath"]: root / one["name"] for one in container["volumeMounts"]}
        for mount in container["volumeMounts"]:
            _fill(root / mount["name"], volumes[mount["name"]], held)

        def here(text: str) -> str:
            paths = "|".join(map(re.escape, places))
            return re.sub(rf"(?<![\w/])({paths})(?![\w-])", lambda m: str(places[m[1]]), text)

        given = {one["name"]: here(one["value"]) for one in container["env"] if "value" in one}
        self.gitops.capsys.readouterr()
        with pytest.MonkeyPatch.context() as patched:
            for name, value in {**given, **environ}.items():
                patched.setenv(name, value)
            code = main([here(one) for one in container["args"]])
        return Result(code, *self.gitops.capsys.readouterr())


def _fill(
    place: Path, volume: Mapping[str, Any], held: Mapping[tuple[str, str], Mapping[str, str]]
) -> None:
    place.mkdir(parents=True, exist_ok=True)
    sources = volume["projected"]["sources"] if "projected" in volume else [volume]
    mode = volume.get("projected", {}).get("defaultMode", 0o644)
    for source in sources:
        for kind in ("configMap", "secret"):
            if kind not in source:
                continue
            values = held[kind, source[kind].get("name") or source[kind]["secretName"]]
            for item in source[kind]["items"]:
                path = place / item["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(values[item["key"]])
                path.chmod(mode)
