"""What roles are, and whom they can act as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pgtenant.access.graph import Graph
from pgtenant.access.path import Hop, Path, Via

Belonging = tuple[str, tuple[str, ...], tuple[str, ...], Path]
"""A kind of row, whom it is about, what the role may, and how it comes to that."""

_ATTRIBUTES = (
    "login",
    "superuser",
    "createrole",
    "createdb",
    "replication",
    "bypassrls",
)


def belonging(graph: Graph, role: str) -> Iterator[Belonging]:
    """Yield the attributes of a role, and each role that it can act as or become able to.

    `USAGE` is to have the privileges of the other, `SET` to `SET ROLE` to it, `ADMIN` to be able to
    make itself a member. A superuser can everything, which is no membership.
    """
    found = graph.model.roles[role]
    attributes = tuple(word.upper() for word in _ATTRIBUTES if getattr(found, word))
    if attributes:
        yield "attribute", (), attributes, (Hop(Via.ATTRIBUTE),)
    if found.superuser:
        return
    ways: dict[str, dict[Path, list[str]]] = {}
    for word, reach in (
        ("USAGE", graph.inherited(role)),
        ("SET", graph.settable(role)),
        ("ADMIN", graph.administered(role)),
    ):
        for other, path in reach.items():
            if other != role:
                ways.setdefault(other, {}).setdefault(_plain(path), []).append(word)
    for other, paths in sorted(ways.items()):
        yield from _sorted(other, paths)


def _sorted(other: str, paths: Mapping[Path, list[str]]) -> Iterator[Belonging]:
    for path, words in sorted(paths.items()):
        yield "role", (other,), tuple(words), path


def _plain(path: Path) -> Path:
    """Return the same path in memberships: to have and to set the same ones is one row."""
    return tuple(Hop(Via.MEMBER, h.role) if h.via is Via.SET_ROLE else h for h in path)
