"""The JSON of a secret with another password in it, and nothing else changed.

A secret says its password more than once: `connection_uri` holds it URL-encoded, and people add
fields of their own (JDBC, ADO, a whole `.pgpass`). Whoever reads such a field after a rotation
has to get the new one, with the login that it is for. Where that can't be done there is no
rotation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pgtenant.codes import Code
from pgtenant.errors import SecretError
from pgtenant.rotation.stages import MOST_BYTES
from pgtenant.rotation.texts import Swap

_LOGINS: Final = frozenset({"username", "user"})
_PLACES: Final = frozenset({"host", "port", "dbname", "database", "engine", "masterarn"})
"""Fields that hold no password, even where they read the same: `engine` and `postgres`."""

_REWRITE: Final = (
    "write it as a URI, as key=value, as a .pgpass line or as fields of its own, or take it out"
)


def renewed(secret: str, text: str, password: str, *, username: str | None = None) -> str:
    """Return the JSON of a secret with a new password wherever it holds the old one.

    All other fields, and their order, stay.

    Args:
        secret: its name, for messages.
        text: the current one, which has been read as credentials before.
        password: the new password, of characters that mean the same in every notation.
        username: the login that it is for, where that is another one than before.

    Raises:
        SecretError: a field would get the new password beside the other login, or keep the old
            one, or get lost. The message names it, and shows nothing of what it holds. Or it is
            more than a secret can hold.
    """
    try:
        document = _read(secret, text)
        fields = _Renewal(secret, _swap(document, password, username)).fields((), document)
        after = _written(fields)
    except RecursionError:
        problem, hint = "is nested too deeply", "store plain fields"
    else:
        if len(after.encode()) <= MOST_BYTES:
            return after
        problem, hint = "has no room for another password: it holds 64 KiB", "store less in it"
    raise SecretError(f"secret {secret} {problem}", hint=hint, code=Code.SECRET_CONTENT)


def _written(fields: Mapping[str, Any]) -> str:
    """Return the JSON of fields, as it can be written to a file or sent."""
    text = json.dumps(fields, ensure_ascii=False)
    # Half of a character, which JSON can escape and nobody can encode.
    broken = any("\ud800" <= character <= "\udfff" for character in text)
    return json.dumps(fields) if broken else text


def _swap(document: Mapping[str, Any], password: str, username: str | None) -> Swap:
    old, user = document["password"], document["username"]
    places = [str(document.get(name, "")) for name in _PLACES]
    return Swap(
        old=old,
        new=password,
        old_user=user,
        new_user=username or user,
        plain=all(old not in place for place in [user, str(document.get("user", "")), *places]),
        plain_user=all(user not in place for place in places),
    )


@dataclass(frozen=True, slots=True)
class _Renewal:
    """What goes through a secret's fields."""

    secret: str
    swap: Swap

    def fields(self, path: Sequence[str], values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of an object at a path, renewed."""
        return {name: self._renewed((*path, name), value) for name, value in values.items()}

    def _renewed(self, path: Sequence[str], value: Any) -> Any:
        name = path[-1]
        match value:
            case str() if name in _LOGINS:
                return self.swap.new_user if value == self.swap.old_user else value
            case str() if name not in _PLACES:
                return self._text(path, value)
            case Mapping():
                return self.fields(path, value)
            case list():
                return [self._renewed(path, inner) for inner in value]
            case _:
                return value

    def _text(self, path: Sequence[str], value: str) -> str:
        inner = _inner(value)
        if inner is not None:
            after = self._renewed(path, inner)
            return value if after == inner else json.dumps(after, ensure_ascii=False)
        renewed = self.swap.text(path[-1], value)
        if renewed is None:
            raise SecretError(
                f"secret {self.secret}: {self._shown(path)} names the login"
                f" {self.swap.old_user} and its password in a way that can't be renewed",
                hint=_REWRITE,
                code=Code.SECRET_CONTENT,
            )
        return renewed

    def _shown(self, path: Sequence[str]) -> str:
        name = ".".join(path)
        # Whoever writes a password as the name of a field finds it nowhere else either.
        odd = self.swap.old in name or not name.isprintable()
        return "a field" if odd else f"field {name[:60]!r}"


class _TwiceError(Exception):
    """A field is there twice: one of them would get lost."""


def _read(secret: str, text: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = json.loads(text, object_pairs_hook=_once)
    except _TwiceError:
        pass
    else:
        return document
    raise SecretError(
        f"secret {secret}: a field is there twice",
        hint="store each field once: readers differ",
        code=Code.SECRET_CONTENT,
    )


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise _TwiceError
    return fields


def _inner(text: str) -> Any:
    """Return what a text is the JSON of; None for any other text, and for a single value."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError, _TwiceError):
        return None
