"""New passwords."""

from __future__ import annotations

import secrets
import string
from typing import Final

ALPHABET: Final = string.ascii_letters + string.digits
"""They mean the same in a URL, a shell, a YAML file and a string of libpq's."""

LENGTH: Final = 43
"""256 bits, so that a quick hash of one is no way to it either."""


def new_password() -> str:
    """Return a password that nobody has seen."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
