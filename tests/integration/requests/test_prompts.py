"""On a terminal, a request asks for what it lacks."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from pgtenant.catalog.load import load

ANSWERS = "inventory_service\ninventory_user\napp-team\ndaniel-deans\napplication\nmedium\n"


def test_it_asks_for_what_is_missing(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "pgtenant", "request", "add", "-e", "dev", "--project", tmp_path],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    # A terminal keeps what is typed ahead.
    os.write(ours, ANSWERS.encode())
    shown = b""
    try:
        while piece := os.read(ours, 4096):
            shown += piece
    except OSError:  # how Linux says that nobody has the other end any more
        pass
    finally:
        os.close(ours)
    assert run.wait(timeout=60) == 0, shown
    assert b"risk (none, low, medium, high, access): " in shown
    (entry,) = load(tmp_path / "envs/dev-rds/terraform.tfvars", display="x.tfvars").entries
    assert (entry.key, entry.owner, entry.risk) == ("inventory_service", "app-team", "medium")
