"""The few calls of GitHub's API that the workflows and pgtenant make, on loopback.

What it takes and answers is what GitHub's REST reference says of each call, and no more: another
call, or a member that GitHub does not know, is refused. It is long as it is one state,
which every call is about.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

BOT = {"login": "github-actions[bot]", "type": "Bot"}
MOST_COMMITS = 250
"""GitHub lists no more of a pull request."""


class Refused(Exception):  # noqa: N818 - an answer
    """An answer that is an error."""

    def __init__(self, code: int, message: str, *errors: dict[str, str], wait: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.headers = {"Retry-After": wait} if wait else {}
        self.body = {"message": message, "errors": list(errors)}


@dataclass(slots=True)
class GitHubApi:
    """What it knows.

    Attributes:
        url: where it is.
        reviews: of the run: who decided what for which environment.
        comments: of the pull request, or the issue.
        asked: every call.
        origin: the bare repository, whose branches pull requests are from.
        pulls: every pull request, as GitHub shows it.
        issues: every issue.
        verdicts: the reviews of each pull request.
        statuses: the last status of each commit and context.
        teams: who is in which.
        logins: whose each address of an author is.
        app: the login of the App that workflows push as; empty where they push as themselves.
        pushed_by: who pushed a commit, where it is not who committed it.
        pushes: every push to a branch, the newest last.
        tells_of_pushes: whether it does so by now.
        events: of each pull request.
        dispatches: every workflow that was started: its file, and what with.
        failures: what the next calls are answered with instead.
        status_failures: what the next statuses are answered with instead.
        meanwhile: what happens just before the next pull requests are opened.
        before_a_status: what happens just before the next statuses are set.
    """

    url: str = ""
    reviews: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    origin: Path | None = None
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    verdicts: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    statuses: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    teams: dict[str, list[str]] = field(default_factory=dict)
    logins: dict[str, str] = field(default_factory=dict)
    app: str = ""
    pushed_by: dict[str, str | None] = field(default_factory=dict)
    pushes: list[dict[str, Any]] = field(default_factory=list)
    tells_of_pushes: bool = True
    events: dict[int, list[dict[str, str]]] = field(default_factory=dict)
    dispatches: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failures: list[Refused] = field(default_factory=list)
    status_failures: list[Refused] = field(default_factory=list)
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    before_a_status: list[Callable[[], object]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(7))
    _seconds: Iterator[int] = field(default_factory=itertools.count)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def review(self, environment: str, login: str, *, state: str = "approved") -> None:
        self.reviews.append(
            {
                "state": state,
                "comment": "",
                "environments": [{"id": 1, "name": environment}],
                "user": {"login": login},
            }
        )

    def verdict(self, number: int, login: str, state: str = "APPROVED", commit: str = "") -> None:
        """Review a pull request; its head unless another commit is named."""
        shown = self.shown(number)
        if login == shown["user"]["login"] and state != "COMMENTED":
            raise Refused(422, "Can not approve your own pull request")
        one = {
            "user": {"login": login},
            "state": state,
            "commit_id": commit or shown["head"]["sha"],
            "submitted_at": self._now(),
        }
        self.verdicts.setdefault(number, []).append(one)

    def dismiss(self, number: int, login: str) -> None:
        """Dismiss somebody's last review: as on GitHub it is the same one, and says so."""
        [*_, last] = [one for one in self.verdicts[number] if one["user"]["login"] == login]
        last["state"] = "DISMISSED"

    def retarget(self, number: int, base: str) -> None:
        """Have a pull request target another branch."""
        self.shown(number)["base"]["ref"] = base
        event = {"event": "base_ref_changed", "created_at": self._now()}
        self.events.setdefault(number, []).append(event)

    def _now(self) -> str:
        """Return another second each time."""
        minutes, seconds = divmod(next(self._seconds), 60)
        return f"2026-01-31T12:{minutes:02}:{seconds:02}Z"

    def note_pushes(self) -> None:
        """Note who pushed what there is now: who committed it, unless something else is said."""
        if self.origin is None or not self.origin.exists():
            return
        last = {one["ref"]: one["after"] for one in self.pushes}
        shown = self.git("for-each-ref", "--format=%(refname) %(objectname) %(committeremail)")
        for ref, commit, address in (line.split(" ", 2) for line in shown.splitlines()):
            if last.get(ref) == commit:
                continue
            account = self._account(address.strip("<>"))
            if self.app and account is not None and account["login"] == BOT["login"]:
                account = {"login": self.app}
            if commit in self.pushed_by:
                login = self.pushed_by[commit]
                account = None if login is None else {"login": login}
            self.pushes.append(
                {
                    "ref": ref,
                    "before": last.get(ref, "0" * 40),
                    "after": commit,
                    "activity_type": "push" if ref in last else "branch_creation",
                    "actor": account,
                }
            )

    def shown(self, number: int) -> dict[str, Any]:
        """Return a pull request as it is now: its head is the branch's."""
        if number not in self.pulls:
            raise Refused(404, "Not Found")
        pull = self.pulls[number]
        if self.origin is not None and pull["state"] == "open":
            pull["head"]["sha"] = self.git("rev-parse", f"refs/heads/{pull['head']['ref']}")
        return pull

    def merged(self, number: int) -> None:
        self.shown(number).update(state="closed", merged_at=self._now())

    def status(self, number: int, context: str) -> str:
        """Return what was said of a pull request's head: the state, and a description."""
        found = self.statuses[self.shown(number)["head"]["sha"], context]
        return f"{found['state']}: {found['description']}"

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.origin), *arguments], check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise Refused(422, "Validation Failed", {"field": "head", "code": "invalid"})
        return done.stdout.strip()

    def answer(self, method: str, path: str, body: dict[str, Any]) -> object:
        with self._lock:
            self.asked.append(f"{method} {path}")
            self.note_pushes()
            if self.failures:
                raise self.failures.pop(0)
            url = urlsplit(path)
            query = {name: values[-1] for name, values in parse_qs(url.query).items()}
            parts = [unquote(part) for part in url.path.split("/")]
            match method, parts:
                case "GET", ["", "orgs", "example-org", "teams", team, "members"]:
                    if team not in self.teams:
                        raise Refused(404, "Not Found")
                    return _page([{"login": login} for login in self.teams[team]], query)
                case _, ["", "repos", "example-org", "platform", *rest]:
                    return self._of_repository(method, rest, query, body)
                case _:
                    raise Refused(404, "Not Found")

    def _of_repository(  # noqa: C901, PLR0911, PLR0912
        self, method: str, rest: list[str], query: dict[str, str], body: dict[str, Any]
    ) -> object:
        match method, rest:
            case "GET", ["actions", "runs", _, "approvals"]:
                return self.reviews
            case "POST", ["actions", "workflows", file, "dispatches"]:
                _only(body, "ref", "inputs")
                self.dispatches.append((file, body))
                return None
            case "GET", ["issues", _, "comments"]:
                return _page(self.comments, query)
            case "POST", ["issues", number, "comments"]:
                _only(body, "body")
                of = {"issue": int(number)}
                self.comments.append({"id": len(self.comments), "user": BOT, **of, **body})
                return self.comments[-1]
            case "PATCH", ["issues", "comments", number]:
                self.comments[int(number)].update(body)
                return self.comments[int(number)]
            case "GET", ["activity"]:
                _only(query, "ref", "per_page", "direction", "before", "after", "time_period")
                told = reversed(self.pushes) if self.tells_of_pushes else ()
                found = [one for one in told if one["ref"] == query["ref"]]
                return found[: int(query.get("per_page", 30))]
            case "GET", ["issues", number, "events"]:
                return _page(self.events.get(int(number), []), query)
            case "POST", ["statuses", commit]:
                _only(body, "state", "context", "description", "target_url")
                if self.status_failures:
                    raise self.status_failures.pop(0)
                if self.before_a_status:
                    self.before_a_status.pop(0)()
                if self.origin is not None:
                    self.git("cat-file", "-e", f"{commit}^{{commit}}")
                assert body["state"] in {"error", "failure", "pending", "success"}
                assert len(body["description"]) <= 140
                self.statuses[commit, body["context"]] = body
                return body
            case _, ["issues", *more]:
                return self._of_issues(method, more, query, body)
            case _, ["pulls", *more]:
                return self._of_pulls(method, more, query, body)
            case _:
                raise Refused(404, "Not Found")

    def _of_issues(
        self, method: str, rest: list[str], query: dict[str, str], body: dict[str, Any]
    ) -> object:
        match method, rest:
            case "GET", []:
                pulls = ({**one, "pull_request": {}} for one in self.pulls.values())
                wanted = {*query.get("labels", "").split(",")} - {""}
                return _page(
                    [
                        one
                        for one in (*self.issues.values(), *pulls)
                        if one["state"] == query.get("state", "open")
                        and wanted <= {label["name"] for label in one["labels"]}
                    ],
                    query,
                )
            case "POST", []:
                _only(body, "title", "body", "labels")
                number = next(self._numbers)
                self.issues[number] = self._new("issues", number, body)
                return self.issues[number]
            case "PATCH", [number]:
                _only(body, "title", "body", "labels", "state", "state_reason")
                issue = self.issues[int(number)]
                issue.update(body)
                return issue
            case "POST", [number, "labels"]:
                _only(body, "labels")
                one = self.pulls.get(int(number)) or self.issues[int(number)]
                there = {label["name"] for label in one["labels"]}
                one["labels"] += [{"name": n} for n in body["labels"] if n not in there]
                return one["labels"]
            case _:
                raise Refused(404, "Not Found")

    def _of_pulls(
        self, method: str, rest: list[str], query: dict[str, str], body: dict[str, Any]
    ) -> object:
        match method, rest:
            case "GET", []:
                # As on GitHub a head without its owner limits nothing.
                owner, _, branch = query.get("head", "").partition(":")
                state = query.get("state", "open")
                found = [self.shown(n) for n, p in self.pulls.items() if p["state"] == state]
                if "base" in query:
                    found = [one for one in found if one["base"]["ref"] == query["base"]]
                if branch:
                    assert owner == "example-org"
                    found = [one for one in found if one["head"]["ref"] == branch]
                return _page(found, query)
            case "POST", []:
                return self._open(body)
            case "GET", [number]:
                return self.shown(int(number))
            case "GET", [number, "reviews"]:
                return _page(self.verdicts.get(int(number), []), query)
            case "GET", [number, "commits"]:
                return _page(self._commits(self.shown(int(number)))[:MOST_COMMITS], query)
            case "POST", [number, "requested_reviewers"]:
                _only(body, "reviewers", "team_reviewers")
                pull = self.shown(int(number))
                unknown = [team for team in body["team_reviewers"] if team not in self.teams]
                if unknown:
                    raise Refused(422, f"Could not resolve to a node: {unknown}")
                pull["requested_reviewers"] += [{"login": one} for one in body["reviewers"]]
                pull["requested_teams"] += [{"slug": one} for one in body["team_reviewers"]]
                return pull
            case _:
                raise Refused(404, "Not Found")

    def _open(self, body: dict[str, Any]) -> dict[str, Any]:
        _only(body, "title", "body", "head", "base")
        branch, base = body["head"], body["base"]
        if self.meanwhile:
            self.meanwhile.pop(0)()
        there = [one for one in self.pulls.values() if one["state"] == "open"]
        if (branch, base) in {(one["head"]["ref"], one["base"]["ref"]) for one in there}:
            message = f"A pull request already exists for example-org:{branch}."
            raise Refused(422, "Validation Failed", {"code": "custom", "message": message})
        sha = self.git("rev-parse", "--verify", f"refs/heads/{branch}")
        self.git("rev-parse", "--verify", f"refs/heads/{base}")
        if self.git("rev-list", "--count", f"refs/heads/{base}..{sha}") == "0":
            message = f"No commits between {base} and {branch}"
            raise Refused(422, "Validation Failed", {"code": "custom", "message": message})
        number = next(self._numbers)
        self.pulls[number] = self._new("pull", number, {**body, "labels": []}) | {
            "head": {"ref": branch, "sha": sha, "repo": {"full_name": "example-org/platform"}},
            "base": {"ref": base},
            "requested_reviewers": [],
            "requested_teams": [],
        }
        return self.pulls[number]

    def _new(self, kind: str, number: int, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "number": number,
            "html_url": f"https://github.example.org/example-org/platform/{kind}/{number}",
            "state": "open",
            "merged_at": None,
            "title": body["title"],
            "body": body["body"],
            "user": BOT,
            "labels": [{"name": name} for name in body["labels"]],
        }

    def _commits(self, pull: dict[str, Any]) -> list[dict[str, Any]]:
        spread = f"refs/heads/{pull['base']['ref']}..refs/heads/{pull['head']['ref']}"
        lines = self.git("log", "--reverse", "--format=%H %ae %ce", spread).splitlines()
        return [
            {"sha": sha, "author": self._account(author), "committer": self._account(committer)}
            for sha, author, committer in (line.split() for line in lines)
        ]

    def _account(self, address: str) -> dict[str, str] | None:
        """Return whose an address is; GitHub knows its own, and nobody behind others."""
        login = self.logins.get(address)
        if address.endswith("@users.noreply.github.com"):
            login = address.partition("@")[0].rpartition("+")[2]
        return None if login is None else {"login": login}


def _page(items: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    size, number = int(query.get("per_page", 30)), int(query.get("page", 1))
    assert size <= 100
    return items[(number - 1) * size : number * size]


def _only(body: Mapping[str, Any], *known: str) -> None:
    if unknown := set(body) - set(known):
        raise Refused(422, f"Invalid request: {unknown}")


@contextlib.contextmanager
def serve() -> Iterator[GitHubApi]:
    """Runs it in a thread."""
    api = GitHubApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            code, answer = 200, None
            headers: dict[str, str] = {}
            try:
                assert self.headers["Authorization"].startswith(("Bearer ", "token "))
                answer = api.answer(self.command, self.path, body)
            except Refused as refused:
                code, answer, headers = refused.code, refused.body, refused.headers
            content = json.dumps(answer).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(content)))
            for name, value in headers.items():
                self.send_header(name, value)
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
