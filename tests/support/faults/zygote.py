"""A process that has imported pgtenant once, and forks a child for each run of the command line.

Runs as a script. It reads a request per line (JSON) on standard input, and answers with the child's
pid, then with how it ended. It has no threads, so that a child is like a process of its own. The
first request it carries out itself: what Python sets up on first use takes longer than a run.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import signal
import sys
import threading
from typing import Any

_PATIENCE = 10.0  # seconds


def warm_up(request: dict[str, Any]) -> int:
    """Run the command line once in this process; its threads are over when it returns."""
    from pgtenant.cli import main

    os.environ.update(request["env"])
    with (
        open(request["out"], "w") as out,  # noqa: PTH123 - as short as it gets
        open(request["err"], "w") as err,  # noqa: PTH123
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        code = main(request["argv"])
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(_PATIENCE)
    assert threading.active_count() == 1, threading.enumerate()
    return code


def child(request: dict[str, Any]) -> None:
    """Become pgtenant, as a shell would start it."""
    for number, name in ((0, os.devnull), (1, request["out"]), (2, request["err"])):
        os.dup2(os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), number)
    os.environ.clear()
    os.environ.update(request["env"])
    if request["file_size"]:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (request["file_size"], request["file_size"]))
    from pgtenant.cli import main

    code = 70
    try:
        code = main(request["argv"])
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def answer(number: int) -> None:
    """Tell the other side."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def serve() -> None:
    """Fork until standard input ends."""
    for module in ("adopt", "bootstrap"):
        importlib.import_module(f"pgtenant.cli.{module}")
    answer(os.getpid())
    answer(warm_up(json.loads(sys.stdin.readline())))
    gc.freeze()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            child(json.loads(line))
        answer(pid)
        _, status = os.waitpid(pid, 0)
        answer(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    serve()
