"""The role in a shared cluster's manifest that pgtenant itself logs in as."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.edit import EditError
from pgtenant.catalog.edit.tree import Plain
from pgtenant.catalog.shown import quoted
from pgtenant.gitops.cnpg.cluster import KIND, NEVER, ROLES, is_dropped, known_roles
from pgtenant.gitops.cnpg.documents import Document, Leaf, find
from pgtenant.gitops.cnpg.names import GROUP
from pgtenant.gitops.cnpg.resources import markers_in
from pgtenant.planning.marker import parse

COMMENT: Final = "pgtenant: does by SQL what the operator does not"
IN_ROLES: Final = "inRoles"


@dataclass(frozen=True, slots=True)
class Admin:
    """That role.

    It gets `ADMIN` on no role, which the operator grants to nobody and takes away again. It is a
    member of each role with a marker, as which it can act, and inherits nothing from them.

    Attributes:
        name: as PostgreSQL knows it.
        environment: of the markers.
        secret: the name of the secret with its password.
    """

    name: str
    environment: str
    secret: str


def with_admin(
    text: str, admin: Admin, members: Sequence[str] = (), *, name: str, namespace: str
) -> str:
    """Return a cluster's file with the role, of which what it says already is left alone.

    Args:
        text: the file, with all other roles that it is to have.
        admin: the role.
        members: what it is a member of besides the roles in the file.
        name: the cluster's.
        namespace: the cluster's.

    Raises:
        EditError: it has no such cluster, somebody else's role has the name, or it is laid out in
            a way that does not allow it.
    """
    document = find(text, GROUP, KIND, name=name, namespace=namespace)
    if document is None:
        raise EditError(f"has no {KIND} {quoted(name)}")
    known = known_roles(document)
    ours = [one for one, number in known.items() if _is_ours(document, number, admin)]
    ours += [one for one in members if one not in ours]
    number = known.get(admin.name)
    if number is None:
        return document.with_leaves((), {ROLES: [_members(admin, ours)]}).whole
    item = (*ROLES, number)
    if document.text_at(*item, "comment") != COMMENT:
        raise EditError(
            f"has a role {quoted(admin.name)} whose comment is not {quoted(COMMENT)}, so that it is"
            " not pgtenant's own; rename it, or say [cnpg] admin",
            document.line_of(document.items_at(*ROLES)[number]),
        )
    path = (*item, IN_ROLES)
    there = [one.value for one in document.items_at(*path)]
    new = [one for one in ours if one not in there]
    done = document.with_leaves([*_leaves(admin, item)], {path: new})
    # The operator could grant nothing to a member of a role that is dropped.
    dropped = {one for one, place in known.items() if is_dropped(document, place)}
    return done.without_items(path, [n for n, one in enumerate(there) if one in dropped]).whole


def marked(
    text: str, environment: str, files: Mapping[str, str], *, name: str, namespace: str
) -> frozenset[str]:
    """Return the entries whose roles are in a cluster's manifests, by their markers.

    Args:
        text: the cluster's file.
        environment: of the markers.
        files: the texts with roles as resources, by file name.
        name: the cluster's.
        namespace: the cluster's.

    Raises:
        EditError: the file can't be read.
        ResourceError: likewise one of the others.
    """
    document = find(text, GROUP, KIND, name=name, namespace=namespace)
    found = markers_in(document, files).values() if document is not None else ()
    return frozenset(one.entry for one in found if one.environment == environment)


def _is_ours(document: Document, number: int, admin: Admin) -> bool:
    marker = parse(document.text_at(*ROLES, number, "comment"))
    ours = marker is not None and marker.environment == admin.environment
    return ours and not is_dropped(document, number)


def _members(admin: Admin, roles: list[str]) -> dict[str, Plain]:
    made: dict[str, Plain] = {
        "name": admin.name,
        "comment": COMMENT,
        "ensure": "present",
        "login": True,
        "inherit": False,
        "passwordSecret": {"name": admin.secret},
    }
    return made | ({IN_ROLES: roles} if roles else {})


def _leaves(admin: Admin, item: tuple[str | int, ...]) -> Iterator[Leaf]:
    yield Leaf((*item, "ensure"), "present", unset="present")
    yield Leaf((*item, "login"), True, unset=False)
    yield Leaf((*item, "inherit"), False, unset=True)
    for power in ("createdb", *NEVER):
        yield Leaf((*item, power), False, unset=False)
    yield Leaf((*item, "passwordSecret", "name"), admin.secret)
