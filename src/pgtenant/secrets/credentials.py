"""From the JSON of a secret to credentials; pure, and silent about what the JSON holds."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from pgtenant.catalog.naming import second_login
from pgtenant.codes import Code
from pgtenant.errors import SecretError
from pgtenant.rotation.stages import MOST_BYTES
from pgtenant.secrets.secret import Secret

_FIELDS: Final = "username, password, host, port, dbname"
URI: Final = "connection_uri"
READ: Final = ("username", "password", "host", "port", "dbname", "database")
_PORT: Final = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a secret says about how to log in.

    Attributes:
        name: the secret's name, for messages.
        username: the role.
        password: the role's password.
        host: as libpq takes it; never a list of hosts.
        port: 1 to 65535.
        dbname: the database; the secret may call it `dbname` or `database`.
    """

    name: str
    username: str
    password: Secret
    host: str
    port: int
    dbname: str


def parse(
    name: str,
    text: str,
    *,
    expected_username: str | None,
    logins: Collection[str] | None = None,
    passwordless: bool = False,
) -> Credentials:
    """Read the JSON of a secret.

    Args:
        name: the secret's name, for messages.
        text: its value.
        expected_username: the role that it has to be for, or its second login, or None for any.
        logins: both, where the second one's name may be somebody else's.
        passwordless: it need not hold a password; one that is there is not looked at.

    Raises:
        SecretError: it is not such JSON, or it is for another role. The message names the
            secret and the field and shows nothing of the value, wrong user names included:
            people paste passwords into the wrong field.
    """
    document = _document(name, text)
    username = _text(name, document, "username")
    if logins is None and expected_username is not None:
        logins = {expected_username, second_login(expected_username)}
    if logins is not None and username not in logins:
        raise SecretError(
            f"secret {name}: field 'username' is not {expected_username!r}",
            hint=f"store the credentials of {expected_username}, or correct the catalog",
            code=Code.SECRET_OF_ANOTHER,
        )
    return Credentials(
        name=name,
        username=username,
        password=Secret("" if passwordless else _text(name, document, "password")),
        host=_host(name, document),
        port=_port(name, document),
        dbname=_dbname(name, document),
    )


def connection_uri(name: str, text: str) -> Secret | None:
    """Return the `connection_uri` of a secret, or None when it has none.

    Raises:
        SecretError: the secret is no such JSON, or the field is no text.
    """
    document = _document(name, text)
    return Secret(_text(name, document, URI)) if URI in document else None


def _document(name: str, text: str) -> dict[str, Any]:
    # Errors are raised outside of the handlers, because JSONDecodeError holds the whole text
    # and would come along as the new error's context.
    if len(text) > MOST_BYTES or len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise SecretError(
            f"secret {name} is larger than 64 KiB",
            hint=f"store one JSON object: {_FIELDS}",
            code=Code.SECRET_CONTENT,
        )
    try:
        document: object = json.loads(text, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        document = None
        marked = text.startswith("\ufeff")
        problem = "starts with a byte order mark, which JSON has not" if marked else "is not JSON"
    else:
        problem = "is not a JSON object"
    if isinstance(document, _Pairs):
        return _once(name, document)
    raise SecretError(
        f"secret {name} {problem}",
        hint=f"store one JSON object with the fields {_FIELDS}",
        code=Code.SECRET_CONTENT,
    )


class _Pairs(tuple[tuple[str, Any], ...]):
    """The members of an object as they are written."""

    __slots__ = ()


def _once(name: str, pairs: _Pairs) -> dict[str, Any]:
    """Refuse a field that is there twice: other readers of the secret may take the other one."""
    counts = Counter(field for field, _ in pairs)
    for field in READ:
        if counts[field] > 1:
            raise _refusal(name, field, "is there twice")
    return dict(pairs)


def _text(name: str, document: dict[str, Any], field: str) -> str:
    """Return a field that has to be text which PostgreSQL can take."""
    if field not in document:
        raise _refusal(name, field, "is missing")
    value = document[field]
    if not isinstance(value, str):
        raise _refusal(name, field, f"is {_KINDS.get(type(value), 'not text')}, not text")
    if not value or (field != "password" and not value.strip()):
        raise _refusal(name, field, "is empty")
    if "\0" in value:
        raise _refusal(name, field, "holds a NUL character")
    # A lone surrogate is legal in JSON; encoding it later would fail with an error that
    # carries the text.
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _refusal(name, field, "is not valid Unicode")
    if value != value.strip():
        # Almost always a slip, which the application would meet as a wrong password.
        broken = value[-1] in "\r\n"
        problem = "ends in a line break" if broken else "begins or ends with white space"
        raise _refusal(name, field, problem, hint=_WITHOUT)
    return value


def _host(name: str, document: dict[str, Any]) -> str:
    host = _text(name, document, "host")
    # libpq would try each host of a list in turn: one secret is for one server.
    if "," in host or not host.isprintable() or " " in host:
        raise _refusal(name, "host", "is not the name of one host")
    return host


def _port(name: str, document: dict[str, Any]) -> int:
    value = document.get("port")
    if isinstance(value, str) and _PORT.fullmatch(value):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 65_535:
        return value
    problem = "is not a port from 1 to 65535" if "port" in document else "is missing"
    raise _refusal(name, "port", problem)


def _dbname(name: str, document: dict[str, Any]) -> str:
    given = [field for field in ("dbname", "database") if field in document]
    if not given:
        raise _refusal(name, "dbname", "is missing (it may also be called 'database')")
    values = {_text(name, document, field) for field in given}
    if len(values) > 1:
        raise _refusal(name, "dbname", "is not the same as field 'database'")
    return values.pop()


_KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    _Pairs: "an object",
}


_WITHOUT: Final = "store the value without it: `echo` adds a line break, `printf %s` does not"
_CORRECT: Final = f"correct the secret; it is one JSON object with the fields {_FIELDS}"


def _refusal(name: str, field: str, problem: str, *, hint: str = _CORRECT) -> SecretError:
    return SecretError(
        f"secret {name}: field {field!r} {problem}", hint=hint, code=Code.SECRET_CONTENT
    )
