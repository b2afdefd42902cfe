"""Help and wrong arguments are answered at once: nothing is imported that they do not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgtenant.cli.app import cli
from pgtenant.cli.completion import VARIABLE

COSTLY = {"boto3", "botocore", "psycopg", "rich", "tree_sitter", "yaml", "asyncio"}
PROBE = """
import sys
from pgtenant.cli import main
code = main(sys.argv[1:])
print(code, *sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], *([name, "--help"] for name in cli.commands), ["plan", "--bad"]],
    ids=" ".join,
)
def test_no_driver_for_help(arguments: list[str]) -> None:
    done = subprocess.run(  # the modules of this process say nothing
        [sys.executable, "-c", PROBE, *arguments], capture_output=True, text=True, check=True
    )
    code, *modules = done.stderr.splitlines()[-1].split()
    assert code == ("64" if "--bad" in arguments else "0")
    assert not COSTLY & set(modules)
    assert "click" in modules


@pytest.mark.parametrize(
    ("words", "offered"), [("plan -e ", "staging"), ("rotate -e dev ", "orders")]
)
def test_no_driver_for_a_tab(words: str, offered: str, tmp_path: Path) -> None:
    for environment in ("dev", "staging"):
        catalog = tmp_path / "envs" / f"{environment}-rds" / "terraform.tfvars.json"
        catalog.parent.mkdir(parents=True)
        catalog.write_text('{"application_databases": {"orders": {}}}')
    asking = {
        VARIABLE: "bash_complete",
        "COMP_WORDS": f"pgtenant {words}",
        "COMP_CWORD": str(words.count(" ") + 1),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=os.environ | asking,
    )
    assert f"plain,{offered}" in done.stdout.splitlines()
    assert not COSTLY & set(done.stderr.split())
