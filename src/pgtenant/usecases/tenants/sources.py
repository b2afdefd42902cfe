"""Where slugs come from: the command line, a file, standard input, the catalog."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from pgtenant.catalog.model import Entry
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.files import read_given
from pgtenant.planning.tenants.slugs import Given, Tenant, read_slugs, tenants_of

STDIN: Final = "-"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which tenants a command is about.

    Attributes:
        slugs: of the command line.
        file: a path relative to the project, `-` for standard input, or None.
        every: all that are there as well.
    """

    slugs: tuple[str, ...]
    file: str | None = None
    every: bool = False


def tenants_asked(
    asked: Asked, entry: Entry, project: Path, stdin: BinaryIO, *, declared: bool = False
) -> tuple[Tenant, ...]:
    """Return the tenants that a command is about, sorted by schema.

    Args:
        asked: what the command line says.
        entry: whose they are.
        project: the platform repository.
        stdin: read where `-` asks for it.
        declared: whether those of the catalog are meant where the command line names none.

    Raises:
        UsageError: some are no slugs, or would have the same schema; or there are none.
    """
    prefix = entry.tenancy.schema_prefix if entry.tenancy is not None else ""
    given, source = [Given(slug) for slug in asked.slugs], ""
    if asked.file is not None:
        source = "standard input" if asked.file == STDIN else asked.file
        given += read_slugs(_text(asked.file, source, project, stdin))
    elif declared and not given and not asked.every:
        found = tenants_declared(entry, project)
        if found is None:
            raise UsageError(
                "no tenant is named",
                hint="name slugs, or a file of them with --file (`-` is standard input); with"
                " `tenancy.tenants_file` in the catalog all of that file are meant",
                code=Code.SLUGS,
            )
        return found
    if not given and not asked.every:
        raise UsageError(
            f"{source} has no slug" if source else "no tenant is named",
            hint="name slugs, or a file of them with --file (`-` is standard input)",
            code=Code.SLUGS,
        )
    return tenants_of(given, prefix, source=source)


def tenants_declared(entry: Entry, project: Path) -> tuple[Tenant, ...] | None:
    """Return the tenants of an entry's `tenants_file`, sorted by schema; None without one.

    Raises:
        UsageError: some are no slugs, or it can't be read.
    """
    tenancy = entry.tenancy
    if tenancy is None or tenancy.tenants_file is None:
        return None
    given = read_slugs(_read(project / tenancy.tenants_file, tenancy.tenants_file))
    return tenants_of(given, tenancy.schema_prefix, source=tenancy.tenants_file)


def _text(file: str, source: str, project: Path, stdin: BinaryIO) -> str:
    if file == STDIN:
        return _decoded(stdin.read(), source)
    return _read(project / file, source)


def _read(path: Path, source: str) -> str:
    try:
        return _decoded(read_given(path), source)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{source} can't be read: {reason}", hint="nothing was made", code=Code.UNREADABLE_FILE
        ) from None


def _decoded(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"{source}:{line}: byte 0x{data[error.start]:02x} is no UTF-8",
            hint="nothing was made",
            code=Code.UNREADABLE_FILE,
        ) from None
