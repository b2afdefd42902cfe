"""The latency proxy passes on every byte, in order, also when both sides talk at once."""

from __future__ import annotations

import gc
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from benchmarks.relay import relaying

SENT = bytes(range(256)) * 8192


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_echo, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]


def _echo(listener: socket.socket) -> None:
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            while data := peer.recv(1 << 16):
                peer.sendall(data)


@pytest.mark.parametrize("milliseconds", [0.0, 0.3])
def test_all_bytes_in_order(echo: int, milliseconds: float) -> None:
    with (
        relaying(echo, milliseconds=milliseconds) as relay,
        socket.create_connection(("127.0.0.1", relay.port), timeout=60) as client,
    ):
        # The writer never waits for the reader: what is under way piles up in the proxy.
        writer = threading.Thread(target=client.sendall, args=(SENT,))
        writer.start()
        heard = b""
        while len(heard) < len(SENT) and (data := client.recv(1 << 16)):
            heard += data
        writer.join()
    assert heard == SENT
    assert relay.traffic.bytes_sent == relay.traffic.bytes_received == len(SENT)


def test_the_end_is_passed_on(echo: int) -> None:
    with (
        relaying(echo) as relay,
        socket.create_connection(("127.0.0.1", relay.port), timeout=60) as client,
    ):
        client.sendall(b"last")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b"last"
        assert client.recv(100) == b""


def test_a_client_that_is_killed_is_an_end_for_the_server() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        relaying(listener.getsockname()[1]) as relay,
    ):
        client = socket.create_connection(("127.0.0.1", relay.port), timeout=60)
        server, _ = listener.accept()
        server.settimeout(60)
        client.sendall(b"last")
        assert server.recv(100) == b"last"
        # The connection is reset, not closed.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        gc.collect()
        assert server.recv(100) == b""
        server.close()


def test_nobody_behind_it_is_an_end_as_well() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with (
        relaying(port) as relay,
        socket.create_connection(("127.0.0.1", relay.port), timeout=60) as client,
    ):
        assert client.recv(100) == b""
