"""Our side of the supervisor: processes and directories that never outlive us."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pgtenant.codes import Code
from pgtenant.embedded import supervisor
from pgtenant.embedded.account import choose_account, temporary_parent
from pgtenant.errors import PgtenantError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from signal import Signals
    from typing import IO

    from pgtenant.embedded.account import Account


class Keeper:
    """Runs programs as an unprivileged user and cleans up when we end, however we end.

    A context manager; usable from several threads. Every method raises PgtenantError
    when the supervisor reports a failure or is gone.

    Args:
        data_parent: where the servers' data goes; by default where temporary files go.

    Attributes:
        account: who the programs run as; None means ourselves.
    """

    def __init__(self, data_parent: Path | None = None) -> None:
        self.account: Account | None = choose_account()
        self._parent = temporary_parent(self.account)
        self._data_parent = data_parent or self._parent
        ids = [] if self.account is None else [str(self.account.uid), str(self.account.gid)]
        self._lock = threading.Lock()
        self._number = 0
        self._directories: list[Path] = []
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", str(Path(supervisor.__file__)), *ids],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stops every program and removes every directory. May be called again."""
        with self._lock:
            if self._process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    self._process.stdin.close()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
        # Nothing is left of them, unless somebody killed the supervisor.
        for directory in self._directories:
            shutil.rmtree(directory, ignore_errors=True)

    def directory(self, prefix: str, *, programs: bool = False) -> Path:
        """A new temporary directory, ours to write; the account may only pass through it.

        `programs` says that it has to be possible to execute files there.
        """
        parent = self._parent if programs else self._data_parent
        path = self._ask("directory", parent=str(parent), prefix=prefix)
        self._directories.append(Path(str(path)))
        return self._directories[-1]

    def private_directory(self, path: Path) -> None:
        """Makes the directory `path` for the account alone."""
        self._ask("private_directory", path=str(path))

    def remove(self, directory: Path) -> None:
        """Removes a directory made by `directory`."""
        self._ask("remove", path=str(directory))
        self._directories.remove(directory)

    def run(self, argv: Sequence[str], *, log: Path) -> int:
        """Runs a program to its end; its output is appended to `log`. Returns the exit status."""
        status = self._ask("run", argv=list(argv), log=str(log))
        return int(str(status))

    def start(self, argv: Sequence[str], *, log: Path) -> int:
        """Starts a program; its output is appended to `log`. Returns the process id."""
        return int(str(self._ask("start", argv=list(argv), log=str(log))))

    def poll(self, pid: int) -> int | None:
        """The exit status of a started program, None while it runs."""
        status = self._ask("poll", pid=pid)
        return None if status is None else int(str(status))

    def stop(self, pid: int, signal: Signals, *, timeout: float) -> int | None:
        """Signals a started program and waits up to `timeout` seconds.

        Returns its exit status, or None when it still runs.
        """
        status = self._ask("stop", pid=pid, signum=int(signal), timeout=timeout)
        return None if status is None else int(str(status))

    def _ask(self, action: str, **arguments: object) -> object:
        with self._lock:
            self._number += 1
            request = json.dumps({"do": action, "number": self._number, **arguments}) + "\n"
            stdin, stdout = self._process.stdin, self._process.stdout
            if stdin is None or stdout is None or stdin.closed:
                raise PgtenantError(
                    "the embedded server has already been closed", code=Code.EMBEDDED_SERVER
                )
            try:
                stdin.write(request)
                stdin.flush()
                reply = self._read(stdout)
            except (BrokenPipeError, EOFError):
                raise PgtenantError(
                    "the process that looks after the embedded server is gone",
                    code=Code.EMBEDDED_SERVER,
                ) from None
        if "error" in reply:
            raise PgtenantError(f"the embedded server: {reply['error']}", code=Code.EMBEDDED_SERVER)
        return reply["value"]

    def _read(self, stdout: IO[str]) -> dict[str, object]:
        # Ctrl-C may have left the answer to an earlier request unread.
        while True:
            line = stdout.readline()
            if not line:
                raise EOFError
            reply: dict[str, object] = json.loads(line)
            if reply.pop("number") == self._number:
                return reply
