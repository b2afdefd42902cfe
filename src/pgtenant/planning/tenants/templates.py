"""A template of tenants' tables: files in order, each known by its name and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pgtenant.catalog.shown import quoted
from pgtenant.codes import Code
from pgtenant.errors import UsageError

_DIGITS: Final = 16


@dataclass(frozen=True, slots=True, order=True)
class TemplateFile:
    """One file of SQL.

    Attributes:
        name: of the file, without its directory.
        sql: its whole text.
    """

    name: str
    sql: str

    @property
    def digest(self) -> str:
        """The beginning of the text's SHA-256, as a tenant's record has it."""
        return _digest(self.sql)


@dataclass(frozen=True, slots=True)
class Template:
    """All files, sorted by name: the order in which they run."""

    files: tuple[TemplateFile, ...] = ()

    @classmethod
    def of(cls, files: Iterable[TemplateFile]) -> Template:
        """Return the template of these files."""
        return cls(tuple(sorted(files)))

    @property
    def digests(self) -> dict[str, str]:
        """What a tenant's record says when all of them have run."""
        return {file.name: file.digest for file in self.files}


def due(template: Template, ran: Mapping[str, str], schema: str) -> tuple[TemplateFile, ...]:
    """Return the files that a tenant lacks, in order.

    Args:
        template: as it is now.
        ran: the digests in the tenant's record.
        schema: the tenant's, for messages.

    Raises:
        UsageError: a file that has run reads otherwise now, or is to run before one that has.
    """
    if problem := undue(template, ran, schema):
        raise problem
    return tuple(file for file in template.files if file.name not in ran)


def undue(template: Template, ran: Mapping[str, str], schema: str) -> UsageError | None:
    """Return why the files that a tenant lacks can't run; None when they can. See `due`."""
    for file in template.files:
        before = ran.get(file.name)
        if before is not None and before != file.digest:
            return UsageError(
                f"{quoted(file.name)} has changed since it ran in {schema}: it was {before}, and"
                f" is {file.digest}",
                hint="a file that has run stays as it is: put what is new into another file, with a"
                " name that comes after it",
                code=Code.TENANT_TEMPLATE,
            )
    missing = next((file.name for file in template.files if file.name not in ran), None)
    last = max((file.name for file in template.files if file.name in ran), default="")
    if missing is not None and missing < last:
        return UsageError(
            f"{quoted(missing)} would run in {schema} after {quoted(last)}, which comes behind it",
            hint="give a new file a name that comes after all that have run",
            code=Code.TENANT_TEMPLATE,
        )
    return None


@lru_cache
def _digest(text: str) -> str:
    """Return it once for all tenants."""
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
