"""What is no saved plan, or one of somebody else's making, is refused before anything else."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from pgtenant import __version__
from pgtenant.cli import main
from pgtenant.errors import UsageError
from pgtenant.files import read_given, write_given
from pgtenant.usecases.saved import read_plan

CHANGE = {
    "kind": "create_role",
    "entry": "orders",
    "database": "",
    "role": "orders_user",
    "risk": "create",
    "sql": "CREATE ROLE orders_user;\n",
}
GOOD: dict[str, Any] = {
    "pgtenant_plan": 1,
    "pgtenant_version": __version__,
    "environment": "dev",
    "server": "localhost:5432",
    "catalog": "0" * 64,
    "only": ["orders"],
    "authoritative": False,
    "trust_markers": False,
    "plan": {"changes": [CHANGE], "blocked": [], "drift": [], "summary": {}},
}
BAD_PLANS: list[object] = [
    {},
    None,
    [],
    {"changes": []},
    {"changes": None, "blocked": []},
    {"changes": "abc", "blocked": []},
    {"changes": {"a": 1}, "blocked": []},
    {"changes": [1, 2], "blocked": []},
    {"changes": [[["x"]]], "blocked": []},
    {"changes": [{"kind": 1}], "blocked": []},
    {"changes": [], "blocked": [None]},
]
BAD = [GOOD | {"plan": plan} for plan in BAD_PLANS] + [
    GOOD | {"only": "shop"},
    GOOD | {"only": [1]},
    GOOD | {"environment": None},
    GOOD | {"authoritative": "yes"},
    GOOD | {"trust_markers": "yes"},
    {name: value for name, value in GOOD.items() if name != "pgtenant_version"},
]


def applied(path: Path, *command: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*(command or ("apply",)), str(path)])
    return code, out.getvalue() + err.getvalue()


def test_one_that_is_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(GOOD))
    assert read_plan(file).plan == GOOD["plan"]


@pytest.mark.parametrize("document", BAD)
def test_another_shape_is_refused(tmp_path: Path, document: dict[str, Any]) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(document))
    code, said = applied(file)
    assert code == 64
    assert f"{file} is not a saved plan" in said


@pytest.mark.parametrize("text", ["", "null", "[]", "[" * 200_000, "\udc80", '"x"', "{"])
def test_other_text_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    code, said = applied(file)
    assert code == 64
    assert "is not a saved plan" in said


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"pgtenant_version": "99\x1b"}, "is a plan of pgtenant 99\\x1b; this version is"),
        ({"pgtenant_plan": 7}, "is a plan of format 7; this version writes and reads 1"),
    ],
)
def test_another_version_is_refused(tmp_path: Path, other: dict[str, Any], says: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(json.dumps(GOOD | other))
    code, said = applied(file)
    assert code == 64
    assert says in said


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for path, says in (
        (fifo, "is a pipe that nobody writes to"),
        (Path("/dev/zero"), "is not a regular file"),
    ):
        for command in ("apply",), ("verify", "--check"):
            code, said = applied(path, *command)
            assert code == 64
            assert says in said
    with pytest.raises(OSError, match="nobody reads from this pipe"):
        write_given(fifo, b"x")
    with pytest.raises(UsageError, match="is a directory"):
        read_given(tmp_path)


def test_a_pipe_with_two_ends(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    data = b"x" * 200_000  # more than a pipe holds
    with (
        (tmp_path / "copy").open("wb") as copy,
        subprocess.Popen(["cat", fifo], stdout=copy) as reader,
        fifo.open("wb"),  # which waits for `cat`
    ):
        write_given(fifo, data)
    assert reader.returncode == 0
    assert (tmp_path / "copy").read_bytes() == data
    begun = threading.Event()

    def write() -> None:
        with fifo.open("wb") as file:
            begun.set()
            file.write(data)

    holder = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(60)
    assert read_given(fifo) == data
    writer.join(60)
    os.close(holder)


def test_it_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text("a longer text of somebody who let everybody read it")
    file.chmod(0o644)
    write_given(file, b"public")
    assert file.stat().st_mode & 0o777 == 0o644
    write_given(file, b"new", private=True)
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
