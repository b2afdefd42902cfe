"""What manifests say of entries that go out of service, and away: nothing of it by themselves.

The operator drops what `ensure: absent` stands at, a database before the role that owns it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgtenant.catalog.edit import EditError
from pgtenant.catalog.shown import quoted
from pgtenant.gitops.cnpg.admin import IN_ROLES
from pgtenant.gitops.cnpg.cluster import KIND, ROLES, is_dropped, known_roles
from pgtenant.gitops.cnpg.database import KIND as DATABASE
from pgtenant.gitops.cnpg.documents import Document, Leaf, find
from pgtenant.gitops.cnpg.names import GROUP
from pgtenant.gitops.cnpg.resources import POLICY, SPEC, resources
from pgtenant.planning.changes import AlterDatabase, AlterRole, MarkRole
from pgtenant.planning.marker import parse, with_marker
from pgtenant.planning.retirement.steps import DropDatabase, DropRole, Step
from pgtenant.planning.retirement.told import ToldDatabase, ToldRole

_ENSURE = "ensure"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object is.

    Attributes:
        name: the object's.
        namespace: likewise.
    """

    name: str
    namespace: str


def roles_told(text: str, cluster: Place) -> Mapping[str, ToldRole]:
    """Return what a cluster's file says of each of its roles, by name.

    Raises:
        EditError: it has no such cluster, or can't be read.
    """
    document = _cluster(text, cluster)
    return {
        name: ToldRole(
            login=document.value_at(*ROLES, number, "login") is True,
            comment=document.text_at(*ROLES, number, "comment"),
            absent=is_dropped(document, number),
        )
        for name, number in known_roles(document).items()
    }


def resources_told(text: str) -> Mapping[str, ToldRole]:
    """Return what a file says of the roles that are resources in it, by name.

    Raises:
        EditError: it can't be read.
    """
    return {
        one.text_at(*SPEC, "name"): ToldRole(
            login=one.value_at(*SPEC, "login") is True,
            comment=one.text_at(*SPEC, "comment"),
            absent=False,
            resource=True,
        )
        for one in resources(text)
    }


def database_told(text: str, database: Place) -> ToldDatabase | None:
    """Return what a file says of a database; None when it says nothing.

    Raises:
        EditError: it can't be read.
    """
    document = find(text, GROUP, DATABASE, name=database.name, namespace=database.namespace)
    if document is None:
        return None
    return ToldDatabase(
        name=document.text_at("spec", "name"),
        allow_connections=document.value_at("spec", "allowConnections") is not False,
        absent=document.text_at("spec", _ENSURE) == "absent",
    )


def tell_roles(text: str, steps: Sequence[Step], cluster: Place, *, admin: str) -> str:
    """Return a cluster's file that has the operator take the steps which are about roles.

    Args:
        text: the file.
        steps: of a retirement.
        cluster: the cluster.
        admin: pgtenant's own role there, which is a member of no role that goes.

    Raises:
        EditError: it is laid out in a way that does not allow it.
    """
    document = _cluster(text, cluster)
    known = known_roles(document)
    leaves: list[Leaf] = []
    gone: set[str] = set()
    for step in steps:
        if not isinstance(step, AlterRole | MarkRole | DropRole):
            continue
        if isinstance(step, DropRole):
            gone.add(step.role)
        if step.role in known:
            item = (*ROLES, known[step.role])
            leaves += _of_role(step, item, document.text_at(*item, "comment"))
            if isinstance(step, DropRole):
                leaves.append(Leaf((*item, _ENSURE), "absent", unset="present"))
    return _without_members(document.with_leaves(leaves), known.get(admin), gone).whole


def tell_resources(text: str, steps: Sequence[Step]) -> str:
    """Return a file that has the operator take the steps which are about resources in it.

    There is no `ensure` for a resource: the operator drops the role of one that is deleted, if
    that has said so before.

    Raises:
        EditError: it is laid out in a way that does not allow it.
    """
    for role in sorted(resources_told(text)):
        own = [
            s for s in steps if isinstance(s, AlterRole | MarkRole | DropRole) and s.role == role
        ]
        one = next(one for one in resources(text) if one.text_at(*SPEC, "name") == role)
        if any(isinstance(step, DropRole) for step in own):
            text = _alone(one)
            continue
        comment = one.text_at(*SPEC, "comment")
        text = one.with_leaves([leaf for s in own for leaf in _of_role(s, SPEC, comment)]).whole
    return text


def tell_database(text: str, steps: Sequence[Step], database: Place) -> str:
    """Return a file that has the operator take the steps which are about its database.

    Raises:
        EditError: it has no such database, or is laid out in a way that does not allow it.
    """
    document = find(text, GROUP, DATABASE, name=database.name, namespace=database.namespace)
    leaves = [leaf for step in steps for leaf in _leaves(step)]
    if not leaves:
        return text
    if document is None:
        raise EditError(f"has no {DATABASE} {quoted(database.name)}")
    return document.with_leaves(leaves).whole


def without_roles(text: str, names: Collection[str], cluster: Place) -> str:
    """Return a cluster's file without roles that are dropped.

    Raises:
        EditError: it is laid out in a way that does not allow it.
    """
    document = _cluster(text, cluster)
    numbers = [number for name, number in known_roles(document).items() if name in names]
    return document.without_items(ROLES, numbers).whole


def without_object(text: str, group: str, kind: str, place: Place) -> str:
    """Return a file without the manifest of an object; blank when nothing else is in it.

    Raises:
        EditError: it can't be read.
    """
    document = find(text, group, kind, name=place.name, namespace=place.namespace)
    if document is None:
        return text
    return _alone(document)


def _alone(document: Document) -> str:
    rest = f"{document.before}{document.after}"
    return rest if rest.replace("---", "").strip() else ""


def _of_role(
    step: AlterRole | MarkRole | DropRole, item: tuple[str | int, ...], comment: str
) -> Iterator[Leaf]:
    match step:
        case AlterRole():
            yield Leaf((*item, "login"), step.after.login, unset=False)
        case MarkRole():
            mark = parse(step.after)
            if mark is not None:
                yield Leaf((*item, "comment"), with_marker(comment, mark))
            if item == SPEC:
                leaves = mark is not None and mark.retired is not None and mark.retired.dropping
                yield Leaf(POLICY, "delete" if leaves else "retain", unset="retain")
        case DropRole():
            return


def _leaves(step: Step) -> Iterator[Leaf]:
    match step:
        case AlterDatabase():
            yield Leaf(("spec", _ENSURE), "present", unset="present")
            if step.allow_connections is not None:
                yield Leaf(("spec", "allowConnections"), step.allow_connections, unset=True)
            if step.is_template is not None:
                yield Leaf(("spec", "isTemplate"), step.is_template, unset=False)
        case DropDatabase():
            yield Leaf(("spec", _ENSURE), "absent", unset="present")
        case _:
            return


def _without_members(document: Document, admin: int | None, gone: Collection[str]) -> Document:
    if admin is None or not gone:
        return document
    path = (*ROLES, admin, IN_ROLES)
    items = document.items_at(*path)
    return document.without_items(path, [n for n, one in enumerate(items) if one.value in gone])


def _cluster(text: str, cluster: Place) -> Document:
    document = find(text, GROUP, KIND, name=cluster.name, namespace=cluster.namespace)
    if document is None:
        raise EditError(f"has no {KIND} {quoted(cluster.name)}")
    return document
