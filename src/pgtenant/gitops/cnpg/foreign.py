"""What a cluster and its manifests have that is no entry's, so that none may take it over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.edit import EditError
from pgtenant.gitops.cnpg.cluster import KIND as CLUSTER
from pgtenant.gitops.cnpg.cluster import known_roles
from pgtenant.gitops.cnpg.database import KIND as DATABASE
from pgtenant.gitops.cnpg.documents import Document, documents, find, is_kind
from pgtenant.gitops.cnpg.names import GROUP
from pgtenant.gitops.cnpg.sealed import GROUP as SEALED_GROUP
from pgtenant.gitops.cnpg.sealed import KIND as SEALED

_KINDS: Final = {DATABASE: GROUP, SEALED: SEALED_GROUP}
_BOOTSTRAP: Final = ("spec", "bootstrap")
_USUAL: Final = "app"
"""What the operator calls the first database, and its owner, where nobody says."""


@dataclass(frozen=True, slots=True)
class Start:
    """What the operator makes with the cluster.

    Attributes:
        database: its name; empty for none.
        owner: its owner; empty for none.
        declared: whether the owner is among the roles of the manifest as well.
    """

    database: str
    owner: str
    declared: bool


@dataclass(frozen=True, slots=True)
class Foreign:
    """What other files declare.

    Attributes:
        databases: the object and the file of each database, by its name in PostgreSQL.
        objects: the file of each object, by kind and name.
    """

    databases: Mapping[str, tuple[str, str]]
    objects: Mapping[tuple[str, str], str]


def start_of(text: str, *, name: str, namespace: str) -> Start:
    """Return what a cluster begins with, by its file.

    Raises:
        EditError: the file can't be read.
    """
    document = find(text, GROUP, CLUSTER, name=name, namespace=namespace)
    if document is None:
        return Start("", "", declared=False)
    database = owner = ""
    if document.at(*_BOOTSTRAP) is None or document.at(*_BOOTSTRAP, "initdb") is not None:
        database = document.text_at(*_BOOTSTRAP, "initdb", "database") or _USUAL
        owner = document.text_at(*_BOOTSTRAP, "initdb", "owner") or database
    for method in ("recovery", "pg_basebackup"):
        database = database or document.text_at(*_BOOTSTRAP, method, "database")
        owner = owner or document.text_at(*_BOOTSTRAP, method, "owner")
    return Start(database, owner, declared=owner in known_roles(document))


def foreign(files: Mapping[str, str], *, cluster: str, namespace: str) -> Foreign:
    """Return what files declare for a cluster.

    Args:
        files: those that are no entry's, by name; what can't be read is somebody else's business.
        cluster: its name.
        namespace: of the cluster.
    """
    databases: dict[str, tuple[str, str]] = {}
    objects: dict[tuple[str, str], str] = {}
    for file, text in sorted(files.items()):
        for kind, one in _ours(text):
            if one.text_at("metadata", "namespace") not in {"", namespace}:
                continue
            name = one.text_at("metadata", "name")
            objects[kind, name] = file
            if kind == DATABASE and one.text_at("spec", "cluster", "name") == cluster:
                databases[one.text_at("spec", "name")] = (name, file)
    return Foreign(databases, objects)


def _ours(text: str) -> Iterator[tuple[str, Document]]:
    """Yield the objects of the kinds that pgtenant writes."""
    if not any(kind in text for kind in _KINDS):
        return
    try:
        found = [
            (kind, one)
            for one in documents(text)
            for kind, group in _KINDS.items()
            if is_kind(one, group, kind)
        ]
    except EditError:
        return
    yield from found
