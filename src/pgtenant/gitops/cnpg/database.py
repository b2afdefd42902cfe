"""The database of an entry: wave 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pgtenant.catalog.edit import EditError
from pgtenant.catalog.edit.tree import Plain
from pgtenant.catalog.shown import quoted
from pgtenant.gitops.cnpg.documents import WAVE, Document, Leaf, find, new_in
from pgtenant.gitops.cnpg.names import GROUP

KIND: Final = "Database"
_EXTENSIONS: Final = ("spec", "extensions")


@dataclass(frozen=True, slots=True)
class Database:
    """A database that the operator is to keep.

    Attributes:
        name: of the object.
        namespace: of the object.
        database: as PostgreSQL knows it.
        owner: the role that owns it.
        cluster: the name of the cluster.
        extensions: what it has.
    """

    name: str
    namespace: str
    database: str
    owner: str
    cluster: str
    extensions: Sequence[str]


def with_database(text: str, wanted: Database) -> str:
    """Return a file with a database, of which what it says already is left alone.

    Raises:
        EditError: it is laid out in a way that does not allow it, or has another database of that
            name: an operator renames none.
    """
    there = find(text, GROUP, KIND, name=wanted.name, namespace=wanted.namespace)
    document = there or new_in(text)
    if there is not None:
        why, line = _misfit(there, wanted.database, wanted.cluster)
        if why:
            raise EditError(why, line)
    known, leaves = _known(document), _leaves(wanted)
    new: list[Mapping[str, Plain]] = []
    for extension in wanted.extensions:
        if extension in known:
            path = (*_EXTENSIONS, known[extension], "ensure")
            leaves.append(Leaf(path, "present", unset="present"))
        else:
            new.append({"name": extension})
    return document.with_leaves(leaves, {_EXTENSIONS: new}).whole


def unchangeable(text: str, *, name: str, namespace: str, database: str, cluster: str) -> str:
    """Return why the operator can't make the database that is there the one that is wanted.

    Args:
        text: the file.
        name: of the object.
        namespace: of the object.
        database: as PostgreSQL is to know it.
        cluster: where it is to be.

    Raises:
        EditError: the file can't be read.
    """
    there = find(text, GROUP, KIND, name=name, namespace=namespace)
    return _misfit(there, database, cluster)[0] if there is not None else ""


def owner_in(text: str, *, name: str, namespace: str) -> str:
    """Return whose a database is by its manifest; empty where there is none or it does not say.

    Raises:
        EditError: the file can't be read.
    """
    there = find(text, GROUP, KIND, name=name, namespace=namespace)
    return there.text_at("spec", "owner") if there is not None else ""


def _leaves(wanted: Database) -> list[Leaf]:
    return [
        Leaf(("apiVersion",), f"{GROUP}/v1", kept=True),
        Leaf(("kind",), KIND),
        Leaf(("metadata", "name"), wanted.name),
        Leaf(("metadata", "namespace"), wanted.namespace, kept=True),
        Leaf(("metadata", "annotations", WAVE), "2"),
        Leaf(("spec", "name"), wanted.database),
        Leaf(("spec", "owner"), wanted.owner),
        Leaf(("spec", "ensure"), "present", unset="present", fresh=False),
        Leaf(("spec", "databaseReclaimPolicy"), "retain", unset="retain"),
        Leaf(("spec", "cluster", "name"), wanted.cluster),
    ]


def _misfit(document: Document, database: str, cluster: str) -> tuple[str, int]:
    """Return what can't become what is wanted, and its line; nothing where all fits."""
    for path, value in ((("spec", "name"), database), (("spec", "cluster", "name"), cluster)):
        found = document.at(*path)
        if found is not None and found.value != value:
            said = quoted(str(found.value))
            why = (
                f"has {'.'.join(path)} {said}, which can't become {quoted(value)}: the operator"
                " changes it in no database that is there"
            )
            return why, document.line_of(found)
    return "", 0


def _known(document: Document) -> dict[str, int]:
    count = len(document.items_at(*_EXTENSIONS))
    return {document.text_at(*_EXTENSIONS, number, "name"): number for number in range(count)}
