"""The bill of materials of a release."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pgtenant import __version__
from support.wheel import ROOT, Built, Clean, plain_environ
from tools.sbom import NAME, PINS, bill, normal, pinned

CORE = ROOT / "requirements" / "core.txt"
TOOL = ROOT / ".cache" / "release" / "bin" / "python"


@pytest.fixture(scope="module")
def made(built: Built, clean: Clean, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    if not TOOL.exists():
        pytest.skip("what makes it is not installed; `make test-wheel` does it")
    dist = tmp_path_factory.mktemp("dist")
    shutil.copy(built.wheel, dist)
    how = ("--python", str(clean.python), "--pins", str(CORE))
    subprocess.run(
        [TOOL, "-m", "tools.sbom", *how, str(dist)], cwd=ROOT, env=plain_environ(), check=True
    )
    return (dist / NAME).read_bytes()


def test_it_names_every_part(made: bytes) -> None:
    found = json.loads(made)
    subject = found["metadata"]["component"]
    assert (subject["name"], subject["version"]) == ("pgtenant", __version__)
    parts = {normal(part["name"]): part for part in found["components"]}
    here = {name for name in pinned(CORE.read_text()) if name != "tzdata"}  # of Windows alone
    assert here - {"typing-extensions"} <= parts.keys() <= here
    for name, part in parts.items():
        assert part["licenses"], name
        assert part["purl"].startswith(f"pkg:pypi/{name}@"), name
        assert part["externalReferences"][-1]["hashes"], name
    edges = {one["ref"]: one.get("dependsOn", []) for one in found["dependencies"]}
    assert {one.partition("==")[0] for one in edges[subject["bom-ref"]]} >= {"click", "psycopg"}


def test_nothing_of_this_machine_or_moment_is_in_it(made: bytes) -> None:
    found = json.loads(made)
    assert "serialNumber" not in found
    assert "timestamp" not in found["metadata"]
    assert b"file:" not in made


def test_every_pin_is_read() -> None:
    pins = pinned(PINS.read_text())
    assert len(pins) == PINS.read_text().count("==") - PINS.read_text().count(" == ")
    assert all(hashes for _, hashes in pins.values())


@pytest.mark.parametrize(
    ("version", "complaint"),
    [("8.0", "click 8.0 is installed, and pinned is: 9.0"), ("9.0", "rogue 1 is installed")],
)
def test_what_is_not_pinned_is_refused(version: str, complaint: str, built: Built) -> None:
    def part(name: str, version: str) -> dict[str, Any]:
        return {"name": name, "version": version, "bom-ref": name, "externalReferences": []}

    found = {
        "metadata": {},
        "components": [part("pgtenant", "1"), part("click", version), part("rogue", "1")],
        "dependencies": [],
    }
    with pytest.raises(SystemExit, match=complaint):
        bill(found, {"click": ("9.0", ("0" * 64,))}, Path(built.wheel))
