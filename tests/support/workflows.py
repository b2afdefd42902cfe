"""A platform repository on a GitHub of one machine: an origin, its workflows under act, its API.

The workflows run as they are. Only the actions of others are replaced, by those in `actions`, and
where `aws` would make a kubeconfig, `bin/aws` copies the test's.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from support.github_api import GitHubApi
from support.platform_tools import tool
from support.project import Result

HERE = Path(__file__).parent
USES = re.compile(
    r"uses: (?P<repository>[\w-]+/(?P<name>[\w-]+))@(?P<commit>[0-9a-f]{40}) # v[0-9.]+$"
)
BRANCH = "development"


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of a workflow.

    Attributes:
        code: act's, 0 when every job succeeded.
        log: all that GitHub would show, and the workflow commands.
    """

    code: int
    log: str

    @property
    def said(self) -> str:
        """What the steps printed and how they failed, without what act says about itself."""
        lines = self.log.splitlines()
        return "\n".join(one for one in lines if re.search(r"  [|❌❓⚙🚧❗] ", one))


@dataclass(slots=True)
class GitHub:
    """The repository on it.

    Attributes:
        root: a working copy, on the branch `development`.
        home: a directory for everything else.
        environ: what every step gets besides.
        variables: the repository's and environments' `vars`.
        runs: every run so far.
        commits: every commit from the working copy so far.
        serial: of the process's repositories.
    """

    root: Path
    home: Path
    api: GitHubApi
    environ: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    runs: list[Ran] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)
    serial: int = field(default_factory=itertools.count().__next__)

    @property
    def pushed(self) -> str:
        """The commit that was last pushed from the working copy."""
        return self.commits[-1]

    @property
    def origin(self) -> Path:
        return self.home / "origin.git"

    @property
    def roles(self) -> list[str]:
        """The roles that were taken: session, role, region."""
        path = self.home / "roles"
        return sorted(path.read_text().splitlines()) if path.exists() else []

    def begin(self, *ignored: str) -> None:
        """Make the origin, with what is in the working copy as its first commit.

        Args:
            ignored: files that git would leave out.
        """
        self.git("init", "--quiet", "--initial-branch", BRANCH, ".")
        if ignored:
            self.git("add", "--force", *ignored)
        self.git("init", "--quiet", "--bare", "--initial-branch", BRANCH, str(self.origin))
        self.git("remote", "add", "origin", str(self.origin))
        self.commit("Begin")

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=A Person", "-c", "user.email=person@example.org")
        done = subprocess.run(
            ["git", *identity, *arguments],
            cwd=self.root,
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"},
        )
        return done.stdout.strip()

    def commit(self, message: str) -> str:
        """Commit everything and push it; return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        self.git("push", "--quiet", "origin", f"HEAD:{BRANCH}")
        self.commits.append(self.git("rev-parse", "HEAD"))
        return self.commits[-1]

    def pull(self) -> None:
        self.git("pull", "--quiet", "--rebase", "origin", BRANCH)

    def push(self, before: str) -> Ran:
        """Have happen what happens on a push to the branch."""
        event = {
            "ref": f"refs/heads/{BRANCH}",
            "before": before,
            "after": self.git("rev-parse", "HEAD"),
        }
        return self.run("push", "rds-database-apply.yml", event)

    def run(self, name: str, workflow: str, event: Mapping[str, object]) -> Ran:
        number = len(self.runs) + 1
        artifacts = self.home / f"artifacts-{number}"
        artifacts.mkdir()
        event_file = self.home / f"event-{number}.json"
        event_file.write_text(json.dumps(event))
        environ = self.environ | {
            "GITHUB_API_URL": self.api.url,
            "GITHUB_REPOSITORY": "example-org/platform",
            "GITHUB_RUN_ID": str(1000 + number),
            "GITHUB_RUN_NUMBER": str(self.run_number(number)),
            "TEST_ARTIFACTS": str(artifacts),
            "TEST_ORIGIN": str(self.origin),
            "TEST_ROLES": str(self.home / "roles"),
        }
        done = subprocess.run(
            [
                *(tool("act"), name, "--workflows", f".github/workflows/{workflow}"),
                *("--eventpath", str(event_file), "--no-skip-checkout"),
                *("--platform", "ubuntu-latest=-self-hosted", "--no-cache-server"),
                *("--secret", "GITHUB_TOKEN=fake-token", "--actor", "a-person"),
                *_options("--var", self.variables),
                *_options("--env", environ),
                *_options("--local-repository", self.actions()),
            ],
            cwd=self.root,
            env=self._machine(),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ran = Ran(done.returncode, done.stdout)
        self.runs.append(ran)
        return ran

    def run_number(self, number: int) -> int:
        """Return the number of the n-th run, which no other repository's runs have."""
        return (os.getpid() * 100 + self.serial) * 100 + number

    def actions(self) -> dict[str, str]:
        """Return what stands in for every action of others."""
        found: dict[str, str] = {}
        for file in (self.root / ".github").rglob("*.yml"):
            for line in file.read_text().splitlines():
                if not re.match(r"\s*(- )?uses: ", line) or "uses: ./" in line:
                    continue
                match = USES.search(line)
                assert match is not None, f"{file}: {line}"
                stub = HERE / "actions" / match["name"]
                assert stub.is_dir(), stub
                found[f"{match['repository']}@{match['commit']}"] = str(stub)
        return found

    def _machine(self) -> dict[str, str]:
        """Return the environment of the runner: this machine's, without what is its user's own."""
        own = ("AWS_", "TF_", "PGTENANT_", "GITHUB_", "ALLOW_", "KUBECONFIG", "XDG_")
        environ = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        programs = (self.home / "bin", HERE / "bin", Path(sys.executable).parent)
        return environ | {
            "HOME": str(self.home),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            "PATH": os.pathsep.join([*map(str, programs), environ["PATH"]]),
        }


def script(root: Path, name: str, *arguments: str, **environ: str) -> Result:
    """Run one of the workflows' scripts, with what a runner has on its path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    given = {"PATH": path, "PYTHONPATH": os.environ.get("PYTHONPATH", ""), **environ}
    done = subprocess.run(
        [f".github/scripts/{name}", *arguments],
        cwd=root,
        env=given,
        capture_output=True,
        check=False,
        text=True,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def _options(flag: str, values: Mapping[str, str]) -> list[str]:
    return [text for name, value in values.items() for text in (flag, f"{name}={value}")]
