"""The credentials of an entry as a SealedSecret, copied to its application: wave 0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from pgtenant.catalog.edit import EditError
from pgtenant.catalog.located import Object
from pgtenant.gitops.cnpg.documents import WAVE, Leaf, find, new_in
from pgtenant.gitops.cnpg.names import checked_namespaces

GROUP: Final = "bitnami.com"
KIND: Final = "SealedSecret"
RELOAD: Final = "cnpg.io/reload"
NAMESPACES: Final = "reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces"
_ALLOWED: Final = "reflector.v1.k8s.emberstack.com/reflection-allowed"
_AUTOMATIC: Final = "reflector.v1.k8s.emberstack.com/reflection-auto-enabled"
_AUTO_NAMESPACES: Final = "reflector.v1.k8s.emberstack.com/reflection-auto-namespaces"
_SCOPE: Final = "sealedsecrets.bitnami.com"
_WIDE: Final = ("namespace-wide", "cluster-wide")
_ENCRYPTED: Final = ("spec", "encryptedData")
_TEMPLATE: Final = ("spec", "template", "metadata")
_ENTRY: Final = "pgtenant/entry"
_USERNAME: Final = "pgtenant/username"
_VERSION: Final = "pgtenant/secret-version"


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
    """

    name: str
    namespace: str
    entry: str
    username: str
    keys: Sequence[str]
    scope: str
    namespaces: str
    given: bool = False

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
        EditError: the file can't be read, or is for another entry.
    """
    document = find(text, GROUP, KIND, name=wanted.name, namespace=wanted.namespace)
    if document is None:
        return "there are no sealed credentials"
    entry = document.text_at("metadata", "annotations", _ENTRY)
    if entry and entry != wanted.entry:
        raise EditError(f"has the credentials of the entry {entry}, not of {wanted.entry}")
    found = document.at(*_ENCRYPTED)
    there = {
        pair.key
        for pair in (found.value.pairs if found and isinstance(found.value, Object) else ())
        if pair.value.value
    }
    if missing := [key for key in wanted.keys if key not in there]:
        return f"there is no sealed {' and no sealed '.join(missing)}"
    username = document.text_at("metadata", "annotations", _USERNAME)
    if username and username != wanted.username:
        return f"they are those of {username}"
    said = ("metadata", "annotations")
    wide = [one for one in _WIDE if document.text_at(*said, f"{_SCOPE}/{one}") == "true"]
    scope = wide[-1] if wide else "strict"
    if scope != wanted.scope:
        return f"their scope is {scope}"
    return ""


def version_of(text: str, wanted: Credentials) -> str:
    """Return which version of the secret was sealed; empty when nobody noted it."""
    document = find(text, GROUP, KIND, name=wanted.name, namespace=wanted.namespace)
    return document.text_at("metadata", "annotations", _VERSION) if document is not None else ""


def namespaces_in(text: str, *, name: str, namespace: str) -> str:
    """Return the namespaces that a file has credentials copied to; empty where it does not say.

    Raises:
        EditError: the file can't be read.
    """
    document = find(text, GROUP, KIND, name=name, namespace=namespace)
    return document.text_at(*_TEMPLATE, "annotations", NAMESPACES) if document is not None else ""


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
    if there is not None:
        for name in (NAMESPACES, _AUTO_NAMESPACES):
            _check(there.text_at(*_TEMPLATE, "annotations", name))
    listed = document.text_at(*_TEMPLATE, "annotations", NAMESPACES)
    return document.with_leaves([*_leaves(wanted, sealed, listed)]).whole


def _check(namespaces: str) -> None:
    try:
        if namespaces:
            checked_namespaces(namespaces)
    except ValueError as error:
        raise EditError(str(error)) from None


def _leaves(wanted: Credentials, sealed: Sealed | None, listed: str) -> list[Leaf]:
    noted = ("metadata", "annotations")
    copied = (*_TEMPLATE, "annotations")
    namespaces = wanted.namespaces if wanted.given or not listed else listed
    leaves = [
        Leaf(("apiVersion",), f"{GROUP}/v1alpha1", kept=True),
        Leaf(("kind",), KIND),
        Leaf(("metadata", "name"), wanted.name),
        Leaf(("metadata", "namespace"), wanted.namespace, kept=True),
        Leaf((*noted, WAVE), "0", kept=True),
    ]
    leaves += _scoped(noted, wanted.scope)
    if sealed is not None:
        if wanted.entry:
            leaves.append(Leaf((*noted, _ENTRY), wanted.entry))
        leaves.append(Leaf((*noted, _USERNAME), wanted.username))
        if sealed.version:
            leaves.append(Leaf((*noted, _VERSION), sealed.version))
        leaves += [Leaf((*_ENCRYPTED, key), value) for key, value in sealed.values.items()]
    leaves += [
        Leaf((*_TEMPLATE, "name"), wanted.name, kept=True),
        Leaf((*_TEMPLATE, "namespace"), wanted.namespace, kept=True),
    ]
    if sealed is not None:  # so that the operator sees the password change
        leaves.append(Leaf((*_TEMPLATE, "labels", RELOAD), "true"))
    leaves.append(Leaf((*copied, WAVE), "0"))
    if namespaces:
        leaves.append(Leaf((*copied, _ALLOWED), "true"))
        leaves.append(Leaf((*copied, _AUTOMATIC), "true"))
        leaves.append(Leaf((*copied, NAMESPACES), namespaces))
    leaves += _scoped(copied, wanted.scope)
    leaves.append(Leaf(("spec", "template", "type"), "Opaque", kept=True))
    return leaves


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
