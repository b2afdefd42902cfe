"""Reads and validates a catalog; the only place in `catalog` that touches files."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from pgtenant.catalog.check import VARIABLE, Checker, Format
from pgtenant.catalog.fields import FieldChecker
from pgtenant.catalog.located import SyntaxProblem
from pgtenant.catalog.naming import NamingPolicy
from pgtenant.catalog.shown import plain, quoted
from pgtenant.errors import CatalogError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from pgtenant.catalog.located import Located
    from pgtenant.catalog.model import Catalog

# Ten times what 5,000 entries need; a parser should not be fed what is no catalog.
MAX_BYTES = 16 * 1024 * 1024

_DEFAULT_POLICY = NamingPolicy()


def load(
    path: Path,
    *,
    display: str,
    policy: NamingPolicy = _DEFAULT_POLICY,
    maintenance_database: str | None = None,
    schemas: Path | None = None,
) -> Catalog:
    """Read a catalog file; its suffix chooses the language.

    Args:
        path: a `.tfvars`, `.json`, `.yaml` or `.yml` file.
        display: the path as problems show it.
        policy: the form of names.
        maintenance_database: refused as a name, when it is known.
        schemas: the project's `schemas/`; None leaves the existence of initial schemas unchecked.

    Returns:
        The valid catalog.

    Raises:
        CatalogError: the file cannot be read, or something in it is wrong; names everything.
    """
    language = _language(path.name, display)
    try:
        if path.exists() and not path.is_file():
            what = "a directory" if path.is_dir() else "not a regular file"
            raise _whole(display, f"the catalog {_shown(display)} is {what}")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise _whole(
            display,
            f"there is no catalog at {_shown(display)}",
            hint="make it, or say in pgtenant.toml where it is: [project] catalog",
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"the catalog {_shown(display)} cannot be read: {plain(reason, 200)}"
        raise _whole(display, message) from error
    checker = _checker(display, language, policy, maintenance_database, schemas)
    return _catalog(data, display, language, checker)


def parse(
    text: bytes,
    *,
    display: str,
    policy: NamingPolicy = _DEFAULT_POLICY,
    maintenance_database: str | None = None,
    schemas: Path | None = None,
) -> Catalog:
    """Validate the text of a catalog; the suffix of `display` chooses the language.

    Does no I/O but look for the initial schemas below `schemas`. Arguments, result and
    errors are those of `load`.
    """
    language = _language(display, display)
    checker = _checker(display, language, policy, maintenance_database, schemas)
    return _catalog(text, display, language, checker)


def check_admin(catalog: Catalog, admin: str, *, maintenance_database: str | None = None) -> None:
    """Refuse what only the admin secret can tell: the admin's own names.

    Args:
        catalog: a valid catalog.
        admin: the role that pgtenant logs in as.
        maintenance_database: the database it connects to first, when only its secret says so.

    Raises:
        CatalogError: an entry has one of the two as its database or its user.
    """
    problems = []
    for entry in catalog.entries:
        for field in ("database_name", "username"):
            name = getattr(entry, field)
            if name == admin:
                reason = "it is the admin that pgtenant itself logs in as"
            elif name == maintenance_database:
                reason = "it is the maintenance database"
            else:
                continue
            message = f"is reserved: {quoted(name)}; {reason}"
            problems.append(Problem(catalog.path, entry.line, entry.key, field, message))
    if problems:
        raise CatalogError(tuple(problems))


def _language(name: str, display: str) -> Format:
    lower = name.lower()
    if lower.endswith(".tfvars"):
        return Format.HCL
    if lower.endswith(".json"):
        return Format.JSON
    if lower.endswith((".yaml", ".yml")):
        return Format.YAML
    message = (
        f"the catalog {_shown(display)} has no known suffix: "
        ".tfvars, .tfvars.json, .json, .yaml or .yml"
    )
    raise _whole(display, message)


def _checker(
    display: str,
    language: Format,
    policy: NamingPolicy,
    maintenance_database: str | None,
    schemas: Path | None,
) -> Checker:
    fields = FieldChecker(policy, maintenance_database, schemas)
    return Checker(_shown(display), language, policy, fields)


def _catalog(data: bytes, display: str, language: Format, checker: Checker) -> Catalog:
    if len(data) > MAX_BYTES:
        raise _whole(display, f"the catalog is larger than {MAX_BYTES // 2**20} MiB")
    try:
        root = _tree(_text(data), language)
    except SyntaxProblem as problem:
        located = Problem(_shown(display), problem.line, "", "", problem.message)
        raise CatalogError((located,)) from problem
    return checker.catalog(root)


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SyntaxProblem(1, "the file is UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the file is not UTF-8: byte 0x{data[error.start]:02x}; save it as UTF-8"
        raise SyntaxProblem(line, message) from error


def _tree(text: str, language: Format) -> Located | None:
    if not text.strip():
        return None
    # Only the reader that is needed is imported: each brings a parser.
    match language:
        case Format.HCL:
            from pgtenant.catalog import hcl

            return hcl.read(text, VARIABLE)
        case Format.JSON:
            from pgtenant.catalog import json_text

            return json_text.read(text)
        case Format.YAML:
            from pgtenant.catalog import yaml_text

            return yaml_text.read(text)
        case _:
            assert_never(language)


def _whole(display: str, message: str, *, hint: str = "") -> CatalogError:
    return CatalogError((Problem(_shown(display), 0, "", "", message),), hint=hint)


def _shown(display: str) -> str:
    return display if display.isprintable() else plain(display, 300)
