"""The form of requests, for a project as its settings are now."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pgtenant.catalog.fields import is_schema_path
from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.requests.backstage import Target, template_text
from pgtenant.requests.json_schema import Rules, json_schema
from pgtenant.settings import Settings
from pgtenant.usecases.inputs import SCHEMAS_DIRECTORY, naming_policy


def backstage_template(settings: Settings) -> str:
    """Return the software template for Backstage.

    Raises:
        UsageError: the settings don't name the repository.
        PgtenantError: the project's files can't be read.
    """
    requests = settings.requests
    if requests.repository is None:
        raise UsageError(
            "the form starts a workflow of the project's repository, which no setting names",
            hint='put `repository = "owner/name"` into [requests] of pgtenant.toml',
            code=Code.SETTINGS,
        )
    # Whoever approves what no rule is about answers for the form as well.
    owner = next(iter(requests.approvers), "platform-team")
    return template_text(_rules(settings), Target(requests.repository, requests.base, owner))


def request_schema(settings: Settings) -> dict[str, Any]:
    """Return the JSON Schema of a request.

    Raises:
        PgtenantError: the project's files can't be read.
    """
    return json_schema(_rules(settings))


def _rules(settings: Settings) -> Rules:
    # Those of the settings only: what can be asked for is no matter of which files there are.
    environments = sorted(settings.environments, key=lambda env: (settings.wave(env), env))
    return Rules(
        naming=naming_policy(settings),
        maintenance_database=settings.server.maintenance_database,
        teams=settings.requests.teams,
        domains=settings.requests.domains,
        environments=tuple(environments),
        schemas=_schemas(settings.root / SCHEMAS_DIRECTORY),
    )


def _schemas(directory: Path) -> tuple[str, ...]:
    """Return what `initial_schema` can name below a directory, which need not exist."""
    try:
        inside = directory.resolve()
        found = [
            path.relative_to(directory).as_posix()
            for path in directory.rglob("*")
            if path.is_file() and path.resolve().is_relative_to(inside)
        ]
    except OSError as error:
        raise UsageError(
            f"{directory} can't be read: {error.strerror}", code=Code.UNREADABLE_FILE
        ) from None
    hidden = [name for name in found if name.startswith(".") or "/." in name]
    return tuple(sorted(name for name in found if name not in hidden and is_schema_path(name)))
