"""Which applications' secrets point at another server than the one that a run works on."""

from __future__ import annotations

from pgtenant.postgres.reach import addresses_of, is_socket
from pgtenant.usecases.inputs import Inputs


async def secrets_of_elsewhere(inputs: Inputs) -> frozenset[str]:
    """Return the names of the secrets whose host or port is another server's.

    Names that lead to the same address are one server's, so that a CNAME is none's business. A
    reader's endpoint or a pooler is another server here, which is why it is only told. Unix
    sockets can't be compared with names, and without the preflight nothing is resolved.
    """
    host, port = inputs.admin.host, inputs.admin.port
    if not inputs.settings.server.preflight or is_socket(host):
        return frozenset()
    places = {name: place for name, place in inputs.places.items() if not is_socket(place[0])}
    others = {place[0] for place in places.values() if _plain(place[0]) != _plain(host)}
    timeout = inputs.settings.server.connect_timeout
    found = await addresses_of([host, *sorted(others)], timeout=timeout) if others else {}
    return frozenset(
        name
        for name, (its_host, its_port) in places.items()
        if its_port != port or (its_host in others and not found[its_host] & found[host])
    )


def _plain(host: str) -> str:
    return host.lower().removesuffix(".")
