"""Whether a server can be reached at all, before anybody logs in: DNS, then TCP.

libpq would try one address after the other, each until its own timeout, and then says what
the last of them answered. Here all are tried at once, and what each one answered is told. A
connection is closed as soon as it stands: the server sees a client that never spoke, which
takes none of `max_connections` and is logged with `log_connections` only.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pgtenant.codes import Code
from pgtenant.errors import ServerError

_SKIP: Final = "--skip-preflight leaves this check out"
_UNREACHABLE: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EADDRNOTAVAIL})
_AT_ONCE: Final = 16

_Address = tuple[socket.AddressFamily, Any]


def is_socket(host: str) -> bool:
    """Tell whether libpq takes a host for a Unix socket: there is no name and no port to try."""
    return host.startswith(("/", "@"))


def place(host: str, port: int) -> str:
    """Return `host:port`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def reach(host: str, port: int, *, timeout: float, secret: str) -> None:  # noqa: ASYNC109
    """Resolve a host and open a TCP connection to any of its addresses.

    Args:
        host: as libpq takes it; one that is a Unix socket is not looked at.
        port: 1 to 65535.
        timeout: seconds, for each of the two.
        secret: the name of the secret that host and port come from, for messages.

    Raises:
        ServerError: the name does not resolve, or no address takes a connection.
    """
    if is_socket(host):
        return
    addresses = await _resolve(host, port, timeout, secret)
    answers = await _dial_all(addresses, timeout)
    if None not in answers.values():
        raise _unreachable(place(host, port), answers, timeout, secret)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back from a place.

    Attributes:
        connected: whether something took a connection.
        text: what each address answered.
        unknown: whether that tells nothing: no address was found, or no way there from here.
    """

    connected: bool
    text: str
    unknown: bool = False


async def answered(host: str, port: int, *, timeout: float) -> Answered:  # noqa: ASYNC109
    """Try to open a TCP connection from this machine to any address of a host.

    Args:
        host: a name or an address.
        port: 1 to 65535.
        timeout: seconds, for the name and for the connections each.
    """
    try:
        addresses = await asyncio.wait_for(_look_up(host, port), timeout)
    except TimeoutError:
        return Answered(False, f"{host} does not resolve within {timeout:g}s", unknown=True)
    except UnicodeError:
        return Answered(False, f"{host} is no valid name", unknown=True)
    except OSError as error:
        problem = error.strerror or str(error)
        return Answered(False, f"{host} does not resolve: {problem}", unknown=True)
    answers = await _dial_all(addresses, timeout)
    took = [ip for ip, error in answers.items() if error is None]
    if took:
        return Answered(True, f"{took[0]} takes connections")
    no_way = all(error is not None and error.errno in _UNREACHABLE for error in answers.values())
    return Answered(False, _each(answers, timeout), unknown=no_way)


async def addresses_of(hosts: Sequence[str], *, timeout: float) -> dict[str, frozenset[str]]:  # noqa: ASYNC109
    """Return the IP addresses of each host; none for one that does not resolve in time.

    Args:
        hosts: names or addresses, those first that matter most.
        timeout: seconds, for all of them together: none of this is worth a long wait.
    """
    slots = asyncio.Semaphore(_AT_ONCE)

    async def look_up(host: str) -> frozenset[str]:
        async with slots:
            try:
                return frozenset(address[0] for _, address in await _look_up(host, None))
            except (OSError, UnicodeError):
                return frozenset()

    tasks = {host: asyncio.create_task(look_up(host)) for host in dict.fromkeys(hosts)}
    try:
        done, _ = await asyncio.wait(tasks.values(), timeout=timeout)
        return {
            host: task.result() if task in done else frozenset() for host, task in tasks.items()
        }
    finally:
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _resolve(host: str, port: int, seconds: float, secret: str) -> list[_Address]:
    try:
        return await asyncio.wait_for(_look_up(host, port), seconds)
    except TimeoutError:
        problem, cure = f"no answer within {seconds:g}s", _resolver_cure()
    except UnicodeError:
        problem, cure = "it is no valid name", ""
    except OSError as error:
        problem = error.strerror or str(error)
        cure = _resolver_cure() if error.errno == socket.EAI_AGAIN else ""
    raise ServerError(
        f"the host {host} does not resolve: {problem}",
        hint=cure
        or (
            f"check the host in the secret {secret}; a name of a private zone resolves only inside"
            f" its own network; {_SKIP}"
        ),
        code=Code.UNKNOWN_HOST,
    )


def _resolver_cure() -> str:
    return f"check that this machine reaches its DNS server (/etc/resolv.conf); {_SKIP}"


async def _look_up(host: str, port: int | None) -> list[_Address]:
    """Ask the resolver in a thread of its own.

    It can't be interrupted, and the end of the event loop, as that of the process, would wait
    for the threads of the loop's executor.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[_Address]] = loop.create_future()

    def settle(found: list[_Address] | Exception) -> None:
        if answer.done():  # nobody waits any more
            return
        if isinstance(found, Exception):
            answer.set_exception(found)
        else:
            answer.set_result(found)

    def work() -> None:
        found: list[_Address] | Exception
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found = [(family, address) for family, _, _, _, address in infos]
        except (OSError, UnicodeError) as error:
            found = error
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, found)

    threading.Thread(target=work, name="pgtenant-resolver", daemon=True).start()
    return await answer


async def _dial_all(addresses: list[_Address], seconds: float) -> dict[str, OSError | None]:
    """Return what each address answered until one took the connection: that one's is None."""
    tasks = {asyncio.create_task(_dial(address)): address[1][0] for address in addresses}
    answers: dict[str, OSError | None] = {ip: TimeoutError() for ip in tasks.values()}
    loop = asyncio.get_running_loop()
    end, pending = loop.time() + seconds, set(tasks)
    try:
        while pending and None not in answers.values():
            done, pending = await asyncio.wait(
                pending, timeout=max(0.0, end - loop.time()), return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                break
            answers |= {tasks[task]: task.result() for task in done}
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return answers


async def _dial(address: _Address) -> OSError | None:
    family, target = address
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.setblocking(False)
            await asyncio.get_running_loop().sock_connect(connection, target)
    except OSError as error:
        return error
    return None


def _unreachable(
    where: str, answers: dict[str, OSError | None], seconds: float, secret: str
) -> ServerError:
    causes = {error.errno for error in answers.values() if error is not None}
    told = _each(answers, seconds)
    if errno.ECONNREFUSED in causes:
        cure = f"nothing listens there: check that the server is up, and the port in {secret}"
    elif causes & _UNREACHABLE:
        cure = "this machine has no route there: check its network, VPN or VPC peering"
    else:
        cure = "packets are dropped: check security groups, network policies and routes"
    return ServerError(
        f"cannot reach {where} ({told})", hint=f"{cure}; {_SKIP}", code=Code.UNREACHABLE
    )


def _each(answers: dict[str, OSError | None], seconds: float) -> str:
    return "; ".join(
        f"{ip}: {_told(error, seconds)}" for ip, error in answers.items() if error is not None
    )


def _told(error: OSError, seconds: float) -> str:
    # asyncio puts a text of its own where the system's would be.
    return os.strerror(error.errno) if error.errno else f"no answer within {seconds:g}s"
