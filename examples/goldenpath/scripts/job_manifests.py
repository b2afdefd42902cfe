"""The manifests of one run's Job, from the checkout that this file is in."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import shlex
import subprocess
import tarfile
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BASE = ROOT / "gitops" / "kustomize" / "rds-provision"
NAMESPACE = "platform-system"
KUBECTL = shlex.split(os.environ.get("KUBECTL") or "kubectl")
CATALOG = "envs/{env}-rds/terraform.tfvars"
OTHER_CATALOGS = ("terraform.tfvars.json", "terraform.yaml", "terraform.yml")
# Kubernetes takes 1 MiB for a whole object.
MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class Request:
    """What the Job is to be.

    Attributes:
        suffix: what its name ends with.
        variables: of the container.
        annotations: of the Job.
        command: of pgtenant.
        dry_run: whether it changes nothing.
        image: empty for the one that gitops/kustomize/components/image names.
        components: directories of kustomize components.
    """

    suffix: str
    variables: dict[str, str]
    annotations: dict[str, str]
    command: str
    dry_run: bool
    image: str
    components: tuple[Path, ...]


def project_files(env: str) -> list[Path]:
    """Return what pgtenant reads of this repository, relative to it.

    Raises:
        ValueError: there is no catalog, or the settings can't be read or name what is not in it.
    """
    if os.environ.get("PGTENANT_PROJECT_CATALOG"):
        raise ValueError("PGTENANT_PROJECT_CATALOG does not reach the Job; pgtenant.toml does")
    settings = ROOT / "pgtenant.toml"
    given = tomllib.loads(settings.read_text("utf-8")) if settings.exists() else {}
    catalog = ROOT / given.get("project", {}).get("catalog", CATALOG).replace("{env}", env)
    candidates = [catalog, *(catalog.with_name(name) for name in OTHER_CATALOGS)]
    catalogs = [path for path in candidates if path.is_file()]
    if not catalogs:
        raise ValueError(f"there is no catalog {os.path.relpath(catalog, ROOT)}")
    others = [path for name in ("certs", "schemas") for path in (ROOT / name).rglob("*")]
    # What a catalog can name beside itself: a list of tenants.
    others += [path for one in catalogs for path in one.parent.glob("*.txt")]
    trusted = given.get("server", {}).get("sslrootcert", "system")
    if trusted != "system":
        others.append((ROOT / trusted).resolve())
    files = {path for path in (settings, *catalogs, *others) if path.is_file()}
    outside = [path for path in files if not path.is_relative_to(ROOT)]
    if outside:
        raise ValueError(f"{outside[0]} is not in this repository, and does not reach the Job")
    return sorted(path.relative_to(ROOT) for path in files)


def packed(files: list[Path]) -> str:
    """Return the files as a tar archive in base64; the same files give the same text.

    Raises:
        ValueError: they do not fit into a ConfigMap.
    """
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for file in files:
            content = (ROOT / file).read_bytes()
            member = tarfile.TarInfo(str(file))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    text = base64.b64encode(gzip.compress(stream.getvalue(), mtime=0)).decode()
    if len(text) > MOST_BYTES:
        raise ValueError(f"{len(files)} files are too large for a ConfigMap, also compressed")
    return text


def config_map(name: str, variables: dict[str, str], bundle: str) -> dict[str, Any]:
    """Return a ConfigMap of variables and of the packed project."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "data": variables,
        "binaryData": {"project.tar.gz": bundle},
    }


def rendered(request: Request, bundle: str) -> str:
    """Return the manifests as kustomize makes them.

    Raises:
        ValueError: kustomize refuses to.
    """
    # Inside of the repository, because kustomize takes relative paths only.
    with tempfile.TemporaryDirectory(prefix=".rds-job-", dir=ROOT) as directory:
        overlay = Path(directory)
        variables = config_map("rds-provision", request.variables, bundle) | {"immutable": True}
        (overlay / "variables.json").write_text(json.dumps(variables))
        (overlay / "kustomization.yaml").write_text(json.dumps(_kustomization(request, overlay)))
        command = [*KUBECTL, "kustomize", str(overlay)]
        made = subprocess.run(command, capture_output=True, check=False, text=True)
    if made.returncode:
        raise ValueError(made.stderr.strip())
    return made.stdout


def _kustomization(request: Request, overlay: Path) -> dict[str, Any]:
    pod = "/spec/template/spec"
    changes: list[dict[str, Any]] = [
        {"op": "add", "path": "/metadata/annotations", "value": request.annotations}
    ]
    if request.command != "apply":
        arguments = [request.command, "--env=$(ENVIRONMENT)", "--project=/project"]
        changes.append({"op": "replace", "path": f"{pod}/containers/0/args", "value": arguments})
    if request.dry_run:
        changes.append({"op": "add", "path": f"{pod}/containers/0/args/-", "value": "--dry-run"})
    if request.image:
        changes += [
            {"op": "replace", "path": f"{pod}/{kind}/0/image", "value": request.image}
            for kind in ("initContainers", "containers")
        ]
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "nameSuffix": request.suffix,
        "resources": [os.path.relpath(BASE, overlay), "variables.json"],
        "components": [os.path.relpath(one, overlay) for one in request.components],
        "patches": [{"target": {"kind": "Job"}, "patch": json.dumps(changes)}],
    }
