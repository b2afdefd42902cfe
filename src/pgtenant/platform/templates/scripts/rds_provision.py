#!/usr/bin/env python3
"""Provision the databases of one environment: the documented flags, carried out by pgtenant.

Exit codes are pgtenant's: 0 converged, 1 failed, 3 approval required, 4 finished with blocked
entries, 64 wrong usage or catalog.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
USAGE = 64


class Parser(argparse.ArgumentParser):
    """Ends with pgtenant's exit code for wrong usage; argparse's own means something else there."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def parser() -> argparse.ArgumentParser:
    """Return the documented flags."""
    flags = Parser(prog="rds_provision.py", description=__doc__, allow_abbrev=False)
    flags.add_argument("--env", required=True, help="the environment: dev, test, staging, prod")
    flags.add_argument(
        "--tfvars", type=Path, help="the catalog  [default: envs/<env>-rds/terraform.tfvars]"
    )
    flags.add_argument("--master-secret", help="the admin's secret  [default: from pgtenant.toml]")
    flags.add_argument("--build-id", help="for the audit  [default: the CI system's, or manual]")
    flags.add_argument("--run-id", help="for the audit  [default: made up, unique]")
    flags.add_argument("--region", help="the AWS region  [default: AWS_REGION]")
    flags.add_argument("--dry-run", action="store_true", help="change nothing; needs no approval")
    flags.add_argument(
        "--require-approval",
        action="store_true",
        help="ask for ALLOW_DB_PROVISION=true also where the settings do not",
    )
    flags.add_argument(
        "--audit-output",
        type=Path,
        help="the audit CSV  [default: governance/<env>/rds_provision_audit.csv]",
    )
    flags.add_argument(
        "--no-fail-fast", action="store_true", help="go on with the other entries after an error"
    )
    flags.add_argument(
        "--skip-preflight", action="store_true", help="leave out the DNS and TCP checks"
    )
    return flags


def arguments(chosen: argparse.Namespace) -> list[str]:
    """Return pgtenant's arguments for what was chosen."""
    command = ["apply", "--env", chosen.env, "--project", str(ROOT)]
    for flag, value in (
        ("--build-id", chosen.build_id),
        ("--run-id", chosen.run_id),
        ("--audit", chosen.audit_output and chosen.audit_output.absolute()),
    ):
        command += [flag, str(value)] if value else []
    for flag in ("dry_run", "no_fail_fast", "skip_preflight"):
        command += [f"--{flag.replace('_', '-')}"] if getattr(chosen, flag) else []
    return command


def variables(chosen: argparse.Namespace) -> dict[str, str]:
    """Return the settings that have a variable and no flag."""
    settings = {}
    if chosen.tfvars:
        settings["PGTENANT_PROJECT_CATALOG"] = str(chosen.tfvars.absolute())
    if chosen.master_secret:
        settings["PGTENANT_SECRETS_ADMIN"] = chosen.master_secret
    if chosen.region:
        settings |= {"AWS_REGION": chosen.region, "AWS_DEFAULT_REGION": chosen.region}
    if chosen.require_approval:
        name = chosen.env.upper().replace("-", "_")
        settings[f"PGTENANT_ENVIRONMENTS_{name}_APPROVAL"] = "true"
    return settings


def program() -> list[str]:
    """Return how pgtenant is started: in this Python, or from PATH.

    Raises:
        SystemExit: it is in neither.
    """
    if importlib.util.find_spec("pgtenant"):
        return [sys.executable, "-P", "-m", "pgtenant"]  # and no pgtenant.py of the directory
    if found := shutil.which("pgtenant"):
        return [found]
    sys.stderr.write("rds_provision.py: there is no pgtenant; install pgtenant[aws] with pip\n")
    raise SystemExit(USAGE)


def main() -> NoReturn:
    """Become pgtenant."""
    chosen = parser().parse_args()
    command = [*program(), *arguments(chosen)]
    os.execve(command[0], command, os.environ | variables(chosen))


if __name__ == "__main__":
    main()
