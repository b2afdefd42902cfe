"""Objects in words."""

from __future__ import annotations

from collections.abc import Iterable

from pgtenant.access.model import Group, Kind

_MOST = 3


def labels(group: Group) -> list[str]:
    """Return the names of a group's objects as people write them, schemas left out."""
    if group.kind is Kind.FUNCTION:
        return [f"{n}{s}" for n, s in zip(group.names, group.signatures, strict=True)]
    return list(group.names)


def objects(group: Group) -> str:
    """Return what a group is, in words, such as `the tables a, b and 7 more in schema s`."""
    names = labels(group)
    noun = group.kind.replace("_", " ") + ("s" if len(names) > 1 else "")
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    where = f" of the table {group.table}" if group.table else ""
    where += f" in schema {group.schema}" if group.schema else ""
    return f"the {noun} {', '.join(names[:_MOST])}{more}{where}"


def listed(names: Iterable[str]) -> str:
    """Return a sorted list in words, such as `a, b, c and 4 more`."""
    ordered = sorted(names)
    more = f" and {len(ordered) - _MOST} more" if len(ordered) > _MOST else ""
    return f"{', '.join(ordered[:_MOST])}{more}"
