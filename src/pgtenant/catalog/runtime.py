"""The entry that `tenancy.runtime_role` makes: the login of an application that owns nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pgtenant.catalog.model import AccessLevel, Entry, Rotation, Tenancy
from pgtenant.catalog.naming import (
    NamingPolicy,
    key_problem,
    name_problem,
    role_problem,
    second_login,
)
from pgtenant.catalog.relations import Draft, Finding
from pgtenant.catalog.shown import plain, quoted

FIELD: Final = "tenancy.runtime_role"
"""The field, as problems name it."""

_WORD: Final = "runtime"


def runtime_name(name: str) -> str:
    """Return a name of the owner's, as the runtime role has it: `app_user_runtime`.

    The separator is the name's own: a hyphen where it has one.
    """
    return f"{name}{'-' if '-' in name else '_'}{_WORD}"


def runtime_entry(entry: Entry) -> Entry | None:
    """Return the entry that another one makes, or None where it makes none.

    It says the same of everything that is about how a login is kept and who answers for it.
    """
    if entry.tenancy is None or not entry.tenancy.runtime_role:
        return None
    return replace(
        entry,
        key=runtime_name(entry.key),
        username=runtime_name(entry.username),
        access_level=AccessLevel.EDITOR,
        createdb=False,
        initial_schema="none",
        extensions=(),
        secret=None,
        tenancy=None,
        made_by=entry.key,
    )


def runtime_problems(drafts: Sequence[Draft], policy: NamingPolicy) -> Iterator[Finding]:
    """Find what keeps entries from making another one.

    Args:
        drafts: all entries of a file, in its order.
        policy: the form of names.

    Yields:
        The problems, each of the entry that asks for a runtime role.
    """
    known = _Known(
        keys={draft.key: draft for draft in drafts},
        users={draft.values.get("username"): draft for draft in reversed(drafts)},
    )
    for draft in drafts:
        tenancy = draft.values.get("tenancy")
        if isinstance(tenancy, Tenancy) and tenancy.runtime_role and draft.may_own:
            for message in _messages(draft, tenancy, policy, known):
                yield Finding(draft.line_of("tenancy"), message, plain(draft.key), FIELD)


@dataclass(frozen=True, slots=True)
class _Known:
    keys: Mapping[str, Draft]
    users: Mapping[object, Draft]


def _messages(draft: Draft, tenancy: Tenancy, policy: NamingPolicy, known: _Known) -> Iterator[str]:
    if tenancy.role_per_tenant:
        yield (
            "can't be true beside role_per_tenant: the tables would be those of the tenants' roles,"
            " and no login without any of them can be given what is in there later"
        )
    key = runtime_name(draft.key)
    if (other := known.keys.get(key)) is not None:
        yield f"makes the entry {quoted(key)}, which is there on line {other.line}; rename that one"
    elif problem := key_problem(key, policy.key):
        yield f"makes another entry, whose key {problem}"
    username = draft.values.get("username")
    if not isinstance(username, str):
        return
    login = runtime_name(username)
    if problem := name_problem(login, policy.username) or role_problem(login):
        yield f"makes a second login, whose name {problem}"
    logins = [login]
    if draft.values.get("rotation") is Rotation.ALTERNATE:
        logins.append(second_login(login))
    for name in logins:
        if (other := known.users.get(name)) is not None:
            where = f"entry {quoted(other.key)} on line {other.line_of('username')}"
            yield f"makes the login {quoted(name)}, which is already used by {where}"
