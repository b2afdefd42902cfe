"""What is in the wheel and in the sdist: everything, once, and always the same bytes."""

from __future__ import annotations

import email
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from pgtenant import __version__
from support.wheel import ROOT, Built, build


def tracked(directory: str) -> dict[str, bytes]:
    """Return the files below a directory that git has, as they lie there."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this tree is no checkout")
    done = subprocess.run(
        ["git", "ls-files", "-z", directory], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return {name: (ROOT / name).read_bytes() for name in filter(None, done.stdout.split("\0"))}


def test_the_wheel_has_every_file_of_the_package(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    package = {name: data for name, data in found.items() if name.startswith("pgtenant/")}
    assert package == {
        name.removeprefix("src/"): data for name, data in tracked("src/pgtenant").items()
    }
    about = f"pgtenant-{__version__}"
    shared = {name: data for name, data in found.items() if name.startswith(f"{about}.data/")}
    assert shared == {
        name.replace("share/", f"{about}.data/data/share/", 1): data
        for name, data in tracked("share").items()
    }
    assert {name.split("/")[0] for name in found} == {
        "pgtenant",
        f"{about}.data",
        f"{about}.dist-info",
    }


def test_the_metadata_says_what_it_is(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        text = archive.read(f"pgtenant-{__version__}.dist-info/METADATA").decode()
    metadata = email.message_from_string(text)
    assert metadata["Version"] == __version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("Provides-Extra") == ["aws", "cnpg", "demo"]
    needed = [one for one in metadata.get_all("Requires-Dist") or () if "extra ==" not in one]
    assert not [one for one in needed if one.startswith(("boto3", "cryptography", "celerp"))]


def test_the_sdist_makes_the_same_wheel(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as archive:
        # Python 3.11 has it from 3.11.4 on, and newer ones warn where none is named.
        archive.extraction_filter = getattr(tarfile, "data_filter", None)
        archive.extractall(tmp_path / "source")
    [source] = (tmp_path / "source").iterdir()
    [again] = build(source, tmp_path / "again", "--target", "wheel")
    assert again.name == built.wheel.name
    assert again.read_bytes() == built.wheel.read_bytes()


def test_the_same_sources_make_the_same_sdist(built: Built, tmp_path: Path) -> None:
    [again] = build(ROOT, tmp_path, "--target", "sdist")
    assert again.read_bytes() == built.sdist.read_bytes()
