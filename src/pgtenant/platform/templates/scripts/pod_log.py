"""The log of a pod, read to its end."""

from __future__ import annotations

import hashlib
import math
import subprocess
import time
from typing import TextIO

from job_manifests import KUBECTL, NAMESPACE
from kubectl import say

CONTAINER = "pgtenant"


class PodLog:
    """What one pod wrote.

    Attributes:
        whole: whether all of it is written.
        followed: when it was last followed to an end, in monotonic seconds.

    `kubectl logs --follow` may end too early and call that success, as when the node turns the log
    over. So a log is asked for once more after the end, and written again, whole, where it is not
    what was followed: who collects records takes each one once.
    """

    def __init__(self, pod: str) -> None:
        """Name the pod."""
        self.whole = False
        self.followed = -math.inf
        self._command = [*KUBECTL, "--namespace", NAMESPACE, "logs", f"pod/{pod}"]
        self._command += [f"--container={CONTAINER}"]
        self._pod = pod
        self._digest = b""
        self._ended = False

    def follow(self, log: TextIO) -> None:
        """Write it as it comes."""
        digest = hashlib.sha256()
        with subprocess.Popen(
            [*self._command, "--follow"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        ) as running:
            for line in running.stdout or ():
                digest.update(line)
                self._write(line, log)
        self._digest = digest.digest()
        if running.returncode == 0:
            self.followed = time.monotonic()

    def complete(self, log: TextIO, *, with_end: bool) -> None:
        """Write what was not followed, after the pod's end.

        Args:
            log: where to.
            with_end: whether a log without the end of the journal is not whole.
        """
        if self.whole:
            return
        command = [*self._command, "--request-timeout=60s"]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode:
            say(f"{self._pod}: {done.stderr.decode(errors='replace')}")
            return
        digest = hashlib.sha256(done.stdout).digest()
        if digest != self._digest:
            self._digest = digest
            for line in done.stdout.splitlines(keepends=True):
                self._write(line, log)
        self.whole = self._ended or not with_end

    def _write(self, line: bytes, log: TextIO) -> None:
        self._ended = self._ended or (b'"journal"' in line and b"run_finished" in line)
        log.write(line.decode(errors="replace"))
        log.flush()
