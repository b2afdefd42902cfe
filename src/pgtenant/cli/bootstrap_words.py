"""What a bootstrap was asked for, and what it says around its steps."""

from __future__ import annotations

from dataclasses import dataclass

from pgtenant.settings.model import Settings
from pgtenant.settings.templates import expand
from pgtenant.usecases.bootstrap import Outcome
from pgtenant.usecases.delegate_secret import delegated_secret


@dataclass(frozen=True, slots=True)
class Request:
    """What one bootstrap was asked for; `lock_wait` in seconds."""

    settings: Settings
    environment: str
    run_id: str
    role: str
    master_secret: str
    undo: bool
    dry_run: bool
    lock_wait: float


def heading(request: Request) -> str:
    """Return the line above the steps."""
    verb = "Give back what" if request.undo else "Delegate to"
    end = " holds" if request.undo else ""
    dry = "  (dry run)" if request.dry_run else ""
    return f"{verb} {request.role}{end}: {request.environment}{dry}"


def next_step(request: Request, outcome: Outcome) -> str:
    """Return what there is to do with the settings, as lines for people."""
    env, settings = request.environment, request.settings
    own = delegated_secret(settings, env)
    if request.undo:
        if settings.admin_secret(env) != own:
            return "\nThe master is the admin.\n"
        return f'\nIn pgtenant.toml, [secrets]:\n\n    admin = "{_template(request)}"\n'
    wrote = "would be" if request.dry_run else "is"
    stored = f"\n{own} {wrote} stored.\n" if outcome.stored else ""
    if settings.admin_secret(env) == own:
        return f"{stored}\n{request.role} is the admin.\n"
    return (
        f"{stored}\nTo make it the admin, in pgtenant.toml, [secrets]:\n"
        f'\n    admin = "{settings.secrets.delegated}"\n'
    )


def _template(request: Request) -> str:
    usual = request.settings.secrets.master
    master = request.master_secret
    return usual if master == expand(usual, {"env": request.environment}) else master
