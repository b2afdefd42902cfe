"""Count what goes over one connection, out of the bytes alone: PostgreSQL's protocol, version 3.

https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_SSL, _GSS, _CANCEL = 80877103, 80877104, 80877102
_READING = ("SELECT", "SHOW", "FETCH", "DECLARE", "CLOSE", "COPY", "DISCARD")
_FRAMING = ("BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET", "RESET")
_LONGEST_TAG = 256
_TERMINATE = b"X\0\0\0\4"
"""A client's goodbye, which nobody answers: it costs no round trip."""


@dataclass(slots=True)
class Traffic:
    """What one tool sent and was sent.

    Attributes:
        connections: that got as far as a startup message; requests to cancel are none.
        statements: completed or failed, as the server reported each.
        changing: those of them whose command changes something, needed or not.
        turns: how often the client spoke after it had listened: round trips, TCP's own left out.
        bytes_sent: by the client.
        bytes_received: by the client.
    """

    connections: int = 0
    statements: int = 0
    changing: int = 0
    turns: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0

    def clear(self) -> None:
        """Begin again at 0."""
        self.connections = self.statements = self.changing = self.turns = 0
        self.bytes_sent = self.bytes_received = 0


@dataclass(slots=True)
class Conversation:
    """One connection; feed it what each side sends, in order."""

    traffic: Traffic
    _client: bytearray = field(default_factory=bytearray)
    _server: bytearray = field(default_factory=bytearray)
    _skip: int = 0
    _listening: bool = False
    _started: bool = False
    _single_bytes: int = 0
    _encrypted: bool = False
    _logged_in: bool = False

    def from_client(self, data: bytes) -> None:
        """Count what the client sends."""
        self.traffic.bytes_sent += len(data)
        if not self._listening and data != _TERMINATE:
            self.traffic.turns += 1
            self._listening = True
        if self._started or self._encrypted:
            return
        self._client += data
        while len(self._client) >= 8 and not self._started:
            length, code = struct.unpack_from("!II", self._client)
            if code in {_SSL, _GSS}:
                self._single_bytes += 1
                del self._client[:length]
                continue
            self._started = True
            if code != _CANCEL:
                self.traffic.connections += 1

    def from_server(self, data: bytes) -> None:
        """Count what the server answers."""
        self.traffic.bytes_received += len(data)
        self._listening = False
        if self._encrypted:
            return
        if self._single_bytes:
            self._single_bytes -= 1
            self._encrypted = data[:1] in {b"S", b"G"}
            if self._encrypted:
                self.traffic.connections += 1
                return
            data = data[1:]
        self._read(data)

    def _read(self, data: bytes) -> None:
        at = min(self._skip, len(data))
        self._skip -= at
        self._server += memoryview(data)[at:]
        at = 0
        while len(self._server) - at >= 5:
            kind = self._server[at : at + 1]
            size = int.from_bytes(self._server[at + 1 : at + 5], "big") + 1
            there = len(self._server) - at
            if there < size and kind == b"C":
                break
            self._message(bytes(kind), bytes(self._server[at + 5 : at + min(size, _LONGEST_TAG)]))
            if there < size:
                self._skip = size - there
                at += there
                break
            at += size
        del self._server[:at]

    def _message(self, kind: bytes, body: bytes) -> None:
        if kind == b"Z":
            self._logged_in = True
        elif kind == b"C":
            self.traffic.statements += 1
            self.traffic.changing += changes(body.split(b"\0")[0].decode(errors="replace"))
        elif kind == b"E" and self._logged_in:
            self.traffic.statements += 1


def changes(tag: str) -> bool:
    """Whether a command with this tag changes the database, or would if it had to."""
    return not tag.startswith((*_READING, *_FRAMING))
