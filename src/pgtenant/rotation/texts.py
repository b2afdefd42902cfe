"""One text of a secret with another password, and another login, in it.

People write what logs in in many ways: a URI, `key=value` of libpq, ADO and YAML, a line of a
`.pgpass`. A password that got renewed beside a login that did not would be refused by the server
after every second rotation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, quote_plus, unquote, unquote_plus

_LONG: Final = 8
"""From so many characters on, text that holds a password holds it by no accident."""

_SAYS_PASSWORD: Final = re.compile("pass|pwd|secret", re.IGNORECASE)

_SAYS_LOGIN: Final = re.compile("user|login|uid", re.IGNORECASE)
"""Not `role`, nor `owner`: those stay the entry's role, whichever login is used."""

# Bounded: applications write their secrets, and a pattern that takes long would hold a run up.
_USERINFO: Final = re.compile(r"(?P<head>[A-Za-z][A-Za-z0-9+.-]{0,60}://)(?P<user>[^/?#@:]*)"
                              r"(?P<tail>:(?P<password>[^/?#@]*))?@")  # fmt: skip

_AROUND: Final = r"[\w.-]{0,60}"
_KEY: Final = (r"(?P<head>(?:^|[?&;,{{\s])(?P<mark>[\"']?)"
               r"{around}(?:{words}){around}(?P=mark)\s*[=:]\s*)"
               r"(?P<value>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s&;]*)")  # fmt: skip


def _key(words: str) -> re.Pattern[str]:
    pattern = _KEY.format(around=_AROUND, words=words)
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE)


_LOGIN: Final = _key(r"user\ id|user\ name|user|login|uid")
_PASSWORD: Final = _key("pass|pwd|secret")

_PART: Final = r"(?:[^:\\\n]|\\.)*"
_PGPASS: Final = re.compile(rf"^(?P<head>(?:{_PART}:){{3}})(?P<user>{_PART}):(?P<password>.*)$",
                            re.MULTILINE)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Swap:
    """What becomes what.

    Attributes:
        plain: the old password is in none of the fields that say where the database is, so that
            it means itself wherever it is.
        plain_user: the same of the old login.
    """

    old: str
    new: str
    old_user: str
    new_user: str
    plain: bool
    plain_user: bool

    def text(self, name: str, value: str) -> str | None:
        """Return a field's text with what it says of user and password renewed.

        Args:
            name: the field's.
            value: its text.

        Returns:
            None where it says them in a way that can't be told from the rest of it.
        """
        if value == self.old and (self.plain or _SAYS_PASSWORD.search(name)):
            return self.new
        if value == self.old_user and _SAYS_LOGIN.search(name):
            return self.new_user
        if value in {self.old, self.old_user}:
            return value
        with_password = self._with_password(value)
        renewed = _USERINFO.sub(self._userinfo_user, with_password)
        renewed = _LOGIN.sub(_value(self.old_user, self.new_user), renewed)
        renewed = _PGPASS.sub(self._pgpass_user, renewed)
        if with_password == value:
            stale = self.names_login(value) and _is_in(value, self.old)
            return None if stale else renewed
        if self.old_user == self.new_user or renewed != with_password:
            return renewed
        if self.plain_user:
            renewed = _word(self.old_user).sub(lambda _: self.new_user, renewed)
        return None if self.names_login(renewed) else renewed

    def names_login(self, text: str) -> bool:
        """Return whether a text names the old login, as a word of its own."""
        return _is_in(text, self.old_user)

    def _with_password(self, value: str) -> str:
        renewed = _USERINFO.sub(self._userinfo_password, value)
        renewed = _PASSWORD.sub(_value(self.old, self.new), renewed)
        renewed = _PGPASS.sub(self._pgpass_password, renewed)
        if renewed == value and self.plain and len(self.old) >= _LONG:
            for written in (self.old, _quoted(self.old), quote_plus(self.old)):
                renewed = renewed.replace(written, self.new)
        return renewed

    def _userinfo_password(self, found: re.Match[str]) -> str:
        if found["password"] is None or unquote(found["password"]) != self.old:
            return found[0]
        return f"{found['head']}{found['user']}:{_quoted(self.new)}@"

    def _userinfo_user(self, found: re.Match[str]) -> str:
        if unquote(found["user"]) != self.old_user:
            return found[0]
        return f"{found['head']}{_quoted(self.new_user)}{found['tail'] or ''}@"

    def _pgpass_password(self, found: re.Match[str]) -> str:
        if self.old not in {found["password"], _unescaped(found["password"])}:
            return found[0]
        return f"{found['head']}{found['user']}:{_escaped(self.new, ':')}"

    def _pgpass_user(self, found: re.Match[str]) -> str:
        if _unescaped(found["user"]) != self.old_user:
            return found[0]
        return f"{found['head']}{_escaped(self.new_user, ':')}:{found['password']}"


def _value(old: str, new: str) -> Callable[[re.Match[str]], str]:
    """Return what renews the value of a key, in the notation that it is written in."""

    def renewed(found: re.Match[str]) -> str:
        value = found["value"]
        mark = value[:1]
        if mark in {"'", '"'} and value in {f"{mark}{old}{mark}", _marked(old, mark)}:
            return found["head"] + _marked(new, mark)
        if value in {old, old + ","}:
            return found["head"] + new + value[len(old) :]
        encoded = old in {unquote(value), unquote_plus(value)}
        return found["head"] + (_quoted(new) if encoded else value)

    return renewed


def _is_in(text: str, word: str) -> bool:
    return any(_word(one).search(text) for one in {word, _quoted(word), quote_plus(word)})


def _word(text: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _marked(text: str, mark: str) -> str:
    return f"{mark}{_escaped(text, mark)}{mark}"


def _escaped(text: str, mark: str) -> str:
    return text.replace("\\", "\\\\").replace(mark, f"\\{mark}")


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
