#!/usr/bin/env python3
"""Write the files named on the command line into one comment of the pull request, over the last."""

import json
import os
import sys
import urllib.request
from pathlib import Path
from typing import Any

MARK = "<!-- rds-plan -->"
LONGEST = 65_000


def main() -> None:
    text = "\n\n".join(Path(name).read_text("utf-8") for name in sorted(sys.argv[1:]))
    if len(text) > LONGEST:
        text = text[:LONGEST] + "\n\nThe rest is in the run's artifacts."
    body = {"body": f"{MARK}\n{text}"}
    comments = f"issues/{os.environ['PULL_REQUEST']}/comments"
    for comment in api("GET", f"{comments}?per_page=100"):
        if comment["body"].startswith(MARK) and comment["user"]["type"] == "Bot":
            api("PATCH", f"issues/comments/{comment['id']}", body)
            return
    api("POST", comments, body)


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
