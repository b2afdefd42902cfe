"""What a shared cluster is told, byte for byte; `PGTENANT_UPDATE_GOLDEN=1` rewrites the files.

Sealed values are never alike: their places are held instead.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import crds
from support.cnpg import GitOps
from support.cnpg_cluster import ADMIN, IMAGE

FILES = Path(__file__).parent / "cnpg"
ENTRIES: dict[str, dict[str, Any]] = {
    "my_shop": {
        "database_name": "shop_orders",
        "username": "shop-user",
        "createdb": False,
        "connection_limit": 20,
        "extensions": ["citext", "pg_trgm"],
    },
    "my_shop_bi": {
        "database_name": "shop_orders",
        "username": "bi_reader",
        "access_level": "reader",
    },
}
SETTINGS = (
    '[secrets]\nstore = "file"\n[cnpg]\nkeys = ["username", "password", "DATABASE_URL"]\n'
    f'image = "{IMAGE}"\n'
)
NAMES = (
    "postgres-cluster.yaml",
    "my-shop-secrets-sealed.yaml",
    "my-shop-db.yaml",
    "my-shop-bi-secrets-sealed.yaml",
    "pgtenant-admin-secrets-sealed.yaml",
    "pgtenant-apply.yaml",
)
RESOURCES = Path(__file__).parent / "cnpg_resources"
ROLES = ("my-shop-bi-role.yaml", "my-shop-role.yaml", "postgres-cluster.yaml")
DEFINITIONS = {
    "Cluster": "cnpg_clusters.yaml",
    "DatabaseRole": "cnpg_databaseroles.yaml",
    "Database": "cnpg_databases.yaml",
    "SealedSecret": "sealedsecrets.yaml",
}


@pytest.fixture
def gitops(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> GitOps:
    """A repository with the entries, and pgtenant's own secret."""
    gitops = GitOps(tmp_path, capsys)
    gitops.settings(SETTINGS)
    gitops.declare(ENTRIES)
    admin = {"username": ADMIN, "database_name": "postgres"}
    gitops.secret("rds", admin, "not-a-secret-of-the-admin", file="master")
    return gitops


@pytest.fixture
def rendered(gitops: GitOps) -> dict[str, str]:
    """The manifests by file name, with the lengths of sealed values in place of the values."""
    gitops.rendered()
    return {name: without_sealed(text) for name, text in gitops.manifests().items()}


def without_sealed(text: str) -> str:
    [first, *_] = yaml.safe_load_all(text)
    for value in first.get("spec", {}).get("encryptedData", {}).values():
        # Only some of what base64 gives needs quotes.
        text = text.replace(f'"{value}"', value).replace(value, f"sealed{len(value)}")
    return text


def test_manifests(rendered: dict[str, str]) -> None:
    assert rendered.keys() == set(NAMES)
    for name, text in rendered.items():
        if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
            (FILES / name).write_text(text, "utf-8")
        assert text == (FILES / name).read_text("utf-8")


def test_roles_as_resources(gitops: GitOps) -> None:
    gitops.settings(f'{SETTINGS}roles = "resources"\n')
    gitops.rendered()
    manifests = gitops.manifests()
    assert manifests.keys() == {*NAMES, *ROLES}
    for name in ROLES:
        if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
            RESOURCES.mkdir(exist_ok=True)
            (RESOURCES / name).write_text(manifests[name], "utf-8")
        assert manifests[name] == (RESOURCES / name).read_text("utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {file.name for file in FILES.iterdir()} == set(NAMES)
    assert {file.name for file in RESOURCES.iterdir()} == set(ROLES)


@pytest.mark.parametrize(
    "name", [*(FILES / one for one in NAMES[:-1]), *(RESOURCES / one for one in ROLES)]
)
def test_the_operators_own_definitions_take_them(name: Path) -> None:
    directory = crds.directory(os.environ)
    if directory is None:
        pytest.skip("no definitions of the operators': PGTENANT_TEST_KIT names no kit")
    manifest: dict[str, Any] = yaml.safe_load(name.read_text())
    definition = directory / DEFINITIONS[manifest["kind"]]
    assert crds.complaints(definition, manifest) == []
    broken = manifest | {"spec": manifest["spec"] | {"ownerr": "x"}}
    [complaint] = crds.complaints(definition, broken)
    assert "ownerr" in complaint
