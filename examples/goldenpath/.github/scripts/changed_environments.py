#!/usr/bin/env python3
"""Print the environments that a push changes, as a JSON list.

Every one of them, however many commits the push has: those whose catalog it changes, or with
`--plan` those whose plan it may change. ASKED_FOR names one, or all, instead.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

CATALOG = re.compile(r"envs/([a-z][a-z0-9-]*)-rds/terraform\.(?:tfvars|tfvars\.json|yaml|yml)")
ROOT = re.compile(r"envs/([a-z][a-z0-9-]*)-rds/.+")
RESOURCES = "docs/20-contracts/resource-catalogs/rds-catalog.yaml"
# What all environments are planned with.
SHARED = ("infrastructure/", "schemas/", "requirements/", ".github/", "pgtenant.toml")


def main() -> None:
    there = {path.name.removesuffix("-rds") for path in Path("envs").glob("*-rds")}
    asked_for = os.environ.get("ASKED_FOR")
    if asked_for == "all":
        found = there
    elif asked_for:
        found = {asked_for}
        if not found <= there:
            sys.exit(f"there is no environment {asked_for}; there are {', '.join(sorted(there))}")
    else:
        found = changed(os.environ["BEFORE"], os.environ["GITHUB_SHA"], there)
    for gone in sorted(found - there):
        print(f"::warning::envs/{gone}-rds is gone: nothing is destroyed here", file=sys.stderr)
    print(json.dumps(sorted(found & there)))


def changed(before: str, after: str, there: set[str]) -> set[str]:
    diff = subprocess.run(
        ["git", "diff", "--name-only", "--no-renames", "-z", before, after],
        check=False,
        capture_output=True,
        text=True,
    )
    # A new branch, or a push by force: what was there before can't be told.
    if diff.returncode:
        return there
    paths = diff.stdout.split("\0")
    if "--plan" in sys.argv[1:]:
        if any(path.startswith(SHARED) for path in paths):
            return there
        return {match[1] for path in paths if (match := ROOT.fullmatch(path))}
    found = {match[1] for path in paths if (match := CATALOG.fullmatch(path))}
    # Whose entry it is that only the catalog of resources changed, a run finds out.
    return found or (there if RESOURCES in paths else set())


main()
