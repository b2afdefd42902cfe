"""The credentials of an entry as a SealedSecret, copied to its application: wave 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from pgtenant.catalog.edit import EditError
from pgtenant.catalog.located import Object
from pgtenant.gitops.cnpg.documents import WAVE, Document, Leaf, find, new_in
from pgtenant.gitops.cnpg.names import checked_namespaces

GROUP: Final = "bitnami.com"
KIND: Final = "SealedSecret"
RELOAD: Final = "cnpg.io/reload"
NAMESPACES: Final = "reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces"
_ALLOWED: Final = "reflector.v1.k8s.emberstack.com/reflection-allowed"
_AUTOMATIC: Final = "reflector.v1.k8s.emberstack.com/reflection-auto-enabled"
_AUTO_NAMESPACES: Final = "reflector.v1.k8s.emberstack.com/reflection-auto-namespaces"
_SELECTORS: Final = (
    "reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces-selector",
    "reflector.v1.k8s.emberstack.com/reflection-auto-namespaces-selector",
)
"""Namespaces by label, besides those of the lists."""
_SCOPE: Final = "sealedsecrets.bitnami.com"
_WIDE: Final = ("namespace-wide", "cluster-wide")
_ENCRYPTED: Final = ("spec", "encryptedData")
_TEMPLATE: Final = ("spec", "template", "metadata")
_COPIED: Final = (*_TEMPLATE, "annotations")
_NOTED: Final = ("metadata", "annotations")
_ENTRY: Final = "pgtenant/entry"
_USERNAME: Final = "pgtenant/username"
_VERSION: Final = "pgtenant/secret-version"
_PLACE: Final = "pgtenant/database"
_PLACELESS: Final = frozenset({"username", "password"})
"""Keys that say nothing of where a database is."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A secret that is to be there.

    Attributes:
        name: of the secret.
        namespace: where the cluster is.
        entry: the key of its entry; empty for pgtenant's own.
        username: the role.
        keys: what it has.
        scope: under which names it can be opened.
        namespaces: where it is copied to; empty for nowhere, and then nothing is said of it.
        given: whether somebody said so just now; otherwise a list that is there stays.
        place: the host and the database that its keys lead to, as far as they do.
    """

    name: str
    namespace: str
    entry: str
    username: str
    keys: Sequence[str]
    scope: str
    namespaces: str
    given: bool = False
    place: str = ""

    @property
    def label(self) -> str:
        """What its values are bound to."""
        match self.scope:
            case "strict":
                return f"{self.namespace}/{self.name}"
            case "namespace-wide":
                return self.namespace
            case _:
                return ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was sealed.

    Attributes:
        values: by key, as the manifest has them.
        version: of the secret in its store; empty where that has none.
    """

    values: Mapping[str, str]
    version: str = ""


def why_to_seal(text: str, wanted: Credentials) -> str:
    """Say why credentials have to be sealed; nothing when what is there will do.

    What stands in a sealed value nobody can say here, so that of credentials that another tool has
    sealed only the names are looked at.

    Raises:
        EditError: the file can't be read, is for another entry, or has values that can't be sealed
            anew with the others.
    """
    document = find(text, GROUP, KIND, name=wanted.name, namespace=wanted.namespace)
    if document is None:
        return "there are no sealed credentials"
    entry = document.text_at(*_NOTED, _ENTRY)
    if entry and entry != wanted.entry:
        raise EditError(f"has the credentials of the entry {entry}, not of {wanted.entry}")
    there = _keys_of(document)
    wide = [one for one in _WIDE if document.text_at(*_NOTED, f"{_SCOPE}/{one}") == "true"]
    scope = wide[-1] if wide else "strict"
    if scope != wanted.scope:
        if others := [key for key in there if key not in wanted.keys]:
            raise EditError(
                f"has {', '.join(others)} sealed in the scope {scope}, which nobody can open in the"
                f" scope {wanted.scope}: seal that again with kubeseal, or take it out",
                _line_of_values(document),
            )
        return f"their scope is {scope}"
    if missing := [key for key in wanted.keys if key not in there]:
        return f"there is no sealed {' and no sealed '.join(missing)}"
    username = document.text_at(*_NOTED, _USERNAME)
    if username and username != wanted.username:
        return f"they are those of {username}"
    place = document.text_at(*_NOTED, _PLACE)
    if place and place != wanted.place:
        return f"they lead to {place}"
    return ""


def keys_in(text: str, *, name: str, namespace: str) -> Sequence[str]:
    """Return the keys of the credentials in a file; none where there are none.

    Raises:
        EditError: the file can't be read.
    """
    document = find(text, GROUP, KIND, name=name, namespace=namespace)
    return _keys_of(document) if document is not None else ()


def _keys_of(document: Document) -> Sequence[str]:
    found = document.at(*_ENCRYPTED)
    if found is None or not isinstance(found.value, Object):
        return ()
    return [pair.key for pair in found.value.pairs if pair.value.value]


def _line_of_values(document: Document) -> int:
    found = document.at(*_ENCRYPTED)
    return document.line_of(found) if found is not None else 0


def version_of(text: str, wanted: Credentials) -> str:
    """Return which version of the secret was sealed; empty when nobody noted it."""
    document = find(text, GROUP, KIND, name=wanted.name, namespace=wanted.namespace)
    return document.text_at(*_NOTED, _VERSION) if document is not None else ""


