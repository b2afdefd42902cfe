"""Writes a new member of a mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from pgtenant.catalog.edit.style import Style, below

if TYPE_CHECKING:
    from pgtenant.catalog.edit.dialect import Dialect
    from pgtenant.catalog.edit.tree import Plain


def member(key: str, value: Plain, style: Style, dialect: Dialect, *, block: bool) -> str:
    """Write a member, without the indentation of its first line and the end of its last.

    Args:
        key: its key.
        value: its value.
        style: that of the mapping it becomes a member of.
        dialect: the language.
        block: YAML that needs no braces.
    """
    written = dialect.key(key, style.quoted)
    lead = f"{written.ljust(style.width)}{style.before}{style.sign}"
    if not isinstance(value, Mapping):
        return f"{lead}{style.after}{dialect.scalar(value, style.quoted)}"
    inner = below(style, dialect)
    if inner.aligned and style.lines:
        widest = max(len(dialect.key(one, inner.quoted)) for one in value)
        inner = replace(inner, width=widest)
    parts = [member(one, item, inner, dialect, block=block) for one, item in value.items()]
    if block:
        return lead + "".join(f"{style.newline}{inner.indent}{part}" for part in parts)
    if not style.lines:
        pad = " " if dialect.aligns and inner.after else ""
        comma = ", " if inner.after else ","
        return f"{lead}{style.after}{{{pad}{comma.join(parts)}{pad}}}"
    comma = "," if dialect.commas else ""
    body = f"{comma}{style.newline}".join(f"{inner.indent}{part}" for part in parts)
    return f"{lead}{style.after}{{{style.newline}{body}{style.newline}{style.indent}}}"
