"""What nobody thought of, as an error like any other."""

from __future__ import annotations

from pgtenant.codes import Code
from pgtenant.errors import PgtenantError
from pgtenant.report.safe import shown

_LONGEST = 300


def as_json(error: PgtenantError) -> dict[str, str]:
    """Return an error for the JSON output."""
    return {"code": error.code, "message": error.message, "hint": error.hint}


def as_error(error: BaseException) -> PgtenantError:
    """Return an error that can be told: ours as it is, any other as a mistake of this program."""
    if isinstance(error, PgtenantError):
        return error
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = ": ".join(part for part in (type(error).__name__, shown(str(error))[:_LONGEST]) if part)
    return PgtenantError(
        f"internal error: {text}",
        hint="please report it, with what PGTENANT_LOG_LEVEL=debug shows",
        code=Code.INTERNAL,
    )
