"""Templates of paths and secret names: text with `{env}` and `{entry}` in it, nothing else.

Not `str.format`: its `{entry.__class__}` and `{entry!r}` have no place in a settings file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


def check_template(
    template: str, *, allowed: Collection[str], required: Collection[str] = ()
) -> str:
    """Return the template if it can be expanded with the placeholders that are allowed.

    Raises:
        ValueError: an unknown or missing placeholder, a lone brace, a control character, or
            nothing at all; the message says which.
    """
    if not template.strip():
        raise ValueError("is empty")
    if not template.isprintable():
        raise ValueError("holds a control character")
    found = _PLACEHOLDER.findall(template)
    unknown = sorted(set(found) - set(allowed))
    if unknown:
        raise ValueError("has the unknown placeholder " + ", ".join(f"{{{n}}}" for n in unknown))
    if set("{}") & set(_PLACEHOLDER.sub("", template)):
        raise ValueError("has a brace that belongs to no placeholder")
    missing = sorted(set(required) - set(found))
    if missing:
        raise ValueError("lacks the placeholder " + ", ".join(f"{{{n}}}" for n in missing))
    return template


def expand(template: str, values: Mapping[str, str]) -> str:
    """Put the values in, once: a value that looks like a placeholder stays as it is.

    Args:
        template: one that `check_template` accepted with the names of these values.
        values: by placeholder name.
    """
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)
