"""An imported catalog as the text of a `terraform.tfvars`, laid out as `terraform fmt` does."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Final

from pgtenant.catalog.model import AccessLevel, Auth, Rotation
from pgtenant.planning.changes import Change
from pgtenant.planning.desired import DesiredDatabase, DesiredRole
from pgtenant.planning.findings import Drift, DriftKind
from pgtenant.planning.imported import Imported, ImportedDatabase, LeftOut, pending
from pgtenant.report.describe import describe
from pgtenant.report.safe import name, shown

_WIDTH: Final = 96
_PLAIN_KEY: Final = re.compile(r"[a-z][a-z0-9_-]*")
_ARTICLES: Final = {AccessLevel.READER: "a reader", AccessLevel.EDITOR: "an editor"}


def tfvars(imported: Imported, *, environment: str, secret: str) -> str:
    """Return the file's text.

    Args:
        imported: the server as a catalog.
        environment: the environment.
        secret: the name of an entry's secret, with the key as `<key>`.
    """
    lines = [
        *_comment(
            f"Read from the instance of {environment} by `pgtenant import`. Each entry needs its"
            f" secret {secret}, with the password that its role has. Comments say what is on the"
            " server and no entry says."
        ),
        "",
    ]
    for skipped, reason in imported.skipped:
        lines += _comment(f"Left out: the database {name(skipped)}: {reason}")
    if imported.skipped:
        lines.append("")
    if not imported.databases:
        return "\n".join([*lines, "application_databases = {}", ""])
    lines.append("application_databases = {")
    for number, database in enumerate(imported.databases):
        if number:
            lines.append("")
        lines += [f"  {text}" if text else "" for text in _database(database, imported)]
    return "\n".join([*lines, "}", ""])


def _database(database: ImportedDatabase, imported: Imported) -> Iterator[str]:
    declared = database.declared
    for note in database.notes:
        yield from _comment(f"{name(declared.name)}: {note}")
    for left_out in database.left_out:
        yield from _left_out(left_out, declared)
    for number, role in enumerate(declared.roles):
        if number:
            yield ""
        yield from _entry(role, declared, imported)


def _entry(role: DesiredRole, database: DesiredDatabase, imported: Imported) -> Iterator[str]:
    for blocked in imported.after.blocked:
        if blocked.entry == role.entry:
            yield from _comment(f"Will be blocked: {blocked.reason}")
    changes = pending(imported, role.entry)
    if changes:
        yield from _comment("The first apply after its adoption will change:")
        yield from _items(changes)
    drift = [d for d in imported.after.drift if d.entry == role.entry]
    if drift:
        yield from _comment("Not in the catalog, shown by every plan:")
        yield from _items(drift)
    yield f"{_key(role.entry)} = {{"
    fields = dict(_fields(role, database))
    widest = max(map(len, fields))
    for field, value in fields.items():
        yield f"  {field.ljust(widest)} = {value}"
    yield "}"


def _fields(role: DesiredRole, database: DesiredDatabase) -> Iterator[tuple[str, str]]:
    yield "database_name", _string(role.database)
    yield "username", _string(role.name)
    if role.level is not AccessLevel.OWNER:
        yield "access_level", _string(role.level)
    if not role.createdb:
        yield "createdb", "false"
    if role.connection_limit != -1:
        yield "connection_limit", str(role.connection_limit)
    if role.auth is not Auth.PASSWORD:
        yield "auth", _string(role.auth)
    if role.alternates:
        yield "rotation", _string(Rotation.ALTERNATE)
    if role.level is AccessLevel.OWNER and database.extensions:
        yield "extensions", f"[{', '.join(_string(e) for e in database.extensions)}]"


def _left_out(left_out: LeftOut, database: DesiredDatabase) -> Iterator[str]:
    where = name(database.name)
    yield from _comment(f"No entry for {name(left_out.role)} in {where}: {left_out.reason}")
    for misfit in left_out.misfits:
        if misfit.beyond:
            yield from _comment(f"as {_ARTICLES[misfit.level]}, what it holds beyond it:", indent=2)
            yield from _items(misfit.beyond, indent=4)
        if misfit.widening:
            yield from _comment(f"as {_ARTICLES[misfit.level]}, it would get as well:", indent=2)
            yield from _items(misfit.widening, indent=4)


def _items(items: tuple[Change | Drift, ...] | list[Drift], *, indent: int = 2) -> Iterator[str]:
    for item in items:
        yield from _comment(f"- {_item(item)}", indent=indent)


def _item(item: Change | Drift) -> str:
    if not isinstance(item, Drift):
        return describe(item)
    if item.kind is DriftKind.UNDECLARED_DATABASE:
        return f"database {name(item.database)} {item.message}"
    where = f" (database {name(item.database)})" if item.database else ""
    return f"{name(item.role)} {item.message}{where}"


def _comment(text: str, *, indent: int = 0) -> Iterator[str]:
    """Yield a comment; what a server's name holds can't end it."""
    lead = f"# {' ' * indent}"
    for line in textwrap.wrap(
        shown(text), _WIDTH - len(lead), break_long_words=False, break_on_hyphens=False
    ):
        yield f"{lead}{line}".rstrip()


def _key(key: str) -> str:
    return key if _PLAIN_KEY.fullmatch(key) else _string(key)


def _string(text: str) -> str:
    """Return an HCL string: JSON's, with templates escaped."""
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted.replace("${", "$${").replace("%{", "%%{")
