"""A platform repository with requests in it: real git, a bare repository, GitHub's API here."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from pgtenant.cli import main
from support.github_api import GitHubApi
from support.project import Result
from support.published import check_output

BASE = "development"
CATALOG = "envs/dev-rds/terraform.tfvars"
RECORDS = "docs/20-contracts/resource-catalogs/rds-catalog.yaml"
FIELDS = {"owner": "app-team", "requester": "daniel-deans", "domain": "application"}
SETTINGS = """\
[requests]
approvers = ["platform-team"]
"""
TEAMS = {"platform-team": ["jane-doe", "kim-lee"], "security-team": ["sam-roe", "jane-doe"]}
BEFORE = """\
# Every application's database.
application_databases = {
  backstage = {
    database_name = "backstage"
    username      = "backstage_user"
  }
}
"""


class Platform:
    """A platform repository on a GitHub, and a clone of it."""

    def __init__(self, root: Path, api: GitHubApi) -> None:
        self.root = root
        self.api = api
        self.origin = root / "origin.git"
        self.work = root / "work"
        api.origin = self.origin
        api.teams = dict(TEAMS)
        git(root, "init", "--quiet", "--bare", "--initial-branch", BASE, str(self.origin))
        git(root, "clone", "--quiet", str(self.origin), str(self.work))
        self.write(CATALOG, BEFORE)
        self.write("pgtenant.toml", SETTINGS)
        self.commit("Begin")

    @property
    def environ(self) -> dict[str, str]:
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "a-person",
            "GITHUB_ACTOR_ID": "42",
            "GITHUB_API_URL": self.api.url,
            "GITHUB_REPOSITORY": "example-org/platform",
            "GITHUB_RUN_ID": "1001",
            "GITHUB_SERVER_URL": "https://github.example.org",
            "GITHUB_TOKEN": "fake-token",
        }

    def write(self, path: str, text: str) -> None:
        (self.work / path).parent.mkdir(parents=True, exist_ok=True)
        (self.work / path).write_text(text)

    def commit(self, message: str, branch: str = BASE) -> None:
        git(self.work, "add", "--all")
        git(self.work, "commit", "--quiet", "--message", message)
        git(self.work, "push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")

    def switch(self, branch: str) -> None:
        git(self.work, "fetch", "--quiet", "origin", branch)
        git(self.work, "checkout", "--quiet", "--force", "-B", "work", "FETCH_HEAD")

    def merge(self, number: int) -> None:
        """Merge a pull request as its button does."""
        branch = self.api.shown(number)["head"]["ref"]
        self.switch(BASE)
        git(self.work, "fetch", "--quiet", "origin", branch)
        git(self.work, "merge", "--quiet", "--no-ff", "--message", f"Merge {number}", "FETCH_HEAD")
        git(self.work, "push", "--quiet", "origin", f"HEAD:refs/heads/{BASE}")
        self.api.merged(number)

    def file(self, path: str = CATALOG, branch: str = BASE) -> str:
        return git(self.origin, "show", f"{branch}:{path}")

    def branches(self) -> list[str]:
        listed = git(self.origin, "for-each-ref", "--format=%(refname:short)", "refs/heads")
        return [name for name in listed.split() if name != BASE]

    def number(self, key: str) -> int:
        [number] = [
            number
            for number, pull in self.api.pulls.items()
            if pull["head"]["ref"] == f"database/create-dev-{key}"
        ]
        return number

    def outcome(self, key: str) -> str:
        return self.api.status(self.number(key), "rds-request")


class Console:
    """`pgtenant request`, as a workflow runs it."""

    def __init__(
        self,
        platform: Platform,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self._platform = platform
        self._capsys = capsys
        for name, value in platform.environ.items():
            monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        asked = ["request", *arguments, "--project", str(self._platform.work)]
        done = Result(main(asked), *self._capsys.readouterr())
        check_output(asked, done.out)
        return done

    def open(self, name: str, **changed: str) -> Result:
        return self.run(*opening(name, **changed))

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--format", "json").out)


def opening(name: str, **changed: str) -> list[str]:
    fields = {"database_name": name, "username": f"{name}_user", **FIELDS, "risk": "medium"}
    flags = [f"--{k.replace('_', '-')}={v}" for k, v in (fields | changed).items()]
    return ["open", "-e", "dev", *flags]


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=directory,
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
    )
    return done.stdout.rstrip("\n")


def proposed(platform: Platform, branch: str) -> int:
    """Open a pull request by hand."""
    members = {"title": branch, "body": "", "head": branch, "base": BASE}
    pull: Any = platform.api.answer("POST", "/repos/example-org/platform/pulls", members)
    return int(pull["number"])
