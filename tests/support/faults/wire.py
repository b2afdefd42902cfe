"""As much of PostgreSQL's protocol (version 3) as it takes to tell statements apart.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102
_DONE: Final = 0  # AuthenticationOk
_FLUSH: Final = b"H\0\0\0\4"
_OUTCOMES: Final = {b"C", b"I", b"E"}  # CommandComplete, EmptyQueryResponse, ErrorResponse
_FINAL: Final = 12  # AuthenticationSASLFinal: nothing is expected in return


class HungUpError(Exception):
    """The other side closed the connection."""


@dataclass(frozen=True, slots=True)
class Message:
    """One typed message; `raw` is all of it."""

    kind: bytes
    raw: bytes

    @property
    def body(self) -> bytes:
        return self.raw[5:]


@dataclass(frozen=True, slots=True)
class Startup:
    """The first message of a connection: who wants in, and where."""

    raw: bytes
    user: str
    database: str


@dataclass(frozen=True, slots=True)
class Request:
    """One statement as it is sent: a simple query, or everything up to an Execute and its Sync.

    Attributes:
        raw: what to pass on. It lets the server answer, also where more statements follow before
            the next Sync.
        ends: whether the server says that it is ready after it.
    """

    raw: bytes
    sql: str
    ends: bool = True


def read_startup(client: socket.socket) -> Startup | None:
    """Read how a connection begins; None for a request to cancel, which is thrown away."""
    while True:
        head = _exactly(client, 8)
        length, code = struct.unpack("!II", head)
        rest = _exactly(client, length - 8)
        if code in {_SSL, _GSS}:
            client.sendall(b"N")
            continue
        if code == _CANCEL:
            return None
        words = rest.rstrip(b"\0").decode().split("\0")
        given = dict(zip(words[::2], words[1::2], strict=False))
        return Startup(head + rest, given["user"], given.get("database", given["user"]))


class Requests:
    """What a client sends, statement by statement: also those of a pipeline that came together."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        self._ahead: list[Message] = []

    @property
    def waiting(self) -> bool:
        """Whether something has been read already."""
        return bool(self._ahead)

    def next(self) -> Request | None:
        """Read one statement; None when the client says goodbye."""
        raw, sql = b"", ""
        while True:
            message = self._read()
            raw += message.raw
            match message.kind:
                case b"X":
                    return None
                case b"Q":
                    return Request(raw, message.body.rstrip(b"\0").decode())
                case b"P":
                    sql = message.body.split(b"\0")[1].decode()
                case b"E":
                    self._ahead.append(following := self._read())
                    if following.kind != b"S":
                        return Request(raw + _FLUSH, sql, ends=False)
                case b"S":
                    return Request(raw, sql)
                case _:
                    pass

    def skip(self) -> bytes:
        """Pass over the rest of a pipeline; return the Sync that ends it."""
        while (message := self._read()).kind != b"S":
            pass
        return message.raw

    def _read(self) -> Message:
        return self._ahead.pop() if self._ahead else read_message(self._client)


def read_message(side: socket.socket) -> Message:
    """Read one message.

    Raises:
        HungUpError: there is none any more.
    """
    head = _exactly(side, 5)
    (length,) = struct.unpack("!I", head[1:])
    return Message(head[:1], head + _exactly(side, length - 4))


def answers(side: socket.socket, *, ready: bool = True) -> Iterator[Message]:
    """Read what a server says up to its ReadyForQuery, or up to its end.

    Args:
        side: the server.
        ready: it will say so; otherwise one statement's answer ends with what became of it.
    """
    while True:
        try:
            message = read_message(side)
        except HungUpError:
            return
        yield message
        if message.kind == b"Z" or (not ready and message.kind in _OUTCOMES):
            return


def wants_reply(message: Message) -> bool:
    """Whether the server waits for the client to go on proving who it is."""
    if message.kind != b"R":
        return False
    (code,) = struct.unpack("!I", message.body[:4])
    return code not in {_DONE, _FINAL}


def backend_pid(message: Message) -> int | None:
    """The server process's id, in the one message that tells it."""
    return int(struct.unpack("!I", message.body[:4])[0]) if message.kind == b"K" else None


def simple_query(text: str) -> bytes:
    """Write a simple query."""
    body = text.encode() + b"\0"
    return b"Q" + struct.pack("!I", len(body) + 4) + body


def _exactly(side: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        try:
            part = side.recv(size - len(data))
        except OSError as error:
            raise HungUpError from error
        if not part:
            raise HungUpError
        data += part
    return data
