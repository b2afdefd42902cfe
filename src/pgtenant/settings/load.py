"""Reading the settings: flags over environment over `pgtenant.toml` over defaults."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pgtenant.codes import Code
from pgtenant.errors import SettingsError
from pgtenant.settings.acceptance import AcceptanceSettings
from pgtenant.settings.cnpg import CnpgSettings
from pgtenant.settings.model import (
    Environment,
    NamingSettings,
    ProjectSettings,
    RetireSettings,
    RotationSettings,
    SecretsSettings,
    ServerSettings,
    Settings,
    default_approval,
)
from pgtenant.settings.requests import DEFAULT_ROUTES, RequestsSettings
from pgtenant.settings.sources import Given, from_environ, from_file, from_overrides
from pgtenant.settings.specs import ENVIRONMENTS, SPECS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_NAME: Final = "pgtenant.toml"
_MOST_PROBLEMS: Final = 25


def load(
    project: Path, *, environ: Mapping[str, str], overrides: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings of a project.

    Args:
        project: the platform repository's root; the file in it is optional.
        environ: the process's environment; an empty `PGTENANT_*` variable counts as not set.
        overrides: what flags say, by setting: `{"project.audit": "audit.csv"}`.

    Raises:
        SettingsError: with everything that is wrong in any of the three places.
    """
    problems: list[str] = []
    given = [
        *from_file(str(project / FILE_NAME), _read(project), problems),
        *from_environ(environ, problems),
        *from_overrides(overrides or {}, problems),
    ]
    values: dict[tuple[str, ...], Any] = {
        (spec.section, spec.key): None if spec.default is None else spec.parse(spec.default)
        for spec in SPECS
        if spec.section != ENVIRONMENTS
    }
    for one in given:
        try:
            values[one.path] = one.spec.parse(one.value)
        except ValueError as reason:
            problems.append(_refusal(one, str(reason)))
    if problems:
        raise SettingsError(_summary(problems), code=Code.SETTINGS)
    explicit = {one.path for one in given}
    return _build(project, values, explicit)


def _read(project: Path) -> str:
    """Return the file's text, empty when there is none."""
    path = project / FILE_NAME
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if project.is_dir():
            return ""
        message, hint = f"there is no directory {project}", "give the project's with --project"
    except NotADirectoryError:
        message, hint = f"{project} is not a directory", "give the project's with --project"
    except UnicodeDecodeError:
        message, hint = f"{path} is not UTF-8 text", "save it as UTF-8"
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        message, hint = f"{path} can't be read: {reason}", "make it a file that you can read"
    raise SettingsError(message, hint=hint, code=Code.SETTINGS_FILE)


def _refusal(one: Given, reason: str) -> str:
    shown = repr(one.value)
    shown = shown if len(shown) <= 80 else shown[:77] + "..."
    said = f"{reason}; it " if reason else ""
    return f"{one.where} = {shown}: {said}must be {one.spec.rule}"


def _summary(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    shown = problems[:_MOST_PROBLEMS]
    more = len(problems) - len(shown)
    lines = [f"{len(problems)} errors in the settings", *(f"  {problem}" for problem in shown)]
    return "\n".join([*lines, f"  and {more} more"] if more else lines)


def _build(
    root: Path, values: Mapping[tuple[str, ...], Any], explicit: set[tuple[str, ...]]
) -> Settings:
    sections: dict[str, dict[str, Any]] = {}
    environments: dict[str, dict[str, Any]] = {}
    for path, value in sorted(values.items()):
        if path[0] == ENVIRONMENTS:
            environments.setdefault(path[1], {})[path[2]] = value
        else:
            sections.setdefault(path[0], {})[path[1]] = value
    bundle = sections["server"]["sslrootcert"]
    if bundle not in (None, "system"):  # "system" is libpq's word for the machine's own
        sections["server"]["sslrootcert"] = str(root / bundle)
    return Settings(
        root=root,
        project=ProjectSettings(
            **sections["project"], catalog_explicit=("project", "catalog") in explicit
        ),
        secrets=SecretsSettings(**sections["secrets"]),
        server=ServerSettings(
            **sections["server"], sslmode_explicit=("server", "sslmode") in explicit
        ),
        naming=NamingSettings(
            **sections["naming"],
            explicit=frozenset(path[-1] for path in explicit if path[0] == "naming"),
        ),
        requests=RequestsSettings(
            **{
                **sections["requests"],
                "routes": DEFAULT_ROUTES
                if sections["requests"]["routes"] is None
                else sections["requests"]["routes"],
            }
        ),
        retire=RetireSettings(**sections["retire"]),
        rotation=RotationSettings(**sections["rotation"]),
        cnpg=CnpgSettings(**sections["cnpg"]),
        acceptance=AcceptanceSettings(**sections["acceptance"]),
        environments=MappingProxyType(
            {
                name: Environment(**{"approval": default_approval(name), **given})
                for name, given in environments.items()
            }
        ),
    )
