"""The few calls of GitHub's API that the workflows make, on loopback."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class GitHubApi:
    """What it knows.

    Attributes:
        url: where it is.
        reviews: of the run: who decided what for which environment.
        comments: of the pull request.
        asked: every call.
    """

    url: str = ""
    reviews: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def review(self, environment: str, login: str, *, state: str = "approved") -> None:
        self.reviews.append(
            {
                "state": state,
                "comment": "",
                "environments": [{"id": 1, "name": environment}],
                "user": {"login": login},
            }
        )

    def answer(self, method: str, path: str, body: dict[str, Any]) -> object:
        self.asked.append(f"{method} {path}")
        match method, path.partition("?")[0].split("/")[4:]:
            case "GET", ["actions", "runs", _, "approvals"]:
                return self.reviews
            case "GET", ["issues", _, "comments"]:
                page = int(path.rpartition("page=")[2] or 1)
                return self.comments[(page - 1) * 100 : page * 100]
            case "POST", ["issues", _, "comments"]:
                self.comments.append({"id": len(self.comments), "user": {"type": "Bot"}, **body})
                return self.comments[-1]
            case "PATCH", ["issues", "comments", number]:
                self.comments[int(number)].update(body)
                return self.comments[int(number)]
            case _:
                return None


@contextlib.contextmanager
def serve() -> Iterator[GitHubApi]:
    """Runs it in a thread."""
    api = GitHubApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            answer = api.answer(self.command, self.path, body)
            content = json.dumps(answer).encode()
            self.send_response(404 if answer is None else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PATCH = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()
