"""Runs a Job with kubectl and follows it to its end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any, TextIO

from job_manifests import KUBECTL, NAMESPACE

CONTAINER = "pgtenant"
FAILED = 1
UNREACHABLE = 69
# Seconds: between two looks; for the node to say that a container has ended; until an API that does
# not answer any more is given up.
PAUSE = 1.0
SETTLING = 30.0
PATIENCE = 600.0


class KubernetesJob:
    """One Job; its ConfigMap has the same name."""

    def __init__(self, name: str) -> None:
        """Name it."""
        self.name = name
        self._read: set[str] = set()

    def run(self, manifests: str, log: TextIO) -> int:
        """Create the Job, write the logs of its pods as they come, and return the exit code."""
        if not _reachable():
            say("the Kubernetes API can't be used; nothing was created")
            return UNREACHABLE
        created = kubectl("create", "--filename=-", "--output=name", given=manifests)
        if f"job.batch/{self.name}" not in created.stdout.split():
            say(created.stderr)
            return FAILED if _reachable() else UNREACHABLE
        say(f"created {self.name}")
        self._own_the_config_map()
        job = self._follow(log)
        if job is None:
            say(f"the Kubernetes API does not answer any more; {self.name} may still run")
            return FAILED
        return self._exit_code(job)

    def _own_the_config_map(self) -> None:
        """Have the ConfigMap go when the Job goes."""
        job = get("job", self.name) or {"metadata": {"uid": ""}}
        uid = job["metadata"]["uid"]
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": self.name, "uid": uid}
        patch = json.dumps({"metadata": {"ownerReferences": [owner]}})
        done = kubectl("patch", "configmap", self.name, "--patch", patch)
        if done.returncode:
            say(f"configmap {self.name} will have to be deleted by hand: {done.stderr}")

    def _follow(self, log: TextIO) -> dict[str, Any] | None:
        answered = time.monotonic()
        while time.monotonic() - answered < PATIENCE:
            job = get("job", self.name)
            if job is not None:
                answered = time.monotonic()
                for pod in self._pods():
                    self._read_log(pod, log)
                if _conditions(job):
                    return job
            time.sleep(PAUSE)
        return None

    def _read_log(self, pod: dict[str, Any], log: TextIO) -> None:
        name = pod["metadata"]["name"]
        if name in self._read or not {"running", "terminated"} & state_of(pod).keys():
            return
        log.flush()
        command = ["logs", f"pod/{name}", f"--container={CONTAINER}", "--follow"]
        done = subprocess.run(
            [*KUBECTL, "--namespace", NAMESPACE, *command], stdout=log, check=False
        )
        # A log that broke off is read again, whole: who collects records takes each one once.
        if done.returncode == 0 and self._has_ended(name):
            self._read.add(name)

    def _has_ended(self, pod: str) -> bool:
        until = time.monotonic() + SETTLING
        while time.monotonic() < until:
            found = get("pod", pod)
            if found is not None and "terminated" in state_of(found):
                return True
            time.sleep(PAUSE)
        return False

    def _exit_code(self, job: dict[str, Any]) -> int:
        how = _conditions(job)
        if how[0]["type"] == "Complete":
            return 0
        for condition in how:
            say(f"{self.name}: {condition.get('reason', '')}: {condition.get('message', '')}")
        ends = [state_of(pod).get("terminated") for pod in self._pods()]
        codes = [int(end["exitCode"]) for end in ends if end]
        return (codes[-1] if codes else FAILED) or FAILED

    def _pods(self) -> list[dict[str, Any]]:
        """Return the Job's pods, the oldest first."""
        found = get("pods", f"--selector=job-name={self.name}") or {"items": []}
        return sorted(found["items"], key=lambda pod: str(pod["metadata"]["creationTimestamp"]))


def publish(config_map: str) -> int:
    """Make or replace a ConfigMap; return the exit code."""
    how = ("--server-side", "--force-conflicts", "--field-manager=rds-job")
    done = kubectl("apply", *how, "--filename=-", given=config_map)
    say(done.stdout or f"the catalog was not published: {done.stderr}")
    return FAILED if done.returncode else 0


def get(*what: str) -> dict[str, Any] | None:
    """Return an object, or None when it can't be had."""
    done = kubectl("get", *what, "--output=json", "--request-timeout=15s")
    if done.returncode:
        say(done.stderr)
        return None
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def kubectl(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run kubectl in the namespace."""
    return subprocess.run(
        [*KUBECTL, "--namespace", NAMESPACE, *arguments],
        input=given,
        capture_output=True,
        check=False,
        text=True,
    )


def state_of(pod: dict[str, Any]) -> dict[str, Any]:
    """Return the state of pgtenant's container: waiting, running, terminated, or nothing yet."""
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return next((dict(one["state"]) for one in statuses if one["name"] == CONTAINER), {})


def say(text: str) -> None:
    """Tell people something, apart from the log."""
    sys.stderr.write(text.rstrip() + "\n")
    sys.stderr.flush()


def _reachable() -> bool:
    done = kubectl("version", "--output=json", "--request-timeout=15s")
    if done.returncode:
        say(done.stderr)
    return done.returncode == 0


def _conditions(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how a Job ended; nothing while it works."""
    conditions = job.get("status", {}).get("conditions", [])
    true = [one for one in conditions if one["status"] == "True"]
    return [one for one in true if one["type"] in {"Complete", "Failed"}]
