"""The package of the function in AWS is whole: Python 3.12 rotates a password with nothing else."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from support import moto
from support.instance import Instance
from support.project import Project
from support.rotation_function import STEPS, deployed
from tools.lambda_zip import PYTHON
from tools.pythons import find

ROOT = Path(__file__).parents[2]
ORDERS = "goldenpath/dev/orders/postgres"
ENTRIES = {"orders": {"database_name": "orders", "username": "orders_user"}}
# What is in Lambda's runtime for Python already, and in pure Python.
RUNTIME = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")
# e_machine of an ELF file.
MACHINES = {"x86_64": 62, "arm64": 183}
CALL = """\
import importlib, json, sys
sys.path[:0] = sys.argv[1:3]
module, _, name = sys.argv[3].rpartition(".")
getattr(importlib.import_module(module), name)(json.load(sys.stdin), None)
"""


def make(target: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "lambda_zip.py"), *arguments, str(target)],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


@dataclass(frozen=True, slots=True)
class Packages:
    """Those of every architecture, with what was said of each.

    Attributes:
        task: that of this machine's, unpacked as Lambda does.
    """

    directory: Path
    said: dict[str, str]
    task: Path

    def of(self, architecture: str) -> Path:
        return self.directory / f"{architecture}.zip"


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    directory = tmp_path_factory.mktemp("packages")
    bundle = directory / "bundle.pem"
    bundle.write_text("fake certificates\n")
    made = Packages(
        directory,
        {one: make(directory / f"{one}.zip", *options(one, bundle)) for one in MACHINES},
        directory / "task",
    )
    here = "arm64" if os.uname().machine == "aarch64" else "x86_64"
    with zipfile.ZipFile(made.of(here)) as archive:
        archive.extractall(made.task)
    return made


def options(architecture: str, bundle: Path) -> tuple[str, ...]:
    return ("--architecture", architecture, "--ca-bundle", str(bundle))


@pytest.mark.parametrize("architecture", MACHINES)
def test_a_package_is_for_lambdas_python_and_its_machine(
    architecture: str, packages: Packages, record_property: Any
) -> None:
    size = packages.said[architecture].split(": ")[1].splitlines()[0]
    record_property("package of the rotation function", size)
    with zipfile.ZipFile(packages.of(architecture)) as archive:
        names = archive.namelist()
        libraries = [name for name in names if ".so" in name]
        machines = {int.from_bytes(archive.read(name)[18:20], "little") for name in libraries}
        assert archive.read("certs/rds-global-bundle.pem") == b"fake certificates\n"
    assert machines == {MACHINES[architecture]}
    modules = [name for name in libraries if ".cpython-" in name]
    assert modules
    assert not [name for name in modules if ".cpython-312-" not in name]
    assert "pgtenant/rotation/handler.py" in names
    assert not [name for name in names if name.startswith(("boto3/", "botocore/", "bin/"))]
    assert packages.of(architecture).stat().st_size < 50_000_000  # what Lambda takes at once


def test_the_same_sources_make_the_same_package(packages: Packages, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    make(again, *options("arm64", packages.directory / "bundle.pem"))
    assert again.read_bytes() == packages.of("arm64").read_bytes()


def test_nothing_beside_the_package_is_needed(packages: Packages) -> None:
    """Not even boto3, before the first call."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pgtenant.rotation.handler as h;"
        " import psycopg; print(psycopg.pq.__impl__, h.lambda_handler.__name__)"
    )
    done = subprocess.run(
        [_python(), "-I", "-S", "-c", code, str(packages.task)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == ["binary", "lambda_handler"]


def _python() -> str:
    """Return Lambda's Python; the package's libraries are for no other."""
    found = find(PYTHON)
    if found is None:
        pytest.skip(f"there is no Python {PYTHON} on this machine, for which the package is")
    return found


def test_the_package_rotates(packages: Packages, instance: Instance, tmp_path: Path) -> None:
    python = _python()
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    installed = Path(psycopg.__file__).parents[1]
    for name in RUNTIME:
        (runtime / name).symlink_to(installed / name)

    with moto.serve() as server:

        def in_the_package(
            entry_point: str,
            variables: Mapping[str, str],
            event: Mapping[str, Any],
            log: io.StringIO,
        ) -> None:
            done = subprocess.run(
                [python, "-I", "-S", "-c", CALL, str(packages.task), str(runtime), entry_point],
                input=json.dumps(event),
                env=server.env | dict(variables),
                check=False,
                capture_output=True,
                text=True,
            )
            log.write(done.stderr)
            assert done.returncode == 0, done.stderr

        with deployed(instance, run=in_the_package) as function:
            root = tmp_path / "project"
            root.mkdir()
            project = Project(root, instance, moto=function.aws)
            project.write(ENTRIES)
            project.converge()
            before = function.text(ORDERS)
            function.rotate(ORDERS)
            after = function.text(ORDERS)
            assert after["password"] != before["password"]
            instance.connect("orders_user", after["password"], "orders").close()
            assert [event["Step"] for event in function.events] == list(STEPS)
            assert {row["status"] for row in project.converge().json["records"]} == {"no_change"}
