"""Objects as the API server has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

WAIT: Final = "wait for Argo CD to sync, or see why it does not: argocd app get"
"""What to do where something has not arrived."""


def at(value: Any, *path: str) -> Any:
    """Return what an object has at a path; None where it has nothing."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
