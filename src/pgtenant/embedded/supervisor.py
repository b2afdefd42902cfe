"""The process that outlives its parent just long enough to clean up after it.

Started by `keeper` as a script, isolated and without site packages, so it imports
the standard library only. It owns the server processes and the temporary
directories: requests come as JSON lines on stdin, answers go to stdout. When stdin
ends, for whatever reason (a normal end, Ctrl-C, SIGTERM, SIGKILL of the parent), it
stops every process and removes every directory. It has a session of its own, so the
terminal's Ctrl-C does not reach it or the servers. Should it be killed itself, the
kernel sends the servers SIGQUIT.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_RUN_TIMEOUT = 120.0
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class Supervisor:
    """Handles requests until stdin ends.

    Args:
        uid: the user to run programs as, or None to run them as ourselves.
        gid: that user's only group.
    """

    def __init__(self, uid: int | None, gid: int | None) -> None:
        self._uid = uid
        self._gid = gid
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._directories: list[str] = []

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request; `error` in it says why it failed."""
        action, number = request.pop("do"), request.pop("number")
        try:
            return {"number": number, "value": getattr(self, f"do_{action}")(**request)}
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return {"number": number, "error": str(error)}

    def do_directory(self, parent: str, prefix: str) -> str:
        """A new directory. Only ours to write; the server's user may pass through it."""
        path = tempfile.mkdtemp(prefix=prefix, dir=parent)
        self._directories.append(path)
        if self._uid is not None:
            Path(path).chmod(0o711)
        return path

    def do_private_directory(self, path: str) -> None:
        """A new directory that belongs to the server's user."""
        Path(path).mkdir(mode=0o700)
        if self._uid is not None and self._gid is not None:
            os.chown(path, self._uid, self._gid)

    def do_remove(self, path: str) -> None:
        """Removes a directory made by `directory`."""
        self._directories.remove(path)
        shutil.rmtree(path, ignore_errors=True)

    def do_run(self, argv: list[str], log: str) -> int:
        """Runs a program to its end and returns its exit status."""
        process = self._spawn(argv, log)
        try:
            return process.wait(_RUN_TIMEOUT)
        finally:
            process.kill()
            process.wait()

    def do_start(self, argv: list[str], log: str) -> int:
        """Starts a program and returns its process id."""
        process = self._spawn(argv, log)
        self._processes[process.pid] = process
        return process.pid

    def do_poll(self, pid: int) -> int | None:
        """The exit status of a started program, None while it runs."""
        return self._processes[pid].poll()

    def do_stop(self, pid: int, signum: int, timeout: float) -> int | None:
        """Signals a started program; its exit status, None if it still runs after `timeout` s."""
        process = self._processes[pid]
        process.send_signal(signum)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(timeout)
        return None

    def close(self) -> None:
        """Stops everything at once (the data is about to be deleted) and removes it."""
        for process in self._processes.values():
            process.send_signal(signal.SIGQUIT)
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for path in self._directories:
            shutil.rmtree(path, ignore_errors=True)

    def _spawn(self, argv: list[str], log: str) -> subprocess.Popen[bytes]:
        with Path(log).open("ab") as output:
            return subprocess.Popen(  # noqa: S603
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                start_new_session=True,
                umask=0o077,
                user=self._uid,
                group=self._gid,
                extra_groups=None if self._uid is None else [],
                # Safe here: this process has one thread.
                preexec_fn=_die_with_parent,  # noqa: PLW1509
            )


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def main() -> None:
    """Serves requests; `argv` holds the uid and gid to run programs as, or nothing."""
    ids = [int(argument) for argument in sys.argv[1:]]
    supervisor = Supervisor(*(ids or (None, None)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        for line in sys.stdin:
            sys.stdout.write(json.dumps(supervisor.handle(json.loads(line))) + "\n")
            sys.stdout.flush()
    except BrokenPipeError:
        pass
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        supervisor.close()
        # The parent may be gone: flushing to it at exit must not fail loudly.
        os._exit(0)


if __name__ == "__main__":
    main()
