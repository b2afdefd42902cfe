"""A TCP proxy before the server that counts, and adds the latency of a network."""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.wire import Conversation, Traffic

_CHUNK = 1 << 16


@dataclass(slots=True)
class Relay:
    """Passes on every connection; use `relaying`.

    Attributes:
        port: where it listens on 127.0.0.1.
        traffic: of all connections since the start.
    """

    port: int
    traffic: Traffic = field(default_factory=Traffic)


@contextlib.contextmanager
def relaying(server_port: int, *, milliseconds: float = 0.0) -> Iterator[Relay]:
    """Relay to a server on this machine, in a thread of its own.

    Each byte arrives `milliseconds` after it was sent, in either direction, and no later because
    of others that are under way: latency, not a smaller bandwidth. A new connection also pays
    for TCP's handshake, which is one round trip.
    """
    # Of Python's selectors only this one waits for less than a millisecond.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    relay = Relay(0)
    link = _Link(server_port, milliseconds / 1000, relay.traffic)
    server = loop.run_until_complete(
        asyncio.start_server(link.serve, "127.0.0.1", 0, backlog=256, limit=_CHUNK)
    )
    relay.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        asyncio.run_coroutine_threadsafe(_close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass(frozen=True, slots=True)
class _Link:
    server_port: int
    delay: float
    traffic: Traffic
    _serving: set[asyncio.Task[None]] = field(default_factory=set)

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # asyncio lets go of the task when the client hangs up, with the server still talking.
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        established = loop.time() + 2 * self.delay
        try:
            upstream, downstream = await asyncio.open_connection("127.0.0.1", self.server_port)
        except OSError:
            writer.close()
            return
        for side in (writer, downstream):
            side.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = Conversation(self.traffic)
        try:
            await asyncio.gather(
                self._pass(reader, downstream, talk.from_client, established),
                self._pass(upstream, writer, talk.from_server, established),
            )
        finally:
            for side in (writer, downstream):
                side.close()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        count: Callable[[bytes], None],
        established: float,
    ) -> None:
        loop = asyncio.get_running_loop()
        under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        deliver = asyncio.create_task(_deliver(under_way, writer))
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                count(data)
                due = max(loop.time(), established) + self.delay
                under_way.put_nowait((due, data))
        under_way.put_nowait((max(loop.time(), established) + self.delay, b""))
        await deliver


async def _deliver(
    under_way: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while True:
            due, data = await under_way.get()
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            if not data:
                writer.write_eof()
                return
            writer.write(data)
            await writer.drain()


async def _close(server: asyncio.Server) -> None:
    server.close()
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # Transports close one turn of the loop later.
    await asyncio.sleep(0)
