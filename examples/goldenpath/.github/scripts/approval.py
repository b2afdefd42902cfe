#!/usr/bin/env python3
"""Print who approved this run for ENVIRONMENT, as GitHub recorded it.

Where the environment needs an approval and has none, it exits with 3 before anything is touched.
This is for an early and clear end only: pgtenant refuses by itself.
"""

import json
import os
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path


def main() -> None:
    environment = os.environ["ENVIRONMENT"]
    settings = tomllib.loads(Path("pgtenant.toml").read_text("utf-8"))
    of_environment = settings.get("environments", {}).get(environment, {})
    try:
        names = approvers(environment)
    except urllib.error.URLError as error:
        sys.exit(f"::error::GitHub does not say who approved this run: {error}")
    if of_environment.get("approval", environment != "dev") and not names:
        print(
            f"::error::{environment} needs an approval and nobody gave one: give the GitHub"
            f" environment {environment} required reviewers, without a bypass for administrators",
            file=sys.stderr,
        )
        sys.exit(3)
    print(f"approved_by={','.join(names)}")
    print(f"allow={'true' if names else ''}")


def approvers(environment: str) -> list[str]:
    request = urllib.request.Request(
        "{GITHUB_API_URL}/repos/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}/approvals".format(
            **os.environ
        ),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        reviews = json.load(response)
    return sorted(
        {
            review["user"]["login"]
            for review in reviews
            if review["state"] == "approved"
            and environment in (one["name"] for one in review["environments"])
        }
    )


main()
