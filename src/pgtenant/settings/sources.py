"""The three places that settings come from, each turned into the same list of values."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pgtenant.codes import Code
from pgtenant.errors import SettingsError
from pgtenant.nearest import did_you_mean
from pgtenant.settings.lines import key_lines, line_of
from pgtenant.settings.model import check_environment
from pgtenant.settings.specs import ENVIRONMENTS, SPECS, Spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SECTIONS: Final = {spec.section: None for spec in SPECS}
_BY_NAME: Final = {(spec.section, spec.key): spec for spec in SPECS}
_BY_VARIABLE: Final = {spec.variable: spec for spec in SPECS if spec.section != ENVIRONMENTS}
_OF_ENVIRONMENTS: Final = "|".join(s.key.upper() for s in SPECS if s.section == ENVIRONMENTS)
_ENVIRONMENT_VARIABLE: Final = re.compile(
    rf"PGTENANT_ENVIRONMENTS_([A-Z0-9_]+?)_({_OF_ENVIRONMENTS}|[A-Z]+)"
)
# What Kubernetes puts into every pod beside a Service of this name; nobody's typing error.
_SERVICE_LINK: Final = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT\w*|PORT|PORT_[0-9]+_\w+)")


@dataclass(frozen=True, slots=True)
class Given:
    """A value that somebody gave for a setting.

    Attributes:
        spec: the setting.
        path: `(section, key)`, or `("environments", name, key)`.
        value: as TOML would have it, not yet checked.
        where: the place and the setting's name there, for messages.
    """

    spec: Spec
    path: tuple[str, ...]
    value: object
    where: str


def from_file(file: str, text: str, problems: list[str]) -> list[Given]:
    """Read the text of `pgtenant.toml`; what is wrong is added to the problems.

    Args:
        file: its path, for messages.
        text: its content.
        problems: receives one line for each.

    Raises:
        SettingsError: it is not TOML.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {error}", code=Code.SETTINGS_FILE) from None
    except RecursionError:
        raise SettingsError(f"{file} is nested too deeply", code=Code.SETTINGS_FILE) from None
    lines = key_lines(text)

    def where(*path: str) -> str:
        line = line_of(path, lines)
        return f"{file}:{line}: {'.'.join(path)}" if line else f"{file}: {'.'.join(path)}"

    given: list[Given] = []
    for path, value in _leaves(document):
        spec = _spec_at(path)
        if spec is None:
            problem = _not_a_setting(path, value)
            problems.extend([f"{where(*path)}{problem}"] if problem else [])
        elif spec.section != ENVIRONMENTS or _is_environment(path[1], where(*path), problems):
            given.append(Given(spec, path, value, where(*path)))
    return given


def from_environ(environ: Mapping[str, str], problems: list[str]) -> list[Given]:
    """Read the `PGTENANT_<SECTION>_<KEY>` variables; what is wrong is added to the problems."""
    given: list[Given] = []
    for variable, text in sorted(environ.items()):
        if not variable.startswith("PGTENANT_") or not text:
            continue
        if spec := _BY_VARIABLE.get(variable):
            path: tuple[str, ...] = (spec.section, spec.key)
            given.append(Given(spec, path, spec.from_text(text), variable))
        elif match := _ENVIRONMENT_VARIABLE.fullmatch(variable):
            # No environment has an underscore in its name, so it can only be a hyphen.
            env, key = match[1].lower().replace("_", "-"), match[2].lower()
            spec = _BY_NAME.get((ENVIRONMENTS, key))
            if spec is None:
                problems.append(f"{variable} is not a setting")
            elif _is_environment(env, variable, problems):
                path = (ENVIRONMENTS, env, key)
                given.append(Given(spec, path, spec.from_text(text), variable))
        elif not _SERVICE_LINK.fullmatch(variable):
            # Other PGTENANT_* variables exist (PGTENANT_LOG_LEVEL); these can only be mistakes.
            inside = variable.removeprefix("PGTENANT_").split("_")[0].lower() in _SECTIONS
            meant = did_you_mean(variable, _BY_VARIABLE, cutoff=0.85 if inside else 0.9)
            if inside or meant:
                problems.append(f"{variable} is not a setting{meant}")
    return given


def from_overrides(overrides: Mapping[str, str], problems: list[str]) -> list[Given]:
    """Read what flags say, by the setting's name; what is wrong is added to the problems."""
    given: list[Given] = []
    for name, text in sorted(overrides.items()):
        path = tuple(name.split("."))
        spec = _spec_at(path)
        if spec is None:
            known = [spec.name for spec in SPECS]
            problems.append(f"{name} is not a setting{did_you_mean(name, known)}")
        elif path[0] != ENVIRONMENTS or _is_environment(path[1], name, problems):
            given.append(Given(spec, path, spec.from_text(text), f"the flag for {name}"))
    return given


def _leaves(
    table: Mapping[str, object], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every value with its path; an empty table is a value, too."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _is_environment(name: str, where: str, problems: list[str]) -> bool:
    problem = _no_environment(name)
    problems.extend([f"{where}{problem}"] if problem else [])
    return not problem


def _no_environment(name: str) -> str:
    """Say why no environment can have this name; nothing when one can."""
    try:
        check_environment(name)
    except SettingsError as error:
        return f": {error.message}; {error.hint}"
    return ""


def _spec_at(path: tuple[str, ...]) -> Spec | None:
    right_depth = len(path) == (3 if path[0] == ENVIRONMENTS else 2)
    return _BY_NAME.get((path[0], path[-1])) if right_depth else None


def _not_a_setting(path: tuple[str, ...], value: object) -> str:
    """Say what is wrong with a path that no setting has; nothing when it is an empty table."""
    section = path[0]
    if section not in _SECTIONS:
        owners = [spec.section for spec in SPECS if path == (spec.key,)]
        if owners:
            return f" belongs in the table [{owners[0]}]"
        return f" is not a setting{did_you_mean(section, _SECTIONS)}"
    if len(path) == 1 or (section == ENVIRONMENTS and len(path) == 2):
        name = f"{section}.<name>" if section == ENVIRONMENTS else section
        if value != {}:
            return f" must be inside a table, such as [{name}]"
        return _no_environment(path[1]) if len(path) == 2 else ""
    known = [spec.key for spec in SPECS if spec.section == section]
    return f" is not a setting{did_you_mean(path[-1], known)}"
