"""Looking for passwords wherever a run could leave them, in every way they could be written."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import os
import shlex
import sys
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

WRITTEN: Final[dict[str, Callable[[str], str]]] = {
    "raw": str,
    "SQL literal": lambda text: text.replace("'", "''"),
    "SQL escapes": lambda text: text.replace("\\", "\\\\").replace("'", "''"),
    "conninfo": lambda text: text.replace("\\", "\\\\").replace("'", "\\'"),
    "URL": lambda text: urllib.parse.quote(text, safe=""),
    "URL path": urllib.parse.quote,
    "form": urllib.parse.quote_plus,
    "repr": lambda text: repr(text)[1:-1],
    "HTML": html.escape,
    "shell": shlex.quote,
}
"""How a text may stand in another one; each of them may be inside JSON once more."""


def forms(secret: str) -> dict[str, bytes]:
    """Return every way in which a secret may be written; a text with any of them leaks it."""
    found = {kind: write(secret) for kind, write in WRITTEN.items()}
    found |= {f"{kind} in JSON": json.dumps(text)[1:-1] for kind, text in found.items()}
    raw = secret.encode()
    found |= {f"base64 at {n}": text for n, text in enumerate(_inside_base64(raw))}
    found |= {
        f"base64 of URLs at {n}": text.replace("+", "-").replace("/", "_")
        for n, text in enumerate(_inside_base64(raw))
    }
    found["hex"] = raw.hex()
    found["spaced hex"] = raw.hex(" ")
    encoded = {kind: text.encode() for kind, text in found.items()}
    return encoded | {"UTF-16": secret.encode("utf-16-le")}


def _inside_base64(raw: bytes) -> Iterator[str]:
    """Yield what of it stays the same whatever comes before and after it."""
    for offset in range(3):
        text = base64.b64encode(bytes(offset) + raw).decode()
        yield text[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]


def leaks(text: str | bytes, secrets: Iterable[str]) -> list[str]:
    """Return which secrets a text holds, and how they are written; in capitals or not."""
    data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    folded = data.lower()
    return [
        f"{secret!r} as {kind}"
        for secret in secrets
        for kind, form in forms(secret).items()
        if form in data or (kind in {"hex", "spaced hex", "URL", "form"} and form.lower() in folded)
    ]


def files_below(directory: Path, *, but: str) -> dict[str, bytes]:
    """Return the content of every file, by its path; the directory called `but` is left out."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and but not in path.relative_to(directory).parts
    }


_STARTS: Final = {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system"}
_watchers: list[list[str]] = []


@contextlib.contextmanager
def started_processes() -> Iterator[list[str]]:
    """Collect the command line and the environment of every process that this one starts."""
    if not _watchers:  # an audit hook can't be taken away again
        sys.addaudithook(_note)
        _watchers.append([])
    seen: list[str] = []
    _watchers.append(seen)
    try:
        yield seen
    finally:
        _watchers.remove(seen)


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _STARTS and len(_watchers) > 1:
        for seen in _watchers[1:]:
            seen.append(f"{arguments!r} {dict(os.environ)!r}")
