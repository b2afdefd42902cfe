"""Names that do not resolve and ports that do not answer: what is said, and how soon."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pgtenant.errors import ServerError
from pgtenant.postgres.reach import addresses_of, place, reach

NAME = "db.example.invalid"
Infos = list[tuple[Any, Any, int, str, tuple[Any, ...]]]


@contextlib.contextmanager
def listener(family: socket.AddressFamily = socket.AF_INET, *, backlog: int = 5) -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.socket(family, socket.SOCK_STREAM) as server:
        server.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        server.listen(backlog)
        yield server.getsockname()[1]


@contextlib.contextmanager
def silent() -> Iterator[int]:
    """A port whose queue is full: the kernel drops what comes, as a firewall would."""
    with contextlib.ExitStack() as stack:
        port = stack.enter_context(listener(backlog=0))
        for _ in range(8):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        yield port


@pytest.fixture
def closed() -> int:
    """A port that nobody listens at."""
    with listener() as port:
        return port


def resolving(monkeypatch: pytest.MonkeyPatch, *ips: str) -> None:
    """Let every name lead to these addresses."""

    def getaddrinfo(_host: str, port: int | None, **_: object) -> Infos:
        return [
            (socket.AF_INET6, 1, 6, "", (ip, port or 0, 0, 0))
            if ":" in ip
            else (socket.AF_INET, 1, 6, "", (ip, port or 0))
            for ip in ips
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def refusal(host: str, port: int, seconds: float = 5) -> ServerError:
    with pytest.raises(ServerError) as caught:
        asyncio.run(reach(host, port, timeout=seconds, secret="dev/rds/master"))
    error = caught.value
    assert "--skip-preflight" in error.hint
    assert "\n" not in error.message
    assert error.sqlstate is None
    return error


def reachable(host: str, port: int, seconds: float = 5) -> None:
    asyncio.run(reach(host, port, timeout=seconds, secret="dev/rds/master"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_listens_is_reached(host: str) -> None:
    with listener() as port:
        reachable(host, port)


def test_an_ipv6_address_is_reached() -> None:
    try:
        with listener(socket.AF_INET6) as port:
            reachable("::1", port)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


def test_it_hangs_up_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reachable("127.0.0.1", server.getsockname()[1])
        connection, _ = server.accept()
        with connection:
            connection.settimeout(5)
            assert connection.recv(1) == b""


@pytest.mark.parametrize("host", ["/var/run/postgresql", "/nowhere", "@abstract"])
def test_a_unix_socket_is_not_looked_at(host: str, closed: int) -> None:
    reachable(host, closed)


def test_nothing_listens(closed: int) -> None:
    error = refusal("127.0.0.1", closed)
    assert error.message == (
        f"cannot reach 127.0.0.1:{closed} (127.0.0.1: {os.strerror(errno.ECONNREFUSED)})"
    )
    assert "check that the server is up, and the port in dev/rds/master" in error.hint


def test_no_answer() -> None:
    with silent() as port:
        error = refusal("127.0.0.1", port, 0.3)
    assert error.message.endswith("(127.0.0.1: no answer within 0.3s)")
    assert "security groups" in error.hint


def test_no_route(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sock_connect(*_: object) -> None:
        raise OSError(errno.ENETUNREACH, "Connect call failed")

    resolving(monkeypatch, "192.0.2.1")
    monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", sock_connect)
    error = refusal(NAME, 5432)
    assert os.strerror(errno.ENETUNREACH) in error.message
    assert "no route" in error.hint


def test_a_name_that_does_not_resolve(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> Infos:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = refusal(NAME, 5432)
    assert error.message == f"the host {NAME} does not resolve: Name or service not known"
    assert "check the host in the secret dev/rds/master" in error.hint


def test_a_resolver_that_fails_for_now(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> Infos:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", failing)
    error = refusal(NAME, 5432)
    assert "Temporary failure" in error.message
    assert "DNS server" in error.hint


def test_a_resolver_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the run does not wait for it either: this test would not end."""
    forever = threading.Event()

    def waiting(*_: object, **__: object) -> Infos:
        forever.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", waiting)
    try:
        error = refusal(NAME, 5432, 0.2)
        assert error.message == f"the host {NAME} does not resolve: no answer within 0.2s"
        assert "DNS server" in error.hint
    finally:
        forever.set()


@pytest.mark.parametrize("host", ["a" * 64 + ".example.com", "a..b", "\u00fc" * 70])
def test_what_can_be_no_name(host: str) -> None:
    error = refusal(host, 5432)
    assert "does not resolve" in error.message


def test_one_good_address_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with listener() as port:
        resolving(monkeypatch, "127.0.0.2", "127.0.0.1", "::ffff:127.0.0.3")
        reachable(NAME, port)


def test_every_address_says_what_it_answered(monkeypatch: pytest.MonkeyPatch, closed: int) -> None:
    resolving(monkeypatch, "127.0.0.2", "127.0.0.3")
    refused = os.strerror(errno.ECONNREFUSED)
    assert refusal(NAME, closed).message == (
        f"cannot reach {NAME}:{closed} (127.0.0.2: {refused}; 127.0.0.3: {refused})"
    )


def test_a_silent_address_does_not_hold_up_a_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with silent() as port, socket.create_server(("127.0.0.2", port)):
        resolving(monkeypatch, "127.0.0.1", "127.0.0.2")
        reachable(NAME, port, 60)


def test_places() -> None:
    assert place("::1", 5432) == "[::1]:5432"
    assert place("db", 5432) == "db:5432"


def test_many_names_that_are_never_answered_share_one_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One wait for each of 100 would be longer than a test may take."""
    over = threading.Event()

    def waiting(host: str, *_: object, **__: object) -> Infos:
        if host.startswith("slow"):
            over.wait()
        return [(socket.AF_INET, 1, 6, "", ("192.0.2.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", waiting)
    names = {f"slow{n}" for n in range(100)}
    try:
        found = asyncio.run(addresses_of(["good", *names], timeout=5))
    finally:
        over.set()
    assert found.pop("good") == frozenset({"192.0.2.1"})
    assert found == dict.fromkeys(names, frozenset())


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(host: str, *_: object, **__: object) -> Infos:
        if host == "gone":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, 1, 6, "", (ip, 0)) for ip in ("192.0.2.1", "192.0.2.2")]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    found = asyncio.run(addresses_of(["gone", "db", "a" * 64], timeout=5))
    assert found == {
        "gone": frozenset(),
        "db": frozenset({"192.0.2.1", "192.0.2.2"}),
        "a" * 64: frozenset({"192.0.2.1", "192.0.2.2"}),
    }
