"""Environments whose roles and databases an operator keeps."""

from __future__ import annotations

from pgtenant.errors import UsageError
from pgtenant.settings.model import Settings


def refuse_operated(settings: Settings, environment: str) -> None:
    """Refuse to change by SQL what an operator would change back.

    Raises:
        UsageError: the environment's engine is CloudNativePG.
    """
    if settings.environment(environment).engine == "cnpg":
        raise UsageError(
            f"the roles and databases of {environment} are kept by its CloudNativePG operator,"
            " which would undo what is done by SQL; nothing was touched",
            hint=f"`pgtenant render cnpg -e {environment}` writes its manifests (docs/cnpg.md)",
        )
