"""How many connections are open, as the kernel sees it."""

from __future__ import annotations

from pathlib import Path
from threading import Event

_ESTABLISHED = "01"
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))


def most_sessions(port: int, done: Event) -> int:
    """Sample the open connections to a port.

    The kernel is asked and not the server, where a session outlives its connection a little. It
    walks its table while connections come and go, so that one reading can hold a connection that
    was closed and the one that took its place. Only what two readings in a row hold was open at
    one moment: the one between them.
    """
    most = 0
    before = _sockets(port)
    while not done.wait(0.001):
        now = _sockets(port)
        most = max(most, len(before & now))
        before = now
    return most


def _sockets(port: int) -> frozenset[str]:
    """The inodes of the clients' sockets that are connected to a port."""
    lines = (line for table in _TABLES for line in table.read_text().splitlines()[1:])
    return frozenset(
        fields[9]
        for fields in map(str.split, lines)
        if fields[3] == _ESTABLISHED and int(fields[2].rsplit(":", 1)[1], 16) == port
    )
