"""The approval gate, on every path that changes a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pgtenant import logs
from pgtenant.errors import ApprovalRequiredError
from pgtenant.settings.model import Settings

VARIABLE: Final = "ALLOW_DB_PROVISION"
APPROVER: Final = "PGTENANT_APPROVED_BY"


def require_approval(settings: Settings, environment: str, environ: Mapping[str, str]) -> str:
    """Return who approved, possibly nobody by name.

    Raises:
        ApprovalRequiredError: the environment needs an approval and has none.
    """
    if settings.approval_required(environment) and environ.get(VARIABLE) != "true":
        raise ApprovalRequiredError(
            f"the environment {environment} is changed only with an approval; nothing was touched",
            hint=f"set {VARIABLE}=true when the change is approved, and {APPROVER} to who"
            " approved it; `plan` and `apply --dry-run` need neither",
        )
    return environ.get(APPROVER, "").strip()


def log_approval(settings: Settings, environment: str, approver: str) -> None:
    """Log that somebody approved, unless nobody had to and nobody is named."""
    if approver or settings.approval_required(environment):
        logs.get_logger().info("approved", approved_by=approver)
