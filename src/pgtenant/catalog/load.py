"""Reads and validates a catalog; the only place in `catalog` that touches files."""

from __future__ import annotations

import codecs
from functools import lru_cache
from typing import TYPE_CHECKING, assert_never

from pgtenant.catalog.check import VARIABLE, Checker, Format
from pgtenant.catalog.fields import FieldChecker
from pgtenant.catalog.located import Located, Object, Pair, SyntaxProblem
from pgtenant.catalog.naming import NamingPolicy
from pgtenant.catalog.shown import plain, quoted
from pgtenant.codes import Code
from pgtenant.errors import CatalogError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
    instead: Callable[[], str] = str,
) -> Catalog:
    """Read a catalog file; its suffix chooses the language.

    Args:
        path: a `.tfvars`, `.json`, `.yaml` or `.yml` file.
        display: the path as problems show it.
        policy: the form of names.
        maintenance_database: refused as a name, when it is known.
        schemas: the project's `schemas/`; None leaves the existence of initial schemas unchecked.
        instead: gives what to say as well where there is no such file.

    Returns:
        The valid catalog.

    Raises:
        CatalogError: the file cannot be read, or something in it is wrong; names everything.
    """
    language = language_of(path.name, display)
    try:
        if path.exists() and not path.is_file():
            what = "a directory" if path.is_dir() else "not a regular file"
            raise _whole(display, f"the catalog {_shown(display)} is {what}")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise _whole(
            display,
            f"there is no catalog at {_shown(display)}{instead()}",
            hint="make it, or say in pgtenant.toml where it is: [project] catalog",
        ) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        message = f"the catalog {_shown(display)} cannot be read: {plain(reason, 200)}"
        raise _whole(display, message) from error
    checker = _checker(display, language, policy, maintenance_database, schemas)
    return _catalog(data, display, language, checker, read=_tree)


def parse(
    text: bytes,
    *,
    display: str,
    policy: NamingPolicy = _DEFAULT_POLICY,
    maintenance_database: str | None = None,
    schemas: Path | None = None,
    more: tuple[Pair, ...] = (),
) -> Catalog:
    """Validate the text of a catalog; the suffix of `display` chooses the language.

    Does no I/O but look for the initial schemas below `schemas`. Arguments, result and
    errors are those of `load`; `more` are entries that it is to have as well.
    """
    language = language_of(display, display)
    checker = _checker(display, language, policy, maintenance_database, schemas)
    return _catalog(text, display, language, checker, more, read=tree)


def check_admin(catalog: Catalog, admin: str, *, maintenance_database: str | None = None) -> None:
    """Refuse what only the admin secret can tell: the admin's own names.

    Args:
        catalog: a valid catalog.
        admin: the role that pgtenant logs in as.
        maintenance_database: the database it connects to first, when only its secret says so.

    Raises:
        CatalogError: an entry has one of the two as its database or as a login.
    """
    problems = []
    for entry in catalog.entries:
        names = {"database_name": entry.database_name, "username": entry.username}
        if entry.second_login is not None:
            names["rotation"] = entry.second_login
        if entry.made_by is not None:
            names.pop("database_name")
        for field, name in names.items():
            if name == admin:
                reason = "it is the admin that pgtenant itself logs in as"
            elif name == maintenance_database:
                reason = "it is the maintenance database"
            else:
                continue
            message = f"is reserved: {quoted(name)}; {reason}"
            problems.append(Problem(catalog.path, entry.line, entry.shown, field, message))
    if problems:
        raise CatalogError(tuple(problems))


def language_of(name: str, display: str = "") -> Format:
    """Return the language that a file's name stands for.

    Args:
        name: of the file.
        display: the path as problems show it.

    Raises:
        CatalogError: it stands for none.
    """
    lower = name.lower()
    if lower.endswith(".tfvars"):
        return Format.HCL
    if lower.endswith(".json"):
        return Format.JSON
    if lower.endswith((".yaml", ".yml")):
        return Format.YAML
    message = (
        f"the catalog {_shown(display or name)} has no known suffix: "
        ".tfvars, .tfvars.json, .json, .yaml or .yml"
    )
    raise _whole(display or name, message)


def _checker(
    display: str,
    language: Format,
    policy: NamingPolicy,
    maintenance_database: str | None,
    schemas: Path | None,
) -> Checker:
    fields = FieldChecker(policy, maintenance_database, schemas)
    return Checker(_shown(display), language, policy, fields)


def _catalog(
    data: bytes,
    display: str,
    language: Format,
    checker: Checker,
    more: tuple[Pair, ...] = (),
    *,
    read: Callable[[str, Format], Located | None],
) -> Catalog:
    if len(data) > MAX_BYTES:
        raise _whole(display, f"the catalog is larger than {MAX_BYTES // 2**20} MiB")
    try:
        root = read(text_of(data), language)
    except SyntaxProblem as problem:
        located = Problem(_shown(display), problem.line, "", "", problem.message)
        raise CatalogError((located,)) from problem
    return checker.catalog(_with(root, more) if more else root)


def _with(root: Located | None, more: tuple[Pair, ...]) -> Located:
    """Return a catalog with further entries, and a map for them where it has none."""
    if root is not None and not isinstance(root.value, Object):
        return root
    pairs = root.value.pairs if root is not None and isinstance(root.value, Object) else ()
    if all(pair.key != VARIABLE for pair in pairs):
        pairs = (*pairs, Pair(VARIABLE, 0, Located(Object(()), 0)))
    return Located(Object(tuple(_extended(pair, more) for pair in pairs)), 1)


def _extended(pair: Pair, more: tuple[Pair, ...]) -> Pair:
    held = pair.value.value
    if pair.key != VARIABLE or not isinstance(held, Object):
        return pair
    return Pair(pair.key, pair.line, Located(Object((*held.pairs, *more)), pair.value.line))


def text_of(data: bytes) -> str:
    """Return the text of a catalog, without byte order mark.

    Raises:
        SyntaxProblem: it is not UTF-8.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise SyntaxProblem(1, "the file is UTF-16; save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the file is not UTF-8: byte 0x{data[error.start]:02x}; save it as UTF-8"
        raise SyntaxProblem(line, message) from error


def mark_of(data: bytes) -> bytes:
    """Return the byte order mark that `text_of` leaves out, or nothing."""
    return codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""


@lru_cache(maxsize=2)
def tree(text: str, language: Format) -> Located | None:
    """Return the values of a catalog's text; None for a text without any.

    The last two are kept, because an edit asks several times for the text before and after it.

    Raises:
        SyntaxProblem: it is not in that language.
    """
    return _tree(text, language, keep=True)


def _tree(text: str, language: Format, *, keep: bool = False) -> Located | None:
    if not text.strip():
        return None
    # Only the reader that is needed is imported: each brings a parser.
    match language:
        case Format.HCL:
            from pgtenant.catalog import hcl

            return hcl.read(text, VARIABLE, hcl.kept_syntax(text) if keep else None)
        case Format.JSON:
            from pgtenant.catalog import json_text

            return json_text.read(text)
        case Format.YAML:
            from pgtenant.catalog import yaml_text

            return yaml_text.read(text)
        case _:
            assert_never(language)


def _whole(display: str, message: str, *, hint: str = "") -> CatalogError:
    return CatalogError(
        (Problem(_shown(display), 0, "", "", message),), hint=hint, code=Code.UNREADABLE_CATALOG
    )


def _shown(display: str) -> str:
    return display if display.isprintable() else plain(display, 300)
