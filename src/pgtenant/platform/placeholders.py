"""Placeholders of templates: `@@name@@`.

Nothing else in a platform repository is written so: not HCL (`${}`, `%{}`), not Go templates
(`{{ }}`), not GitHub's expressions (`${{ }}`), not make (`$()`), a shell (`$x`) or Python.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER: Final = re.compile(r"@@([a-z_]+)@@")


def substitute(template: str, values: Mapping[str, str]) -> str:
    """Put the values in, once: a value that looks like a placeholder stays as it is.

    Raises:
        KeyError: a placeholder that has no value; a mistake in the template.
    """
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)
