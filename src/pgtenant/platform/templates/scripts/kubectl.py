"""kubectl, in the namespace of the Jobs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from job_manifests import KUBECTL, NAMESPACE


def get(*what: str) -> dict[str, Any] | None:
    """Return an object, or None when it can't be had."""
    done = kubectl("get", *what, "--output=json")
    if done.returncode:
        say(done.stderr)
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def kubectl(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run kubectl in the namespace; it asks nobody for a name and a password."""
    return subprocess.run(
        [*KUBECTL, "--namespace", NAMESPACE, "--request-timeout=15s", *arguments],
        input=given or "",
        capture_output=True,
        check=False,
        text=True,
    )


def reachable() -> bool:
    """Return whether the API answers, and say so if not."""
    done = kubectl("version", "--output=json")
    if done.returncode:
        say(done.stderr)
    return done.returncode == 0


def say(text: str) -> None:
    """Tell people something, apart from the log."""
    sys.stderr.write(text.rstrip() + "\n")
    sys.stderr.flush()
