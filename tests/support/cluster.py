"""A real Kubernetes on this machine, made by a kit's scripts, shared by all that test with it.

A machine can be one node only. So the first process that asks starts the cluster, others join in,
and the last one ends it. What was left by processes that were killed is ended by the next one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.project import Result

ROOT = Path(__file__).parents[2]
# Short, because sockets lie below it.
_HOME = Path("/tmp/pgtenant-test-cluster")
_PORTS = 7
_IMAGE = "local/pgtenant"
_MOST_IMAGES = 3
_ENDED = {"Succeeded": ("Complete",), "Failed": ("Failed",)}
# Seconds; only to end a test of what never comes.
_LONGEST = 900.0


class UnavailableError(Exception):
    """The kit can't build the programs, or start a node; the message says why."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running cluster.

    Attributes:
        kit: the directory of the scripts.
        environ: for them and for kubectl, besides the process's own.
    """

    kit: Path
    environ: dict[str, str]

    def __call__(self, *arguments: str, given: str | None = None) -> Result:
        """Run kubectl as the administrator."""
        done = subprocess.run(
            ["kubectl", *arguments],
            env=os.environ | self.environ,
            input=given,
            capture_output=True,
            check=False,
            text=True,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def get(self, *what: str) -> Any:
        """Return an object or a list, as JSON."""
        found = self("get", *what, "--output=json")
        assert found.code == 0, found.output
        return json.loads(found.out)

    def define(self, file: str, resource: str) -> None:
        """Have resources of a definition of the kit's, and wait until they are served: seconds.

        Args:
            file: of the definition.
            resource: such as `workflowtemplates.argoproj.io`.
        """
        definition = self.kit.parent / "crds" / file
        made = self("create", "--validate=false", f"--filename={definition}")
        assert made.code == 0 or "already exists" in made.err, made.err
        until = time.monotonic() + _LONGEST
        while self("get", resource, "--all-namespaces").code != 0:
            assert time.monotonic() < until
            time.sleep(1)

    def finished(self, kind: str, name: str, namespace: str) -> Any:
        """Wait for the end of a Job or a Pod, and return it as it is then."""
        until = time.monotonic() + _LONGEST
        while True:
            found = self.get(kind, name, "--namespace", namespace)
            status = found.get("status", {})
            ended = {one["type"] for one in status.get("conditions", []) if one["status"] == "True"}
            if {"Complete", "Failed"} & {*ended, *_ENDED.get(status.get("phase"), ())}:
                return found
            assert time.monotonic() < until, json.dumps(found, indent=1)
            time.sleep(0.5)

    def image(self) -> str:
        """Return the name of the image of this checkout, which the node has from now on."""
        name = f"{_IMAGE}:{_digest()}"
        if not self._has(name):
            with _locked(_HOME / "image.lock"):
                self._build(name)
        return name

    def _build(self, name: str) -> None:
        if self._has(name):
            return
        there = self._images()
        if len(there) > _MOST_IMAGES:
            self._containerd("image", "rm", *there)
        _script(self.kit, "image", self.environ, str(ROOT / "Dockerfile"), name, str(ROOT))

    def _has(self, name: str) -> bool:
        return f"docker.io/{name}" in self._images()

    def _images(self) -> list[str]:
        names = self._containerd("image", "ls", "--quiet").split()
        return [name for name in names if name.startswith(f"docker.io/{_IMAGE}:")]

    def _containerd(self, *arguments: str) -> str:
        address = Path(self.environ["PGTENANT_KIT_RUN"]) / "containerd" / "c.sock"
        return subprocess.run(
            ["ctr", "--address", str(address), "--namespace", "k8s.io", *arguments],
            capture_output=True,
            check=True,
            text=True,
        ).stdout


def missing(environ: Mapping[str, str]) -> str | None:
    """Say that no cluster is wanted here, or None.

    A kit that is named is wanted: what it lacks is no reason to leave a test out.
    """
    if not environ.get("PGTENANT_TEST_KIT"):
        return "no cluster: PGTENANT_TEST_KIT names no kit"
    return None


def kit(environ: Mapping[str, str]) -> Path:
    """Return the directory of the scripts."""
    return Path(environ["PGTENANT_TEST_KIT"]) / "kubernetes"


@contextlib.contextmanager
def shared(scripts: Path) -> Iterator[Cluster]:
    """Start the cluster or join it; the last one to leave ends it.

    Raises:
        UnavailableError: it can't be had here.
    """
    _HOME.mkdir(exist_ok=True)
    environ = {"PGTENANT_KIT_RUN": str(_HOME / "run")}
    environ["KUBECONFIG"] = f"{environ['PGTENANT_KIT_RUN']}/kubeconfig"
    user = _HOME / f"user-{os.getpid()}"
    with _locked(_HOME / "lock"):
        if not _users():
            if os.geteuid() != 0:
                raise UnavailableError("a node can be started by root only")
            try:
                _start(scripts, environ)
            except (AssertionError, OSError) as error:
                raise UnavailableError(str(error)[-2000:]) from None
        user.touch()
        # Kept open: the lock tells that this process lives, whatever becomes of it.
        alive = user.open()
        fcntl.flock(alive, fcntl.LOCK_EX)
    try:
        yield Cluster(scripts, environ)
    finally:
        with _locked(_HOME / "lock"):
            alive.close()
            user.unlink()
            if not _users():
                _script(scripts, "down", environ)


def _start(scripts: Path, environ: dict[str, str]) -> None:
    _script(scripts, "build", environ)
    if _answers(environ):
        return
    _script(scripts, "down", environ)
    ports = {"PGTENANT_KIT_PORT": str(_free_ports())}
    try:
        _script(scripts, "up", environ | ports, "--node")
    except AssertionError:
        _script(scripts, "down", environ)
        raise


def _users() -> list[Path]:
    """Return those who still use it; what others left is cleared away."""
    living = []
    for user in _HOME.glob("user-*"):
        with user.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                living.append(user)
                continue
        user.unlink()
    return living


def _answers(environ: Mapping[str, str]) -> bool:
    command = ["kubectl", "wait", "--for=condition=Ready", "node/localhost", "--timeout=5s"]
    done = subprocess.run(command, env=os.environ | environ, check=False, capture_output=True)
    return done.returncode == 0


def _script(scripts: Path, name: str, environ: Mapping[str, str], *arguments: str) -> None:
    """Run a script of the kit, and show what it said if it failed."""
    done = subprocess.run(
        [str(scripts / name), *arguments],
        env=os.environ | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    assert done.returncode == 0, f"{name} {' '.join(arguments)}: {done.stdout}"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _free_ports() -> int:
    """Return the first of seven free ports in a row, below those that are given out to clients."""
    for first in range(16500, 32000, 10):
        with contextlib.ExitStack() as stack:
            try:
                for port in range(first, first + _PORTS):
                    stack.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
        return first
    raise AssertionError("no seven free ports in a row")


def _digest() -> str:
    """Return what the image is made from, in short."""
    files = [ROOT / name for name in ("Dockerfile", "pyproject.toml", "README.md", "LICENSE")]
    files += sorted((ROOT / "requirements").glob("*.txt"))
    for directory in ("share", "src"):
        files += sorted(path for path in (ROOT / directory).rglob("*") if path.is_file())
    whole = hashlib.sha256()
    for file in files:
        if "__pycache__" not in file.parts:
            whole.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return whole.hexdigest()[:16]
