#!/usr/bin/env python3
"""Print who approved this run for ENVIRONMENT, as GitHub recorded it.

Where the environment needs an approval and has none, it exits with 3 before anything is touched.
This is for an early and clear end only: pgtenant refuses by itself.

GitHub does not say which attempt of the run a review was for. All are for one commit; but who
rejected it once has not approved it, so that a run that was rejected needs a new one.
"""

import json
import os
import sys
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def main() -> None:
    environment = os.environ["ENVIRONMENT"]
    try:
        settings = tomllib.loads(Path("pgtenant.toml").read_text("utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(f"::error::pgtenant.toml can't be read: {error}")
    of_environment = settings.get("environments", {}).get(environment, {})
    try:
        reviews = reviews_of(environment)
    except urllib.error.URLError as error:
        sys.exit(f"::error::GitHub does not say who approved this run: {error}")
    names, rejected = who(reviews, "approved"), who(reviews, "rejected")
    if rejected:
        print(
            f"::error::{', '.join(rejected)} rejected this run for {environment}: start a new one",
            file=sys.stderr,
        )
        sys.exit(3)
    if of_environment.get("approval", environment != "dev") and not names:
        print(
            f"::error::{environment} needs an approval and nobody gave one: give the GitHub"
            f" environment {environment} required reviewers, without a bypass for administrators",
            file=sys.stderr,
        )
        sys.exit(3)
    print(f"approved_by={','.join(names)}")
    print(f"allow={'true' if names else ''}")


def reviews_of(environment: str) -> list[dict[str, Any]]:
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
    return [
        review
        for review in reviews
        if environment in (one["name"] for one in review["environments"])
    ]


def who(reviews: list[dict[str, Any]], state: str) -> list[str]:
    return sorted({one["user"]["login"] for one in reviews if one["state"] == state})


main()