def namespaces_in(text: str, *, name: str, namespace: str) -> str:
    """Return the namespaces that a file has credentials copied to; empty where it does not say.

    Raises:
        EditError: the file can't be read.
    """
    document = find(text, GROUP, KIND, name=name, namespace=namespace)
    if document is None:
        return ""
    return document.text_at(*_COPIED, _AUTO_NAMESPACES) or document.text_at(*_COPIED, NAMESPACES)


def with_credentials(text: str, wanted: Credentials, sealed: Sealed | None) -> str:
    """Return a file with credentials, of which what it says already is left alone.

    Args:
        text: the file, or nothing.
        wanted: what it is to say.
        sealed: new values; None leaves those that are there.

    Raises:
        EditError: it is laid out in a way that does not allow it, or lets the secret be copied
            anywhere.
    """
    there = find(text, GROUP, KIND, name=wanted.name, namespace=wanted.namespace)
    document = there or new_in(text)
    _check(document, wanted)
    return document.with_leaves([*_leaves(wanted, sealed, document)]).whole


def _check(document: Document, wanted: Credentials) -> None:
    """Refuse what has the secret copied to namespaces that nobody has named."""
    for name in (NAMESPACES, _AUTO_NAMESPACES):
        if namespaces := document.text_at(*_COPIED, name):
            try:
                checked_namespaces(namespaces)
            except ValueError as error:
                raise _refusal(document, name, str(error)) from None
    for name in _SELECTORS:
        if document.text_at(*_COPIED, name):
            raise _refusal(
                document,
                name,
                f"lets the secret be copied by {name}: write out each namespace, because a label"
                " hands the password to every namespace that gets it",
            )
    if not wanted.namespaces and document.text_at(*_COPIED, _ALLOWED) == "true":
        message = "lets the password of pgtenant's own role be copied, which no application needs"
        raise _refusal(document, _ALLOWED, message)


def _refusal(document: Document, name: str, message: str) -> EditError:
    there = document.at(*_COPIED, name)
    return EditError(message, document.line_of(there) if there is not None else 0)


def _leaves(wanted: Credentials, sealed: Sealed | None, document: Document) -> list[Leaf]:
    leaves = [
        Leaf(("apiVersion",), f"{GROUP}/v1alpha1", kept=True),
        Leaf(("kind",), KIND),
        Leaf(("metadata", "name"), wanted.name),
        Leaf(("metadata", "namespace"), wanted.namespace, kept=True),
        Leaf((*_NOTED, WAVE), "0", kept=True),
    ]
    leaves += _scoped(_NOTED, wanted.scope)
    if sealed is not None:
        if wanted.entry:
            leaves.append(Leaf((*_NOTED, _ENTRY), wanted.entry))
        leaves.append(Leaf((*_NOTED, _USERNAME), wanted.username))
        if sealed.version or document.text_at(*_NOTED, _VERSION):
            leaves.append(Leaf((*_NOTED, _VERSION), sealed.version))
        if not _PLACELESS.issuperset(sealed.values):
            leaves.append(Leaf((*_NOTED, _PLACE), wanted.place))
        leaves += [Leaf((*_ENCRYPTED, key), value) for key, value in sealed.values.items()]
    leaves += [
        Leaf((*_TEMPLATE, "name"), wanted.name, kept=True),
        Leaf((*_TEMPLATE, "namespace"), wanted.namespace, kept=True),
    ]
    if sealed is not None:  # so that the operator sees the password change
        leaves.append(Leaf((*_TEMPLATE, "labels", RELOAD), "true"))
    leaves.append(Leaf((*_COPIED, WAVE), "0"))
    leaves += _copied(wanted, document)
    leaves += _scoped(_COPIED, wanted.scope)
    leaves.append(Leaf(("spec", "template", "type"), "Opaque", kept=True))
    return leaves


def _copied(wanted: Credentials, document: Document) -> Iterator[Leaf]:
    listed = document.text_at(*_COPIED, NAMESPACES)
    namespaces = wanted.namespaces if wanted.given or not listed else listed
    if not namespaces:
        return
    yield Leaf((*_COPIED, _ALLOWED), "true")
    yield Leaf((*_COPIED, _AUTOMATIC), "true")
    yield Leaf((*_COPIED, NAMESPACES), namespaces)
    if wanted.given and document.text_at(*_COPIED, _AUTO_NAMESPACES):
        yield Leaf((*_COPIED, _AUTO_NAMESPACES), namespaces)


def _scoped(annotations: tuple[str, ...], scope: str) -> Iterator[Leaf]:
    for wide in _WIDE:
        path, is_it = (*annotations, f"{_SCOPE}/{wide}"), wide == scope
        yield Leaf(path, str(is_it).lower(), unset="false", fresh=is_it)


def values_of(
    keys: Sequence[str], *, username: str, password: str, host: str, port: int, dbname: str
) -> dict[str, str]:
    """Return what credentials say, by key.

    Args:
        keys: which of them.
        username: the role.
        password: its password.
        host: where an application finds the cluster.
        port: likewise.
        dbname: the database.
    """
    user, secret, database = (quote(one, safe="") for one in (username, password, dbname))
    known = {
        "username": username,
        "password": password,
        "host": host,
        "port": str(port),
        "dbname": dbname,
        "DATABASE_URL": f"postgresql://{user}:{secret}@{host}:{port}/{database}",
        "jdbc-uri": f"jdbc:postgresql://{host}:{port}/{database}?password={secret}&user={user}",
    }
    return {key: known[key] for key in keys}
