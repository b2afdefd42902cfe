"""The bill of materials of a release: what `pgtenant[aws]`, and so the image, consists of.

    python -m tools.sbom dist

puts `pgtenant-sbom.cdx.json` (CycloneDX) beside the wheel that lies there. What is installed says
names, versions, licences and what needs what; `requirements/image.txt` says the hashes. The same
wheel, pins and Python make the same bytes. Runs with `requirements/release.txt`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PINS = ROOT / "requirements" / "image.txt"
NAME = "pgtenant-sbom.cdx.json"
# https://cyclonedx.org/docs/1.6/json/
SPECIFICATION = "1.6"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)((?:.*\\\n)*.*)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
# A virtual environment's own.
_NOT_SHIPPED = {"pip", "setuptools"}


def main() -> int:
    """Write the bill."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("dist", type=Path, help="the directory that has the wheel")
    parser.add_argument("--python", type=Path, help="of an environment that has the wheel already")
    parser.add_argument("--pins", type=Path, default=PINS, help="what that was installed from")
    arguments = parser.parse_args()
    wheels = list(arguments.dist.glob("pgtenant-*.whl"))
    if len(wheels) != 1:
        parser.error(f"{arguments.dist} has {len(wheels)} wheels and should have one: make dist")
    [wheel] = wheels
    with tempfile.TemporaryDirectory() as directory:
        python = arguments.python or install(wheel, arguments.pins, Path(directory))
        found = installed(python)
    text = json.dumps(bill(found, pinned(arguments.pins.read_text()), wheel), indent=2) + "\n"
    check(text)
    (arguments.dist / NAME).write_text(text)
    print(arguments.dist / NAME)
    return 0


def install(wheel: Path, pins: Path, directory: Path) -> Path:
    """Install the wheel and what is pinned for it; return the Python that has it."""
    venv.create(directory, symlinks=True)
    python = directory / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python), "--quiet")
    for arguments in (("--require-hashes", "--requirement", str(pins)), ("--no-deps", str(wheel))):
        subprocess.run([*pip, "--disable-pip-version-check", "install", *arguments], check=True)
    return python


def installed(python: Path) -> dict[str, Any]:
    """Return what CycloneDX's own tool finds where this Python looks."""
    how = ("--spec-version", SPECIFICATION, "--output-reproducible", "--no-validate")
    done = subprocess.run(
        [sys.executable, "-m", "cyclonedx_py", "environment", *how, str(python)],
        check=True,
        stdout=subprocess.PIPE,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def pinned(text: str) -> dict[str, tuple[str, Sequence[str]]]:
    """Return the version and the hashes of each package of a requirements file."""
    return {
        normal(name): (version, tuple(_HASH.findall(rest)))
        for name, version, rest in _PIN.findall(text)
    }


def bill(
    found: Mapping[str, Any], pins: Mapping[str, tuple[str, Sequence[str]]], wheel: Path
) -> dict[str, Any]:
    """Return the bill: pgtenant is what it is of, and every part has its hashes.

    Raises:
        SystemExit: something is there that is not pinned, or in another version.
    """
    parts = {normal(part["name"]): dict(part) for part in found["components"]}
    subject = parts.pop("pgtenant") | {"type": "application"}
    # Where the wheel lay when it was installed.
    links = [one for one in subject["externalReferences"] if not one["url"].startswith("file:")]
    subject["externalReferences"] = links
    subject["hashes"] = [_hash(hashlib.sha256(wheel.read_bytes()).hexdigest())]
    gone = {parts.pop(name)["bom-ref"] for name in _NOT_SHIPPED & parts.keys()}
    for name, part in parts.items():
        version, hashes = pins.get(name, ("", ()))
        if version != part["version"]:
            sys.exit(f"{name} {part['version']} is installed, and pinned is: {version or 'none'}")
        files = {
            "type": "distribution",
            "url": f"pkg:pypi/{name}@{version}",
            "comment": "any of these files",
            "hashes": [_hash(one) for one in sorted(hashes)],
        }
        part["externalReferences"] = [*part.get("externalReferences", ()), files]
    return {
        **found,
        "metadata": {**found["metadata"], "component": subject},
        "components": [parts[name] for name in sorted(parts)],
        "dependencies": list(_without(gone, found["dependencies"])),
    }


def _without(gone: set[str], dependencies: Sequence[Mapping[str, Any]]) -> Iterator[object]:
    for one in dependencies:
        if one["ref"] not in gone:
            yield one


def _hash(digest: str) -> dict[str, str]:
    return {"alg": "SHA-256", "content": digest}


def normal(name: str) -> str:
    """Return a package's name in its one form.

    https://packaging.python.org/en/latest/specifications/name-normalization/
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def check(text: str) -> None:
    """Hold the bill against the specification.

    Raises:
        SystemExit: it is not as that says.
    """
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    problem = JsonStrictValidator(SchemaVersion.from_version(SPECIFICATION)).validate_str(text)
    if problem:
        sys.exit(f"the bill of materials is not as CycloneDX {SPECIFICATION} says: {problem}")


if __name__ == "__main__":
    sys.exit(main())
