"""Runs a Job with kubectl and follows it to its end."""

from __future__ import annotations

import json
import time
from typing import Any, TextIO

from kubectl import get, kubectl, reachable, say
from pod_log import CONTAINER, PodLog

FAILED = 1
UNREACHABLE = 69
# What pgtenant exits with after it has looked at the instance: its journal has an end then.
RECORDED = (0, 4)
# Why a Job failed whose pods were taken away after activeDeadlineSeconds.
TOO_LATE = "DeadlineExceeded"
STARTED = {"running", "terminated"}
# Seconds: between two looks; for the node to say that a container has ended; until an API that does
# not answer any more, or a log that can't be had, is given up.
PAUSE = 1.0
SETTLING = 30.0
PATIENCE = 600.0


class KubernetesJob:
    """One Job; its ConfigMap has the same name."""

    def __init__(self, name: str, *, recorded: bool) -> None:
        """Name it.

        Args:
            name: of the Job.
            recorded: whether its log has to hold the audit records, to their end.
        """
        self.name = name
        self._recorded = recorded
        self._logs: dict[str, PodLog] = {}

    def run(self, manifests: str, log: TextIO) -> int:
        """Create the Job, write the logs of its pods as they come, and return the exit code."""
        if not reachable():
            say("the Kubernetes API can't be used; nothing was created")
            return UNREACHABLE
        created = kubectl("create", "--filename=-", "--output=name", given=manifests)
        if f"job.batch/{self.name}" not in created.stdout.split():
            say(created.stderr)
            if "already exists" in created.stderr or not self._was_created():
                return FAILED
        say(f"created {self.name}")
        self._own_the_config_map()
        job = self._follow(log)
        if job is None:
            say(f"the Kubernetes API does not answer any more; {self.name} may still run")
            return FAILED
        code = self._exit_code(job)
        if not self._has_every_log(log, code):
            say(f"{self.name}: its log can't be had whole; collect the audit records by hand")
            return code or FAILED
        return code

    def _was_created(self) -> bool:
        """Tell, where the API has not answered, once it does.

        As long as that is not known nobody else may do the same: the Job's records would be lost.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            found = kubectl("get", "job", self.name, "--ignore-not-found", "--output=name")
            if found.returncode == 0:
                return bool(found.stdout)
            time.sleep(PAUSE)
        say(f"the Kubernetes API does not answer any more; {self.name} may run")
        return False

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
                for pod in self._pods() or ():
                    self._read_log(pod, log)
                if _conditions(job):
                    return job
            time.sleep(PAUSE)
        return None

    def _read_log(self, pod: dict[str, Any], log: TextIO) -> None:
        """Write what the pod says until it ends, and once it has ended what was not yet written."""
        name, state = pod["metadata"]["name"], state_of(pod)
        one = self._logs.setdefault(name, PodLog(name))
        if "running" in state and time.monotonic() - one.followed > SETTLING:
            one.follow(log)
        elif "terminated" in state:
            ended = self._recorded and state["terminated"].get("exitCode") in RECORDED
            one.complete(log, with_end=ended)

    def _has_every_log(self, log: TextIO, code: int) -> bool:
        """Return whether the log of each pod that ran is whole, and try until it is."""
        until = time.monotonic() + PATIENCE
        while True:
            pods = self._pods()
            for pod in pods or ():
                self._read_log(pod, log)
            began = [pod for pod in pods or () if STARTED & state_of(pod).keys()]
            # The pods of a Job that was ended from outside are taken away; others are still there.
            there = pods is not None and (began or code)
            if there and all(self._logs[pod["metadata"]["name"]].whole for pod in began):
                if not pods:
                    say(f"{self.name}: its pods are gone; their log is what was followed of it")
                return True
            if time.monotonic() > until:
                return False
            time.sleep(PAUSE)

    def _exit_code(self, job: dict[str, Any]) -> int:
        how = _conditions(job)
        if how[0]["type"] == "Complete":
            return 0
        for condition in how:
            say(f"{self.name}: {condition.get('reason', '')}: {condition.get('message', '')}")
            if condition.get("reason") == TOO_LATE:
                say("what it did until then stands; the next run continues from there")
                return FAILED
        ends = [state_of(pod).get("terminated") for pod in self._pods() or ()]
        codes = [int(end["exitCode"]) for end in ends if end]
        return (codes[-1] if codes else FAILED) or FAILED

    def _pods(self) -> list[dict[str, Any]] | None:
        """Return the Job's pods, the oldest first, or None when they can't be had."""
        found = get("pods", f"--selector=job-name={self.name}")
        if found is None:
            return None
        return sorted(found["items"], key=lambda pod: str(pod["metadata"]["creationTimestamp"]))


def publish(config_map: str) -> int:
    """Make or replace a ConfigMap; return the exit code."""
    how = ("--server-side", "--force-conflicts", "--field-manager=rds-job")
    done = kubectl("apply", *how, "--filename=-", given=config_map)
    say(done.stdout or f"the catalog was not published: {done.stderr}")
    return FAILED if done.returncode else 0


def state_of(pod: dict[str, Any]) -> dict[str, Any]:
    """Return the state of pgtenant's container: waiting, running, terminated, or nothing yet."""
    statuses = pod.get("status", {}).get("containerStatuses", [])
    return next((dict(one["state"]) for one in statuses if one["name"] == CONTAINER), {})


def _conditions(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return how a Job ended; nothing while it works."""
    conditions = job.get("status", {}).get("conditions", [])
    true = [one for one in conditions if one["status"] == "True"]
    return [one for one in true if one["type"] in {"Complete", "Failed"}]
