"""The roles in the manifest of a shared cluster: wave 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.edit import EditError
from pgtenant.catalog.edit.tree import Plain
from pgtenant.catalog.shown import quoted
from pgtenant.gitops.cnpg.documents import WAVE, Document, Leaf, find, names_of
from pgtenant.gitops.cnpg.names import GROUP
from pgtenant.planning.marker import Marker, parse, with_marker

KIND: Final = "Cluster"
ROLES: Final = ("spec", "managed", "roles")
WAVE_OF_ROLES: Final = "1"
NEVER: Final = ("superuser", "createrole", "replication", "bypassrls", "disablePassword")
"""What no role of ours has, and the operator takes for false where nothing stands."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role that the operator is to keep.

    Attributes:
        name: as PostgreSQL knows it.
        marker: what its comment says.
        createdb: whether it may create databases.
        connection_limit: -1 for none.
        secret: the name of the secret with its password.
    """

    name: str
    marker: Marker
    createdb: bool
    connection_limit: int
    secret: str


@dataclass(frozen=True, slots=True)
class WithRoles:
    """A cluster's file with roles.

    Attributes:
        blocked: why a role is left alone, by its name.
        marked: the markers of all roles that have one, by name.
    """

    text: str
    blocked: Mapping[str, str]
    marked: Mapping[str, Marker]


def with_roles(
    text: str, roles: Sequence[Role], *, name: str, namespace: str, adopt: bool = False
) -> WithRoles:
    """Return a cluster's file with roles, of which what it says already is left alone.

    Args:
        text: the file.
        roles: what it is to have; what else it has stays.
        name: the cluster's.
        namespace: the cluster's.
        adopt: whether a role without a marker gets one.

    Roles that are out of service by their markers are left as `retire` wrote them.

    Raises:
        EditError: it has no such cluster, or is laid out in a way that does not allow it.
    """
    document = find(text, GROUP, KIND, name=name, namespace=namespace)
    if document is None:
        others = ", ".join(quoted(one) for one in names_of(text, GROUP, KIND)[:10])
        raise EditError(f"has no {KIND} {quoted(name)}, but {others or 'none at all'}")
    known = known_roles(document)
    comments = {one: document.text_at(*ROLES, number, "comment") for one, number in known.items()}
    markers = {one: marker for one, text in comments.items() if (marker := parse(text))}
    blocked = {
        role.name: why
        for role in roles
        if role.name in known and (why := in_the_way(role, markers.get(role.name), adopt=adopt))
    }
    leaves = [Leaf(("metadata", "annotations", WAVE), WAVE_OF_ROLES)]
    new: list[Mapping[str, Plain]] = []
    for role in roles:
        if role.name not in known:
            new.append(_members(role))
        elif role.name not in blocked and not is_retired(markers.get(role.name)):
            item = (*ROLES, known[role.name])
            ensure = Leaf((*item, "ensure"), "present", unset="present")
            leaves += [ensure, *leaves_of(role, item, comments[role.name])]
    done = document.with_leaves(leaves, {ROLES: new})
    return WithRoles(done.whole, blocked, markers)


def known_roles(document: Document) -> dict[str, int]:
    """Return the number of each role in the sequence, by name.

    Raises:
        EditError: one has no name, or is there twice.
    """
    known: dict[str, int] = {}
    for number, item in enumerate(document.items_at(*ROLES)):
        name = document.at(*ROLES, number, "name")
        if name is None or not isinstance(name.value, str):
            line = document.line_of(item)
            raise EditError("has an item in spec.managed.roles without a name", line)
        if name.value in known:
            line = document.line_of(name)
            raise EditError(f"has the role {quoted(name.value)} twice", line)
        known[name.value] = number
    return known


def is_dropped(document: Document, number: int) -> bool:
    """Return whether the operator is to drop a role."""
    return document.text_at(*ROLES, number, "ensure") == "absent"


def is_retired(marker: Marker | None) -> bool:
    """Return whether a role is out of service."""
    return marker is not None and marker.retired is not None


def in_the_way(role: Role, marker: Marker | None, *, adopt: bool) -> str:
    """Say why a role that is there is not to be touched; nothing when it is ours."""
    if marker is None:
        if adopt:
            return ""
        return (
            f"the role {role.name} is in the cluster's manifest and is not pgtenant's: its comment"
            " has no marker; `--adopt` takes it over"
        )
    if (marker.environment, marker.entry) != (role.marker.environment, role.marker.entry):
        return (
            f"the role {role.name} in the cluster's manifest belongs to {marker.entry} in"
            f" {marker.environment}, by its comment{_apart(role, marker)}"
        )
    return ""


def _apart(role: Role, marker: Marker) -> str:
    if marker.environment == role.marker.environment:
        return ""
    return "; with {env} in [cnpg] directory or cluster each environment has its own"


def _members(role: Role) -> dict[str, Plain]:
    return {
        "name": role.name,
        "comment": role.marker.text(),
        "ensure": "present",
        "login": True,
        "inherit": True,
        "connectionLimit": role.connection_limit,
        "createdb": role.createdb,
        "passwordSecret": {"name": role.secret},
    }


def leaves_of(role: Role, item: tuple[str | int, ...], comment: str) -> Iterator[Leaf]:
    """Yield what is declared of a role.

    Args:
        role: the role.
        item: the path to it.
        comment: what its comment says.
    """
    if parse(comment) is None:
        yield Leaf((*item, "comment"), with_marker(comment, role.marker))
    yield Leaf((*item, "login"), True, unset=False)
    yield Leaf((*item, "inherit"), True, unset=True)
    yield Leaf((*item, "connectionLimit"), role.connection_limit, unset=-1)
    yield Leaf((*item, "createdb"), role.createdb, unset=False)
    for power in NEVER:
        yield Leaf((*item, power), False, unset=False, fresh=False)
    yield Leaf((*item, "passwordSecret", "name"), role.secret)
