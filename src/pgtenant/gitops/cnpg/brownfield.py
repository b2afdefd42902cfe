"""Roles and databases that manifests declare already, for a catalog that says the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pgtenant.catalog.edit import EditError
from pgtenant.catalog.edit.tree import Plain
from pgtenant.gitops.cnpg.cluster import KIND as CLUSTER
from pgtenant.gitops.cnpg.cluster import ROLES
from pgtenant.gitops.cnpg.database import KIND as DATABASE
from pgtenant.gitops.cnpg.documents import Document, documents, find, is_kind
from pgtenant.gitops.cnpg.names import GROUP, names
from pgtenant.gitops.cnpg.resources import SPEC, resources

Judge: TypeAlias = Callable[[str, str, str], str]
"""Says why no catalog may have a key, a role and a database of these names; empty if it may."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """What of the manifests a catalog can say.

    Attributes:
        entries: the fields of each entry, by key.
        left_out: what it can't say, and why.
    """

    entries: Mapping[str, Mapping[str, Plain]]
    left_out: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Role:
    name: str
    present: bool
    login: bool
    createdb: bool
    limit: int
    secret: str


@dataclass(frozen=True, slots=True)
class _Database:
    file: str
    name: str
    namespace: str
    database: str
    owner: str
    cluster: str
    present: bool
    extensions: Sequence[str] = field(default_factory=tuple)


def adopted(
    cluster_text: str, files: Mapping[str, str], *, name: str, namespace: str, judge: Judge
) -> Adopted:
    """Return the entries that manifests amount to.

    Args:
        cluster_text: the file with the cluster.
        files: it and the others in its directory, by file name; one that can't be read is left
            out.
        name: the cluster's.
        namespace: the cluster's.
        judge: what a catalog may call things.

    Raises:
        EditError: the cluster's file can't be read.
    """
    roles: dict[str, _Role] = {}
    entries: dict[str, dict[str, Plain]] = {}
    left: list[tuple[str, str]] = []
    found: list[_Database] = []
    for file, text in sorted(files.items()):
        try:
            found += [*_databases(file, text)]
            roles |= {one.name: one for one in _resources(text, name)}
        except EditError as error:
            where = f"file {file}:{error.line}" if error.line else f"file {file}"
            left.append((where, error.message))
    # Of two that declare a role, the cluster's own manifest goes before.
    roles |= {one.name: one for one in _roles(cluster_text, name=name, namespace=namespace)}
    for database in found:
        role = roles.get(database.owner)
        if why := _problem(database, role, (namespace, name), judge):
            left.append((f"database {database.database} ({database.file})", why))
        elif role is not None:
            entries[database.name.removesuffix("-db")] = _fields(database, role)
    left += [
        (f"role {one}", "no Database says what it may do, and in which database")
        for one in sorted(roles.keys() - {database.owner for database in found})
    ]
    return Adopted(dict(sorted(entries.items())), left)


def _problem(  # noqa: PLR0911 - one return per reason
    database: _Database, role: _Role | None, where: tuple[str, str], judge: Judge
) -> str:
    """Say why a database is no entry; nothing when it is one."""
    key = database.name.removesuffix("-db")
    try:
        named = names(key)
    except ValueError as error:
        return f"its name {error}"
    namespace, cluster = where
    if database.namespace not in {"", namespace}:
        return f"it is in the namespace {database.namespace}"
    if database.cluster != cluster:
        return f"it is in the cluster {database.cluster}"
    if not database.present:
        return "its ensure is absent"
    if (database.name, database.file) != (named.database, named.database_file):
        return (
            f"the entry {key} has the Database {named.database} in {named.database_file}, and this"
            f" one is {database.name} in {database.file}"
        )
    if role is None:
        return f"its owner {database.owner} is not among the roles of the manifests"
    if not (role.present and role.login):
        return f"its owner {role.name} can't log in"
    if role.secret != named.secret:
        return f"the password of its owner {role.name} is not in the secret {named.secret}"
    return judge(key, role.name, database.database)


def _fields(database: _Database, role: _Role) -> dict[str, Plain]:
    fields: dict[str, Plain] = {
        "database_name": database.database,
        "username": role.name,
        "createdb": role.createdb,
    }
    if role.limit >= 0:
        fields["connection_limit"] = role.limit
    if database.extensions:
        fields["extensions"] = list(database.extensions)
    return fields


def _roles(text: str, *, name: str, namespace: str) -> Iterator[_Role]:
    document = find(text, GROUP, CLUSTER, name=name, namespace=namespace)
    if document is None:
        return
    for number in range(len(document.items_at(*ROLES))):
        yield _role_at(document, (*ROLES, number))


def _resources(text: str, cluster: str) -> Iterator[_Role]:
    for one in resources(text):
        if one.text_at(*SPEC, "cluster", "name") == cluster:
            yield _role_at(one, SPEC)


def _role_at(document: Document, item: tuple[str | int, ...]) -> _Role:
    limit = document.value_at(*item, "connectionLimit")
    return _Role(
        name=document.text_at(*item, "name"),
        present=document.text_at(*item, "ensure") != "absent",
        login=document.value_at(*item, "login") is True,
        createdb=document.value_at(*item, "createdb") is True,
        limit=limit if isinstance(limit, int) else -1,
        secret=document.text_at(*item, "passwordSecret", "name"),
    )


def _databases(file: str, text: str) -> Iterator[_Database]:
    for document in documents(text):
        if not is_kind(document, GROUP, DATABASE):
            continue
        path = ("spec", "extensions")
        numbers = range(len(document.items_at(*path)))
        yield _Database(
            file=file,
            name=document.text_at("metadata", "name"),
            namespace=document.text_at("metadata", "namespace"),
            database=document.text_at("spec", "name"),
            owner=document.text_at("spec", "owner"),
            cluster=document.text_at("spec", "cluster", "name"),
            present=document.text_at("spec", "ensure") != "absent",
            extensions=tuple(
                document.text_at(*path, number, "name")
                for number in numbers
                if document.text_at(*path, number, "ensure") != "absent"
            ),
        )
