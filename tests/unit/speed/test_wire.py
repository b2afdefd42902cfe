"""Traffic is counted the same however the bytes are cut."""

from __future__ import annotations

import struct

import pytest

from benchmarks.wire import Conversation, Traffic, changes


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


SSL = struct.pack("!II", 8, 80877103)
STARTUP = struct.pack("!II", 16, 196608) + b"user\0x\0\0"
READY = message(b"Z", b"I")
LOGIN = message(b"R", struct.pack("!I", 0)) + message(b"K", b"\0" * 8) + READY
ROW = message(b"D", b"C" * 5000)
ANSWER = ROW + ROW + message(b"C", b"SELECT 2\0") + READY
CHANGED = message(b"C", b"GRANT\0") + message(b"E", b"SERROR\0\0") + READY


@pytest.mark.parametrize("size", [1, 2, 5, 7, 4096, 1 << 20])
def test_counts(size: int) -> None:
    traffic = Traffic()
    talk = Conversation(traffic)
    for client, server in (
        (SSL, b"N"),
        (STARTUP, LOGIN),
        (message(b"Q", b"SELECT\0"), ANSWER),
        (message(b"Q", b"GRANT\0"), CHANGED),
    ):
        for start in range(0, len(client), size):
            talk.from_client(client[start : start + size])
        for start in range(0, len(server), size):
            talk.from_server(server[start : start + size])
    assert traffic.connections == 1
    assert (traffic.statements, traffic.changing, traffic.turns) == (3, 1, 4)
    assert traffic.bytes_received == 1 + len(LOGIN) + len(ANSWER) + len(CHANGED)


def test_a_refused_login_is_no_statement() -> None:
    traffic = Traffic()
    talk = Conversation(traffic)
    talk.from_client(STARTUP)
    talk.from_server(message(b"E", b"SFATAL\0\0"))
    assert (traffic.connections, traffic.statements) == (1, 0)


def test_a_goodbye_is_no_round_trip() -> None:
    traffic = Traffic()
    talk = Conversation(traffic)
    talk.from_client(STARTUP)
    talk.from_server(LOGIN)
    talk.from_client(message(b"X", b""))
    assert traffic.turns == 1


def test_nothing_is_read_out_of_what_is_encrypted() -> None:
    traffic = Traffic()
    talk = Conversation(traffic)
    talk.from_client(SSL)
    talk.from_server(b"S")
    talk.from_client(STARTUP)
    talk.from_server(ANSWER)
    assert (traffic.connections, traffic.statements) == (1, 0)


@pytest.mark.parametrize("tag", ["GRANT", "CREATE ROLE", "ALTER DEFAULT PRIVILEGES", "COMMENT"])
def test_changes(tag: str) -> None:
    assert changes(tag)


@pytest.mark.parametrize("tag", ["SELECT 1", "BEGIN", "COMMIT", "SET", "RESET", "SHOW"])
def test_no_changes(tag: str) -> None:
    assert not changes(tag)
