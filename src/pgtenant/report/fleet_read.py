"""Results that were saved, one file for each environment or for several, read for one report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pgtenant.errors import ExitCode
from pgtenant.report.fleet import Result, State, Told

_CODES: Final = frozenset(map(int, ExitCode))
_FIRST: Final = 1


def read_results(text: str, *, name: str, stem: str) -> tuple[Result, ...]:
    """Return the results in a file; what is none is the failure of whom the file is named after.

    Args:
        text: what `plan`, `apply` or a fleet of them printed with `--format json`.
        name: the file, for messages.
        stem: what it is called without its ending: the environment.
    """
    if not text.strip():
        said = "is empty: its run has said nothing, or was refused before it began"
        return (_nothing(name, stem, said),)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return (_nothing(name, stem, "is not the JSON of a result: its run was cut off"),)
    found = (*_results(document),) if isinstance(document, dict) else ()
    return found or (_nothing(name, stem, "holds no result of plan or apply"),)


def missing(name: str, stem: str) -> Result:
    """Return the failure of an environment whose file is not there."""
    return _nothing(name, stem, "is not there: its run has left no result")


def _nothing(name: str, stem: str, said: str) -> Result:
    told = Told(f"{name} {said}", "look at the run's log")
    return Result(stem, _FIRST, ExitCode.FAILED, errors=(told,))


def _results(document: Mapping[str, Any]) -> Iterator[Result]:
    environment, members = document.get("environment"), document.get("environments")
    if isinstance(members, list):
        for one in members:
            if isinstance(one, dict) and isinstance(name := one.get("environment"), str):
                yield _of_fleet(name, one)
    elif isinstance(environment, str) and "changes" in document:
        yield _alone(environment, document, plan=document)
    elif isinstance(environment, str) and "records" in document:
        yield _alone(environment, document, apply=document)


def _alone(
    environment: str,
    document: Mapping[str, Any],
    *,
    plan: Mapping[str, Any] | None = None,
    apply: Mapping[str, Any] | None = None,
) -> Result:
    errors = _errors(document.get("errors") or [document.get("error")])
    code = _code(document.get("exit_code"))
    if code is None:  # a result of an older version
        blocked = apply is not None and bool(_summary(document).get("blocked"))
        code = ExitCode.BLOCKED if blocked else ExitCode.CONVERGED
        code = ExitCode.FAILED if errors else code
    return Result(environment, _FIRST, code, plan=plan, apply=apply, errors=errors)


def _of_fleet(environment: str, one: Mapping[str, Any]) -> Result:
    wave, plan, apply = one.get("wave"), one.get("plan"), one.get("apply")
    code = _code(one.get("exit_code"))
    begun = code is not None or one.get("state") == State.NOT_STARTED
    return Result(
        environment,
        wave if type(wave) is int else _FIRST,
        code if begun else ExitCode.FAILED,
        plan=plan if isinstance(plan, dict) else None,
        apply=apply if isinstance(apply, dict) else None,
        errors=_errors(one.get("errors")),
    )


def _errors(found: object) -> tuple[Told, ...]:
    listed: Iterable[object] = found if isinstance(found, list) else ()
    return tuple(
        Told(*(str(one.get(name, "")) for name in ("message", "hint", "code")))
        for one in listed
        if isinstance(one, dict)
    )


def _code(found: object) -> ExitCode | None:
    return ExitCode(found) if type(found) is int and found in _CODES else None


def _summary(document: Mapping[str, Any]) -> Mapping[str, Any]:
    found = document.get("summary")
    return found if isinstance(found, dict) else {}
