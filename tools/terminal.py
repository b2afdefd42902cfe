"""A program in a terminal of its own: what it prints there, as it comes."""

from __future__ import annotations

import os
import pty
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping, Sequence
from fcntl import ioctl
from pathlib import Path


def run(
    command: Sequence[str],
    take: Callable[[bytes], None],
    *,
    columns: int,
    rows: int,
    environ: Mapping[str, str],
    cwd: Path | None = None,
) -> int:
    """Run a program to its end, with its input, output and errors in one terminal.

    Args:
        command: the program and its arguments.
        take: gets the bytes as they are printed, carriage returns included.
        columns: how wide the terminal is.
        rows: how high it is.
        environ: all variables that it gets.
        cwd: where it is run.

    Returns:
        The exit code, or the number of the signal that ended it, negative.
    """
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    try:
        process = subprocess.Popen(
            command,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=environ,
            cwd=cwd,
            start_new_session=True,
        )
    finally:
        os.close(theirs)
    try:
        while chunk := _read(ours):
            take(chunk)
    finally:
        os.close(ours)
        process.wait()
    return process.returncode


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux says so when the other side is closed
        return b""
