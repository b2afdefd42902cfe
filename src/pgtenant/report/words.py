"""Small pieces of English: counts, lists, privileges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pgtenant.report.safe import name

# The other privilege words are nouns: one "gets USAGE", but "may SELECT".
_VERBS: Final = frozenset(
    {
        "CONNECT",
        "CREATE",
        "DELETE",
        "EXECUTE",
        "INSERT",
        "MAINTAIN",
        "SELECT",
        "TRUNCATE",
        "UPDATE",
    }
)


def count(number: int, one: str, many: str = "") -> str:
    """Return `1 entry`, `2 entries`. Without `many`, an `s` is added."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def entries(number: int) -> str:
    """Return `1 entry` or `2 entries`."""
    return count(number, "entry", "entries")


def entry_title(key: str) -> str:
    """Return what stands above an entry's changes; those without one are the instance's."""
    return name(key) if key else "the instance itself"


def some(names: Sequence[str], most: int = 3) -> str:
    """Return the first `most` names, and how many more there are."""
    listed = ", ".join(name(n) for n in names[:most])
    rest = len(names) - most
    return f"{listed} and {rest} more" if rest > 0 else listed


def gains(privileges: Sequence[str]) -> str:
    """Return `may SELECT, UPDATE` or `gets USAGE`."""
    verb = "may" if _VERBS.issuperset(privileges) else "gets"
    return f"{verb} {', '.join(privileges)}"


def through(path: str) -> str:
    """Return how a role gets somewhere, for the end of a sentence; nothing for no path."""
    if not path:
        return ""
    return f", {path}" if path.startswith("granted by ") else f", through {path}"
