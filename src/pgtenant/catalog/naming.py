"""Which names a catalog may use."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from pgtenant.catalog.shown import character, quoted
from pgtenant.codes import Code
from pgtenant.errors import SettingsError

# NAMEDATALEN - 1: PostgreSQL cuts longer names without an error, so two could become one.
MAX_BYTES = 63

# What the second login of an entry with `rotation = "alternate"` has after its username.
SECOND_SUFFIX = "_b"

# What the schema of a tenant that was retired begins with.
RETIRED_PREFIX = "retired_"

RESERVED = {
    "postgres": "PostgreSQL's own superuser and database have it",
    "template0": "PostgreSQL's template database has it",
    "template1": "PostgreSQL's template database has it",
    "rdsadmin": "Amazon RDS keeps it for itself",
    "streaming_replica": "CloudNativePG keeps it for replication",
    "public": "SQL uses it for everybody",
    "none": "SQL uses it for no role",
}
RESERVED_PREFIXES = {
    "pg_": "PostgreSQL keeps names that start with pg_",
    "rds_": "Amazon RDS keeps names that start with rds_",
    "cnpg_": "CloudNativePG keeps names that start with cnpg_",
}
_USUAL = re.compile(r"[A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class NamingPolicy:
    """What names look like: regular expressions that must match a whole name.

    The 63-byte limit, and the refusal of invisible characters, hold whatever they say.

    Raises:
        SettingsError: one of them is not a regular expression.
    """

    key: str = r"^[a-z][a-z0-9_-]{0,62}$"
    database_name: str = r"^[a-z][a-z0-9_]{2,62}$"
    username: str = r"^[a-z][a-z0-9_]{2,30}$"

    def __post_init__(self) -> None:
        for item in fields(self):
            try:
                re.compile(getattr(self, item.name))
            except re.error as error:
                message = f"naming policy: {item.name} is not a regular expression: {error}"
                raise SettingsError(message, code=Code.SETTINGS) from error


def second_login(username: str) -> str:
    """Return the name of an entry's second login, which alternates with the first."""
    return username + SECOND_SUFFIX


def name_problem(name: str, pattern: str) -> str | None:
    """Judge a name against a policy pattern.

    Returns:
        What is wrong with it, as the end of a sentence about its field, or None.
    """
    impossible = _impossible(name)
    if impossible or re.fullmatch(pattern, name):
        return impossible
    return f"{_reason(name, pattern)}: {quoted(name)}; the rule is {pattern}"


def role_problem(name: str) -> str | None:
    """Judge the name of a role that no entry asks for, and that no policy is about.

    Returns:
        What is wrong with it, as the end of a sentence about it, or None.
    """
    reason = reserved_reason(name, admin=None, maintenance_database=None)
    return f"is reserved: {quoted(name)}; {reason}" if reason else _impossible(name)


def _impossible(name: str) -> str | None:
    if not name:
        return "is empty"
    if not name.isprintable():
        hidden = next(char for char in name if not char.isprintable())
        return f"contains {character(hidden)}: {quoted(name)}"
    size = len(name.encode())
    if size > MAX_BYTES:
        return (
            f"is {size} bytes long: {quoted(name)}; PostgreSQL keeps only the first "
            f"{MAX_BYTES} bytes of a name"
        )
    return None


def _reason(name: str, pattern: str) -> str:
    odd = next((char for char in name if not _USUAL.fullmatch(char)), None)
    if odd is not None:
        return f"contains {character(odd)}"
    lower = name.lower()
    for better in (lower, lower.replace("-", "_")):
        if re.fullmatch(pattern, better):
            return f"must be written as {quoted(better)}"
    if re.fullmatch(pattern, "a" + name[1:]):
        return f"must not start with {character(name[0])}"
    # The same letter everywhere leaves the length as the only thing to object to.
    lengths = [n for n in range(1, MAX_BYTES + 1) if re.fullmatch(pattern, "a" * n)]
    if lengths and not lengths[0] <= len(name) <= lengths[-1]:
        bound = f"at least {lengths[0]}" if len(name) < lengths[0] else f"at most {lengths[-1]}"
        return f"has {len(name)} characters, {bound} are allowed"
    return "does not follow the naming rule"


def key_problem(key: str, pattern: str) -> str | None:
    """Judge an entry's key: as `name_problem`, and it can never leave its secret's path."""
    problem = name_problem(key, pattern)
    if problem is None and (".." in key or "/" in key or "\\" in key):
        return f'must not contain "..", "/" or "\\", it names the secret\'s path: {quoted(key)}'
    return problem


def reserved_reason(
    name: str, *, admin: str | None, maintenance_database: str | None
) -> str | None:
    """Say why a database or a role may not have this name.

    Args:
        name: the name that an entry asks for.
        admin: the role pgtenant logs in as, or None while it is not known yet.
        maintenance_database: the database pgtenant connects to first, or None likewise.

    Returns:
        The reason, or None when the name is free.
    """
    folded = name.casefold()
    if folded in RESERVED:
        return RESERVED[folded]
    for prefix, reason in RESERVED_PREFIXES.items():
        if folded.startswith(prefix):
            return reason
    if admin is not None and name == admin:
        return "it is the admin that pgtenant itself logs in as"
    if maintenance_database is not None and name == maintenance_database:
        return "it is the maintenance database"
    return None
