"""The manifests, byte for byte; `PGTENANT_UPDATE_GOLDEN=1` rewrites the files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from pgtenant.cli import main
from support import crds
from support.project import render_catalog

FILES = Path(__file__).parent / "manifests"
ENTRIES = {
    "my_app": {"database_name": "my_app", "username": "my_app_user"},
    "kiosk": {
        "database_name": "kiosk",
        "username": "kiosk_user",
        "rotation": "alternate",
        "risk": "high",
        "secret": "elsewhere/kiosk",
    },
}
CASES = {
    "external_secret": ["my_app"],
    "external_secrets_v1beta1": ["my_app", "kiosk", "--v1beta1"],
    "external_secret_elsewhere": [
        *("kiosk", "--namespace", "shop", "--store", "vault-of-shop", "--kind", "SecretStore"),
        *("--name", "credentials", "--refresh", "30m"),
    ],
}


@pytest.mark.parametrize("case", CASES)
def test_manifest(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalog = tmp_path / "envs" / "dev-rds" / "terraform.tfvars"
    catalog.parent.mkdir(parents=True)
    catalog.write_text(render_catalog(ENTRIES))
    arguments = ["render", "external-secret", "-e", "dev", "--project", str(tmp_path)]
    assert main([*arguments, *CASES[case]]) == 0
    out, err = capsys.readouterr()
    assert not err
    file = FILES / f"{case}.yaml"
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        file.write_text(out, "utf-8")
    assert out == file.read_text("utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in FILES.glob("*.yaml")} == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_the_operators_own_definition_takes_it(case: str) -> None:
    directory = crds.directory(os.environ)
    if directory is None:
        pytest.skip("no definition of the operator's: PGTENANT_TEST_KIT names no kit")
    definition = directory / "externalsecrets.yaml"
    for manifest in yaml.safe_load_all((FILES / f"{case}.yaml").read_text()):
        assert crds.complaints(definition, manifest) == []
        broken = manifest | {"spec": manifest["spec"] | {"refreshIntervall": "1h"}}
        [complaint] = crds.complaints(definition, broken)
        assert "refreshIntervall" in complaint
