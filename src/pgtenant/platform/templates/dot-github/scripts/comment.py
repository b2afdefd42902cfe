#!/usr/bin/env python3
"""Write the files named on the command line into one comment of the pull request, over the last."""

import itertools
import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MARK = "<!-- rds-plan -->"
LONGEST = 65_000
FENCE = "````````"
PAGE = 100


def main() -> None:
    files = [Path(name) for name in sorted(sys.argv[1:])]
    # A plan that was cut off may end within a character.
    texts = [file.read_text("utf-8", errors="replace") for file in files if file.is_file()]
    text = "\n\n".join(texts) or "No plan could be made: the run's log says why."
    if len(text) > LONGEST:
        text = text[:LONGEST]
        if text.count(FENCE) % 2:
            text += f"\n{FENCE}"
        text += "\n\nThe rest is in the run's artifacts."
    body = {"body": f"{MARK}\n{text}"}
    comments = f"issues/{os.environ['PULL_REQUEST']}/comments"
    for comment in all_of(comments):
        if comment["body"].startswith(MARK) and comment["user"]["type"] == "Bot":
            api("PATCH", f"issues/comments/{comment['id']}", body)
            return
    api("POST", comments, body)


def all_of(path: str) -> Iterator[Any]:
    for number in itertools.count(1):
        page = api("GET", f"{path}?per_page={PAGE}&page={number}")
        yield from page
        if len(page) < PAGE:
            return


def api(method: str, path: str, body: object = None) -> Any:
    request = urllib.request.Request(
        "{GITHUB_API_URL}/repos/{GITHUB_REPOSITORY}/".format(**os.environ) + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


main()
