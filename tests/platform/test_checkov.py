"""checkov finds nothing that is not explained where it is."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

from support.platform_tools import tool


def test_checkov(repository: Path) -> None:
    done = subprocess.run(
        [
            tool("checkov"),
            *("--directory", str(repository), "--framework", "terraform", "--output", "json"),
            *("--quiet", "--compact", "--skip-download"),
        ],
        env={**os.environ, "BC_SKIP_MAPPING": "TRUE"},
        check=False,
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)
    failed = {
        f"{one['check_id']} {one['resource']}: {one['check_name']}"
        for one in report.get("results", {}).get("failed_checks", [])
    }
    assert not failed
    assert report["summary"]["passed"] > 100
    assert report["summary"]["parsing_errors"] == 0
