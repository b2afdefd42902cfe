"""The page of regressions in the docs, made from the docstrings of the tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_HEAD: Final = """\
# Regressions

What bit the users of other tools, and the test that shows it does not happen here. Each test
makes the same situation on a real server, with pgtenant, and asks PostgreSQL what came of it.

Made from the docstrings in `tests/regressions`; a test compares them, and
`PGTENANT_UPDATE_GOLDEN=1` makes it write this page.
"""
_URL: Final = re.compile(r"https://[^\s,)]+")
_THREADS: Final = re.compile(r"\s*\((?:https://[^\s,)]+(?:, )?)+\)")
_GITHUB: Final = re.compile(r"https://github\.com/([^/]+/[^/]+)/(?:issues|pull)/(\d+)")


@dataclass(frozen=True, slots=True)
class Regression:
    """One test.

    Attributes:
        told: what went wrong elsewhere: one sentence.
        threads: where it is told, as addresses.
    """

    file: str
    name: str
    told: str
    threads: tuple[str, ...]


def page(directory: Path) -> str:
    """Return the page for the tests in `directory`.

    Raises:
        ValueError: a test says nothing, or more than one sentence.
    """
    parts = [_HEAD]
    for path in sorted(directory.glob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        title = (ast.get_docstring(tree) or path.stem).splitlines()[0].rstrip(".")
        rows = [_row(one) for one in _regressions(path.name, tree)]
        parts += [f"\n## {title}\n\n| there | told in | test |\n| --- | --- | --- |\n", *rows]
    return "".join(parts)


def _regressions(file: str, tree: ast.Module) -> Iterator[Regression]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            text = " ".join((ast.get_docstring(node) or "").split())
            told = _THREADS.sub("", text)
            if not told.endswith(".") or ". " in told:
                raise ValueError(f"{file}: {node.name}: say in one sentence what went wrong")
            yield Regression(file, node.name, told, tuple(_URL.findall(text)))


def _row(one: Regression) -> str:
    threads = ", ".join(f"[{_label(url)}]({url})" for url in one.threads) or "no thread found"
    told = one.told.replace("|", "\\|")
    link = f"[`{one.name}`](../tests/regressions/{one.file})"
    return f"| {told} | {threads} | {link} |\n"


def _label(url: str) -> str:
    found = _GITHUB.fullmatch(url)
    return f"{found[1]}#{found[2]}" if found else url.split("/")[2]
