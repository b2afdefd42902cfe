"""The package of the function that rotates passwords: pgtenant and what it needs, in one zip.

    python tools/lambda_zip.py --architecture arm64 --ca-bundle bundle.pem dist/rotation.zip

Wheels for Lambda's Python and Linux, whatever this machine has: pinned by hash, from the package
registry alone, put together without being run. boto3 is left out: it comes with Lambda's runtime.
The same sources and pins make the same bytes.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[1]
PINS = ROOT / "requirements" / "lambda.txt"
PYTHON = "3.12"
# Amazon Linux 2023, which Lambda's Python 3.12 runs on, has glibc 2.34.
GLIBC = ("2_17", "2_26", "2_27", "2_28", "2_31", "2_34")
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
CA_BUNDLE = "certs/rds-global-bundle.pem"  # where the Terraform module `rotation` looks for it
# Times would make each zip another one; this is the first that the format has.
EPOCH = (1980, 1, 1, 0, 0, 0)


def main() -> int:
    """Make the zip and say how large it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--architecture", choices=MACHINES, default="x86_64")
    parser.add_argument(
        "--ca-bundle", type=Path, help="the certificates to check the server's with"
    )
    parser.add_argument("zip", type=Path)
    arguments = parser.parse_args()
    if arguments.ca_bundle is not None and not arguments.ca_bundle.is_file():
        parser.error(f"there is no file {arguments.ca_bundle}")
    with tempfile.TemporaryDirectory() as directory:
        wheels = fetch(arguments.architecture, Path(directory))
        files = dict(of_wheels(wheels))
    if arguments.ca_bundle is not None:
        files[CA_BUNDLE] = arguments.ca_bundle.read_bytes()
    write(arguments.zip, files)
    content = arguments.zip.read_bytes()
    unpacked = sum(map(len, files.values()))
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    print(
        f"{arguments.zip}: {len(content) / 1e6:.1f} MB ({unpacked / 1e6:.1f} MB unpacked),"
        f" Python {PYTHON}, {arguments.architecture}\nsha256 {digest}"
    )
    return 0


def fetch(architecture: str, directory: Path) -> list[Path]:
    """Download the wheels for an architecture, and make our own; return them, sorted by name."""
    machine = MACHINES[architecture]
    platforms = [f"manylinux2014_{machine}", *(f"manylinux_{glibc}_{machine}" for glibc in GLIBC)]
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [
            *(*pip, "download", "--no-deps", "--require-hashes", "--requirement", str(PINS)),
            *("--only-binary", ":all:", "--implementation", "cp", "--python-version", PYTHON),
            *(part for platform in platforms for part in ("--platform", platform)),
            *("--dest", str(directory)),
        ],
        check=True,
    )
    subprocess.run(
        [
            *(*pip, "wheel", "--no-index", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", str(directory), str(ROOT)),
        ],
        check=True,
    )
    return sorted(directory.glob("*.whl"))


def of_wheels(wheels: list[Path]) -> Iterator[tuple[str, bytes]]:
    """Yield every file that an installation would have, but programs."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                place = _installed(PurePosixPath(name))
                if place is not None and not name.endswith("/"):
                    yield str(place), archive.read(name)


def _installed(path: PurePosixPath) -> PurePosixPath | None:
    """Return where a wheel's file belongs; None where it is for no import."""
    if not path.parts[0].endswith(".data"):
        return path
    if path.parts[1] in {"purelib", "platlib"}:
        return PurePosixPath(*path.parts[2:])
    return None


def write(target: Path, files: dict[str, bytes]) -> None:
    """Write a zip that says nothing of when and where it was made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files.items()):
            item = zipfile.ZipInfo(name, EPOCH)
            item.compress_type = zipfile.ZIP_DEFLATED
            item.create_system = 3  # Unix, wherever it is made
            # Lambda's user is nobody's owner: it reads what everybody may read.
            item.external_attr = (0o100755 if name.endswith(".so") else 0o100644) << 16
            archive.writestr(item, content)


if __name__ == "__main__":
    sys.exit(main())
