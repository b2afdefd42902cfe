"""Clients that vanish without a word: how soon each end of a connection gives the other up."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from pgtenant.postgres.connect import Endpoint, Gate, Login, arm
from pgtenant.postgres.options import Timeouts
from support.instance import Instance
from support.project import Project, password_of
from support.siege import SHOP, as_tenant

SERVER = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
    "client_connection_check_interval": "2s",
}
CLIENT = {
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1,
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): 30,
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL): 10,
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT): 3,
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT): 60_000,
}


@pytest.mark.every_major
def test_both_ends_give_up_a_silent_peer(project: Project, instance: Instance) -> None:
    """The server reports what its kernel has set on the socket, not what was asked for."""
    project.write(SHOP)
    project.converge()
    settings = ("tcp_keepalives_idle", "tcp_keepalives_count", "tcp_user_timeout")
    for setting in settings:
        as_tenant(instance, "shop_user", "shop", f"ALTER DATABASE shop SET {setting} = 77".encode())
    admin = instance.admin
    first = asyncio.run(_limits(instance, Login(admin.user, admin.password), admin.dbname, None))
    owner = Login("shop_user", password_of("shop_user"))
    later = asyncio.run(_limits(instance, owner, "shop", instance.major))
    assert first == later == (SERVER, CLIENT)


async def _limits(
    instance: Instance, login: Login, database: str, major: int | None
) -> tuple[dict[str, str], dict[Any, int]]:
    endpoint = Endpoint(
        host=instance.host,
        port=instance.port,
        sslmode="verify-full",
        sslrootcert=str(instance.ca_file),
        timeouts=Timeouts(connect=10, lock=5, statement=30),
    )
    gate = Gate.of(endpoint, 2)
    async with (gate if major is None else gate.knowing(major)).open(login, database) as connection:
        if major is None:
            await arm(connection, endpoint.timeouts)
        server: dict[str, str] = {}
        for setting in SERVER:
            row = await (
                await connection.execute("SELECT current_setting(%s)", (setting,))
            ).fetchone()
            assert row is not None
            server[setting] = row[0]
        with socket.socket(fileno=socket.dup(connection.fileno())) as end:
            client = {option: end.getsockopt(*option) for option in CLIENT}
    return server, client
