"""From the templates and the options to the files of a platform repository.

In a path `@@env@@` makes the file once for each environment, and a leading `dot-` of a name is its
`.` (a `.gitignore` among the templates would take effect there). In a text the options, `@@env@@`
where the path has it, and what `_common` and `_of_environment` name are replaced. A file that
starts with `#!` is executable.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from pgtenant import __version__
from pgtenant.planning.tenants.init_script import Subject, init_script
from pgtenant.planning.tenants.policy import Isolation
from pgtenant.platform.catalog_type import application_databases_type
from pgtenant.platform.dispatch import workflow_inputs
from pgtenant.platform.placeholders import substitute
from pgtenant.requests.backstage import Target, template_text
from pgtenant.requests.json_schema import Rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

ENVIRONMENTS: Final = ("dev", "test", "staging", "prod")

EXAMPLE: Final = Subject(
    environment="dev",
    entry="qualisys",
    database="qualisys_master",
    role="app_user",
    createdb=False,
    connection_limit=-1,
    isolation=Isolation("tenant_", "app.current_tenant", "tenant_id"),
)
"""The entry of `infrastructure/README.md`, for which the script there is written."""

_PER_ENVIRONMENT: Final = "@@env@@"
_DOT: Final = "dot-"
# pip compiles every .py of a package, scripts among the templates as well.
_COMPILED: Final = "__pycache__"


@dataclass(frozen=True, slots=True, order=True)
class LaidOut:
    """One file.

    Attributes:
        path: relative to the repository.
        content: UTF-8.
        executable: whether it can be run.
    """

    path: PurePosixPath
    content: bytes
    executable: bool


def layout(options: Mapping[str, str]) -> tuple[LaidOut, ...]:
    """Return every file, sorted by path.

    Args:
        options: as `check_options` returns them.
    """
    common = _common(options)
    per_environment = [{**common, **_of_environment(env)} for env in ENVIRONMENTS]
    return tuple(
        sorted(
            _rendered(path, text, values)
            for path, text in _templates(files(__package__).joinpath("templates"), PurePosixPath())
            for values in (per_environment if _PER_ENVIRONMENT in str(path) else [common])
        )
    )


def _common(options: Mapping[str, str]) -> dict[str, str]:
    return {
        **options,
        "application_databases_type": application_databases_type(),
        "backstage_template": _backstage_template(options["repository"]),
        "init_script": init_script(EXAMPLE).rstrip("\n"),
        "version": __version__,
        "workflow_inputs": workflow_inputs(),
    }


def _backstage_template(repository: str) -> str:
    """Return what `pgtenant request form` prints in a repository that was just laid out."""
    rules = Rules(environments=ENVIRONMENTS, maintenance_database="platform")
    return template_text(rules, Target(repository, "development", "platform-team")).rstrip("\n")


def _of_environment(env: str) -> dict[str, str]:
    # prod is the one that usually has an account of its own.
    return {"env": env, "parameter_group_suffix": "" if env == "prod" else f"-{env}"}


def _rendered(path: PurePosixPath, text: str, values: Mapping[str, str]) -> LaidOut:
    content = substitute(text, values)
    parts = (_part(part, values) for part in path.parts)
    return LaidOut(
        path=PurePosixPath(*parts),
        content=content.encode(),
        executable=content.startswith("#!"),
    )


def _part(part: str, values: Mapping[str, str]) -> str:
    name = substitute(part, values)
    return f".{name.removeprefix(_DOT)}" if name.startswith(_DOT) else name


def _templates(directory: Traversable, below: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for item in directory.iterdir():
        path = below / item.name
        if item.name == _COMPILED:
            continue
        if item.is_dir():
            yield from _templates(item, path)
        else:
            yield path, item.read_text("utf-8")
