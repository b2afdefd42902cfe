"""The JSON of a secret with another password in it, and nothing else changed.

A secret says its password more than once: `connection_uri` holds it URL-encoded, and people add
fields of their own (JDBC, ADO, a whole `.pgpass`). Whoever reads such a field after a rotation
has to get the new one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

_OTHERS: Final = frozenset(
    {"username", "user", "host", "port", "dbname", "database", "engine", "masterarn"}
)
"""Fields that hold no password, even where they read the same: `engine` and `postgres`."""

_NAMES: Final = frozenset({"username", "user"})

_LONG: Final = 8
"""From so many characters on, text that holds a password holds it by no accident."""

_SAYS_PASSWORD: Final = re.compile("pass|pwd|secret", re.IGNORECASE)

_USERINFO: Final = re.compile(r"(?P<head>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^/?#@:]*)"
                              r"(?P<tail>:(?P<password>[^/?#@]*))?@")  # fmt: skip
_USER: Final = re.compile(r"(?P<head>(?:^|[?&;\s])(?:user|username|user ?id|uid)\s*=\s*)"
                          r"(?P<value>'[^']*'|[^\s&;]*)", re.IGNORECASE)  # fmt: skip
_PASSWORD: Final = re.compile(r"(?P<head>(?:^|[?&;\s])(?:password|pwd)\s*=\s*)"
                              r"(?P<value>'(?:[^'\\]|\\.)*'|[^\s&;]*)", re.IGNORECASE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Swap:
    """What becomes what.

    Attributes:
        plain: the old password is in no other field, so that it means itself wherever it is.
    """

    old: str
    new: str
    old_user: str
    new_user: str
    plain: bool

    def text(self, name: str, value: str) -> str:
        """Return a field's text with what it says of user and password renewed."""
        if value == self.old:
            return self.new if self.plain or _SAYS_PASSWORD.search(name) else value
        renewed = _USERINFO.sub(self._password, value)
        renewed = _PASSWORD.sub(self._parameter(self.old, self.new), renewed)
        if renewed == value and self.plain and len(self.old) >= _LONG:
            for written in (self.old, _quoted(self.old), quote_plus(self.old)):
                renewed = renewed.replace(written, self.new)
        renewed = _USERINFO.sub(self._user, renewed)
        return _USER.sub(self._parameter(self.old_user, self.new_user), renewed)

    def _password(self, found: re.Match[str]) -> str:
        if found["password"] is None or unquote(found["password"]) != self.old:
            return found[0]
        return f"{found['head']}{found['user']}:{_quoted(self.new)}@"

    def _user(self, found: re.Match[str]) -> str:
        if unquote(found["user"]) != self.old_user:
            return found[0]
        return f"{found['head']}{_quoted(self.new_user)}{found['tail'] or ''}@"

    @staticmethod
    def _parameter(old: str, new: str) -> Callable[[re.Match[str]], str]:
        def renewed(found: re.Match[str]) -> str:
            value = found["value"]
            if value in {f"'{old}'", f"'{_escaped(old)}'"}:
                return f"{found['head']}'{_escaped(new)}'"
            if value == old:
                return found["head"] + new
            encoded = old in {unquote(value), unquote_plus(value)}
            return found["head"] + (_quoted(new) if encoded else value)

        return renewed


def renewed(text: str, password: str, *, username: str | None = None) -> str:
    """Return the JSON of a secret with a new password wherever it holds the old one.

    All other fields, and their order, stay.

    Args:
        text: the current one, which has been read as credentials before.
        password: the new password, of characters that mean the same in every notation.
        username: the login that it is for, where that is another one than before.
    """
    document: dict[str, Any] = json.loads(text)
    old = document["password"]
    swap = _Swap(
        old=old,
        new=password,
        old_user=document["username"],
        new_user=username or document["username"],
        plain=all(old not in str(document.get(name, "")) for name in _OTHERS),
    )
    fields = {name: _renewed(name, value, swap) for name, value in document.items()}
    return json.dumps(fields, ensure_ascii=False)


def _renewed(name: str, value: Any, swap: _Swap) -> Any:
    match value:
        case str() if name in _NAMES:
            return swap.new_user if value == swap.old_user else value
        case str() if name not in _OTHERS:
            return swap.text(name, value)
        case Mapping():
            return {key: _renewed(key, inner, swap) for key, inner in value.items()}
        case list():
            return [_renewed(name, inner, swap) for inner in value]
        case _:
            return value


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
