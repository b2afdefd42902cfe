"""The site of docs/, which can be read from the disk and asks nothing of the network.

    PYTHONPATH=tests:. python -m tools.site.build build/site

Warnings are errors. What draws the diagrams comes from the npm registry, pinned by its hash; where
there is no npm, their text stands on the pages.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from support.npm import FetchError, locked, packed
from tools.site.pages import LIBRARY

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CACHE = ROOT / ".cache"

# The version and the SHA-512 of its tarball, as in the registry's `dist.integrity`.
MERMAID = (
    "12.3.0",
    "4113TdXeLAsMruJ79OpFL5O8+LTFXhQqZ260rF3tgUmiNAtRm4Uume04I+65PRN6yZ69J4f8rVYWW8zRk65UYw==",
)


def main(out: Path) -> int:
    """Build the site into a directory; return the exit code."""
    arguments = ["--fail-on-warning", "--keep-going", "--quiet", "--conf-dir", str(HERE)]
    with tempfile.TemporaryDirectory() as directory:
        static = Path(directory, "static")
        static.mkdir()
        try:
            (static / LIBRARY).write_bytes(library())
        except FetchError as error:
            print(f"Diagrams stay text: {error}.", file=sys.stderr)
        arguments += ["--define", f"html_static_path={HERE / 'static'},{static}"]
        arguments += ["--doctree-dir", str(Path(directory, "doctrees"))]
        done = subprocess.run(
            [sys.executable, "-m", "sphinx", *arguments, str(ROOT / "docs"), str(out)], check=False
        )
    if done.returncode == 0:
        print(out / "index.html")
    return done.returncode


def library() -> bytes:
    """Return Mermaid for browsers, fetched once.

    Raises:
        FetchError: it can't be had.
    """
    version, digest = MERMAID
    kept = CACHE / f"mermaid-{version}.min.js"
    CACHE.mkdir(exist_ok=True)
    with locked(kept.with_suffix(".lock")):
        if not kept.is_file():
            with tempfile.TemporaryDirectory() as directory:
                tarball = packed("mermaid", version, digest, Path(directory))
            with tarfile.open(fileobj=io.BytesIO(tarball)) as archive:
                file = archive.extractfile("package/dist/mermaid.min.js")
                fresh = kept.with_suffix(".fresh")
                fresh.write_bytes(file.read() if file else b"")
            fresh.rename(kept)
    return kept.read_bytes()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
