"""Roles as `DatabaseRole` resources, each in a file of its own: wave 1, from CloudNativePG 1.30.

https://cloudnative-pg.io/docs/1.30/declarative_role_management/

The cluster's manifest goes before them: as long as a role stands in `spec.managed.roles` its
resource is not applied, and a role that is taken out there is not dropped. So one commit moves a
role, with all that stood there: what a resource does not say, the operator resets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.edit import EditError
from pgtenant.catalog.edit.tree import Plain
from pgtenant.catalog.shown import quoted
from pgtenant.gitops.cnpg.cluster import KIND as CLUSTER
from pgtenant.gitops.cnpg.cluster import (
    NEVER,
    ROLES,
    WAVE_OF_ROLES,
    Role,
    WithRoles,
    in_the_way,
    is_retired,
    known_roles,
    leaves_of,
)
from pgtenant.gitops.cnpg.documents import WAVE, Document, Leaf, documents, find, is_kind, new_in
from pgtenant.gitops.cnpg.names import GROUP
from pgtenant.planning.marker import Marker, parse

KIND: Final = "DatabaseRole"
SPEC: Final = ("spec",)
POLICY: Final = ("spec", "databaseRoleReclaimPolicy")


class ResourceError(Exception):
    """A file of a resource can't be read or edited.

    Args:
        file: its name.
        cause: why.
    """

    def __init__(self, file: str, cause: EditError) -> None:
        super().__init__(cause.message)
        self.file = file
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Resource:
    """A role with its place.

    Attributes:
        name: of the object.
        file: in the directory of the manifests.
    """

    role: Role
    name: str
    file: str


@dataclass(frozen=True, slots=True)
class WithResources(WithRoles):
    """The files with roles.

    Attributes:
        text: the cluster's, without the roles that have a resource.
        files: the texts of those of the resources, by name.
    """

    files: Mapping[str, str]


def with_resources(
    cluster: str,
    files: Mapping[str, str],
    wanted: Sequence[Resource],
    *,
    name: str,
    namespace: str,
    adopt: bool = False,
) -> WithResources:
    """Return files with roles as resources, of which what they say already is left alone.

    Args:
        cluster: the cluster's file; roles in it are moved, unless they are out of service.
        files: what the files of all resources hold, by name.
        wanted: the roles.
        name: the cluster's.
        namespace: the cluster's.
        adopt: whether a role without a marker gets one.

    Raises:
        EditError: the cluster's file is laid out in a way that does not allow it.
        ResourceError: likewise that of a resource, or it has another role.
    """
    document = find(cluster, GROUP, CLUSTER, name=name, namespace=namespace)
    if document is None:
        raise EditError(f"has no {CLUSTER} {quoted(name)}")
    known = known_roles(document)
    marked = markers_in(document, files)
    blocked: dict[str, str] = {}
    edited: dict[str, str] = {}
    moved: list[int] = []
    for one in wanted:
        role, text = one.role, files.get(one.file, "")
        with _in(one.file):
            there = find(text, GROUP, KIND, name=one.name, namespace=namespace)
        number = known.get(role.name)
        marker = parse(there.text_at(*SPEC, "comment")) if there else marked.get(role.name)
        if there is not None or number is not None:
            if why := in_the_way(role, marker, adopt=adopt):
                blocked[role.name] = why
                continue
            if is_retired(marker):
                continue
        base = there or new_in(text)
        inline = None if number is None else document.plain_at(*ROLES, number)
        before = {} if there is not None or not isinstance(inline, Mapping) else inline
        with _in(one.file):
            edited[one.file] = _with_resource(base, one, before, name, namespace)
        moved += [] if number is None else [number]
    done = document.with_leaves([Leaf(("metadata", "annotations", WAVE), WAVE_OF_ROLES)])
    return WithResources(done.without_items(ROLES, moved).whole, blocked, marked, edited)


def markers_in(cluster: Document, files: Mapping[str, str]) -> dict[str, Marker]:
    """Return the markers of all roles that have one, by name: those of the cluster go first."""
    found = dict(_resources(files))
    known = known_roles(cluster)
    return found | {
        name: marker
        for name, number in known.items()
        if (marker := parse(cluster.text_at(*ROLES, number, "comment")))
    }


def kept_by_resources(files: Mapping[str, str], environment: str) -> Sequence[str]:
    """Return the roles of an environment that resources keep, in the order of the files."""
    return [name for name, marker in _resources(files) if marker.environment == environment]


def resources(text: str) -> Iterator[Document]:
    """Yield the resources in a file.

    Raises:
        EditError: it can't be read.
    """
    return (one for one in documents(text) if is_kind(one, GROUP, KIND))


@contextmanager
def _in(file: str) -> Iterator[None]:
    try:
        yield
    except EditError as error:
        raise ResourceError(file, error) from None


def _resources(files: Mapping[str, str]) -> Iterator[tuple[str, Marker]]:
    for file, text in sorted(files.items()):
        with _in(file):
            for one in resources(text):
                if marker := parse(one.text_at(*SPEC, "comment")):
                    yield one.text_at(*SPEC, "name"), marker


def _with_resource(
    document: Document, wanted: Resource, before: Mapping[str, Plain], cluster: str, namespace: str
) -> str:
    for path, value in ((("name",), wanted.role.name), (("cluster", "name"), cluster)):
        found = document.at(*SPEC, *path)
        if found is not None and found.value != value:
            raise EditError(
                f"has {'.'.join((*SPEC, *path))} {quoted(str(found.value))}, which can't become"
                f" {quoted(value)}: the operator changes it in no resource that is there",
                document.line_of(found),
            )
    comment = document.text_at(*SPEC, "comment") or str(before.get("comment", ""))
    leaves = [
        Leaf(("apiVersion",), f"{GROUP}/v1", kept=True),
        Leaf(("kind",), KIND),
        Leaf(("metadata", "name"), wanted.name),
        Leaf(("metadata", "namespace"), namespace, kept=True),
        Leaf(("metadata", "annotations", WAVE), WAVE_OF_ROLES),
        Leaf((*SPEC, "name"), wanted.role.name),
        Leaf((*SPEC, "cluster", "name"), cluster),
        Leaf(POLICY, "retain", unset="retain"),
        *leaves_of(wanted.role, SPEC, comment),
    ]
    own = {key for leaf in leaves for key in leaf.path[1:2]} | {"ensure", *NEVER}
    leaves += [Leaf((*SPEC, key), value) for key, value in before.items() if key not in own]
    return document.with_leaves(leaves).whole
