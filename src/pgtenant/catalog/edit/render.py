"""Writes a new member of a mapping, or a new item of a sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    inner = below(style, dialect)
    if listed := mappings(value):
        if block:
            items = (item(one, inner, " ", dialect) for one in listed)
            return lead + "".join(f"{style.newline}{inner.indent}{one}" for one in items)
        return f"{lead}{style.after}[{', '.join(in_braces(one, style, dialect) for one in listed)}]"
    if not isinstance(value, Mapping):
        return f"{lead}{style.after}{dialect.scalar(value, style.quoted)}"
    if inner.aligned and style.lines:
        widest = max(len(dialect.key(one, inner.quoted)) for one in value)
        inner = replace(inner, width=widest)
    parts = [member(one, part, inner, dialect, block=block) for one, part in value.items()]
    if block:
        return lead + "".join(f"{style.newline}{inner.indent}{part}" for part in parts)
    if not style.lines:
        return f"{lead}{style.after}{_braced(parts, inner, dialect)}"
    comma = "," if dialect.commas else ""
    body = f"{comma}{style.newline}".join(f"{inner.indent}{part}" for part in parts)
    return f"{lead}{style.after}{{{style.newline}{body}{style.newline}{style.indent}}}"


def item(value: Mapping[str, Plain] | str, style: Style, gap: str, dialect: Dialect) -> str:
    """Write an item of a YAML block, without the indentation of its first line.

    Args:
        value: the item.
        style: the indentation of its dash, and how its members are written.
        gap: what stands between the dash and the first key.
        dialect: the language.
    """
    if isinstance(value, str):
        return f"-{gap}{dialect.scalar(value, style.quoted)}"
    inner = replace(style, indent=f"{style.indent} {' ' * len(gap)}")
    parts = [member(one, part, inner, dialect, block=True) for one, part in value.items()]
    return f"-{gap}" + f"{style.newline}{inner.indent}".join(parts)


def in_braces(value: Mapping[str, Plain] | str, style: Style, dialect: Dialect) -> str:
    """Write a mapping, or a text, on one line."""
    if isinstance(value, str):
        return dialect.scalar(value, style.quoted)
    inner = replace(below(style, dialect), lines=False)
    parts = [member(one, part, inner, dialect, block=False) for one, part in value.items()]
    return _braced(parts, inner, dialect)


def mappings(value: Plain) -> Sequence[Mapping[str, Plain]]:
    """Return the items of a sequence of mappings; nothing for everything else."""
    if isinstance(value, str | int | Mapping):
        return ()
    return [one for one in value if isinstance(one, Mapping)]


def _braced(parts: Sequence[str], inner: Style, dialect: Dialect) -> str:
    pad = " " if dialect.aligns and inner.after else ""
    comma = ", " if inner.after else ","
    return f"{{{pad}{comma.join(parts)}{pad}}}"
