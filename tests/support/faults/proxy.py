"""A TCP proxy that stops at every statement, tells which it is, and lets a fault happen there."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from support.faults import wire


@dataclass(frozen=True, slots=True)
class Boundary:
    """A point of a run at which it can be hit.

    Attributes:
        number: from 1, over all connections.
        session: which connection, from 1.
        sql: the statement; empty for the login that opens a connection.
        user: who is logged in.
        database: where.
    """

    number: int
    session: int
    sql: str
    user: str
    database: str


class Session:
    """One connection through the proxy, at a boundary: what a fault can do with it.

    Attributes:
        at: the boundary.
        pid: the server process behind it; None before it has let the client in.
    """

    def __init__(self, client: socket.socket, server: socket.socket, number: int) -> None:
        self.number = number
        self.pid: int | None = None
        self.at: Boundary
        self._client = client
        self._server = server
        self._requests = wire.Requests(client)
        self._request = b""
        self._ends = True

    def ask(self, raw: bytes | None = None) -> list[wire.Message]:
        """Send the statement (or another one) to the server and wait for its whole answer."""
        with contextlib.suppress(OSError):
            self._server.sendall(self._request if raw is None else raw)
        return self.hear(ready=self._ends or raw is not None)

    def hear(self, *, ready: bool = True) -> list[wire.Message]:
        """Wait for the server's answer, or for what it says when it hangs up."""
        heard = []
        for message in wire.answers(self._server, ready=ready):
            if wire.wants_reply(message):
                self._client.sendall(message.raw)
                self._server.sendall(wire.read_message(self._client).raw)
                continue
            self.pid = wire.backend_pid(message) or self.pid
            heard.append(message)
        return heard

    def tell(self, messages: list[wire.Message]) -> None:
        """Give the client an answer; without ReadyForQuery at its end the connection is over.

        Within a pipeline the answer has none, and the next statement follows. After an error
        the server passes over the rest: so do we, and none of it is a boundary.
        """
        failed = any(message.kind == b"E" for message in messages)
        if not self._ends and failed:
            sync = self._requests.skip()
            if messages[-1].kind != b"Z":
                messages = [*messages, *self.ask(sync)]
        with contextlib.suppress(OSError):
            self._client.sendall(b"".join(message.raw for message in messages))
        over = b"Z" if self._ends or failed else b"CI"
        if not messages or messages[-1].kind not in over:
            raise wire.HungUpError

    def cut(self) -> None:
        """Cut the connection on both sides."""
        raise wire.HungUpError

    def close(self) -> None:
        for side in (self._client, self._server):
            side.close()

    def begin(self, startup: wire.Startup) -> None:
        self._request = startup.raw

    def next_request(self) -> wire.Request | None:
        """Wait for the client's next statement; pass on what the server says unasked."""
        while not self._requests.waiting:
            ready, _, _ = select.select([self._client, self._server], [], [])
            if self._server not in ready:
                break
            self._client.sendall(wire.read_message(self._server).raw)
        request = self._requests.next()
        if request is not None:
            self._request, self._ends = request.raw, request.ends
        return request


Fault = Callable[[Session], None]
"""What happens at a boundary, instead of `session.tell(session.ask())`."""


@dataclass(slots=True)
class Proxy:
    """Passes on one server's connections.

    Attributes:
        port: where it listens on loopback.
        seen: every boundary since `arm`, in order.
        hit: the boundary at which the fault happened.
    """

    host: str
    server_port: int
    port: int = 0
    seen: list[Boundary] = field(default_factory=list)
    hit: Boundary | None = None
    troubles: list[BaseException] = field(default_factory=list)
    _fault: Fault | None = None
    _number: int = 0
    _sessions: int = 0
    _always: bool = False
    _mutex: threading.RLock = field(default_factory=threading.RLock)

    def arm(self, number: int = 0, fault: Fault | None = None, *, always: bool = False) -> None:
        """Count from anew, and let `fault` happen at boundary `number`.

        Args:
            number: which; 0 for none.
            fault: what.
            always: also whenever the same statement comes again.
        """
        with self._mutex:
            self.seen, self.hit = [], None
            self._number, self._fault, self._sessions, self._always = number, fault, 0, always

    @contextlib.contextmanager
    def listening(self) -> Iterator[Proxy]:
        """Accept connections for the length of the block."""
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
            self.port = listener.getsockname()[1]
            thread = threading.Thread(target=self._accept, args=(listener,), daemon=True)
            thread.start()
            yield self
            listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        assert not self.troubles, self.troubles

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection((self.host, self.server_port))
        except OSError:
            client.close()
            return
        for side in (client, server):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._mutex:
            self._sessions += 1
            session = Session(client, server, self._sessions)
        try:
            self._pass_on(client, session)
        except (wire.HungUpError, OSError):
            pass
        except BaseException as error:
            self.troubles.append(error)
        finally:
            session.close()

    def _pass_on(self, client: socket.socket, session: Session) -> None:
        startup = wire.read_startup(client)
        if startup is None:
            return
        session.begin(startup)
        self._stop_at(session, "", startup)
        while (request := session.next_request()) is not None:
            self._stop_at(session, request.sql, startup)

    def _stop_at(self, session: Session, sql: str, startup: wire.Startup) -> None:
        with self._mutex:
            number = len(self.seen) + 1
            session.at = Boundary(number, session.number, sql, startup.user, startup.database)
            self.seen.append(session.at)
            again = self._always and self.hit is not None and self.hit.sql == sql
            fault = self._fault if number == self._number or again else None
            if fault is not None:
                self.hit = session.at
        if fault is None:
            session.tell(session.ask())
        else:
            fault(session)
