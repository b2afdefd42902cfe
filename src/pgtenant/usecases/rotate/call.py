"""What Secrets Manager calls the function in AWS with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pgtenant.codes import Code
from pgtenant.errors import SettingsError, UsageError
from pgtenant.rotation.steps import Step
from pgtenant.settings.model import check_environment

ENVIRONMENT: Final = "PGTENANT_ENVIRONMENT"

_ARN: Final = re.compile(r"arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:(.+)-[A-Za-z0-9]{6}")
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{32,64}")


@dataclass(frozen=True, slots=True)
class Call:
    """What Secrets Manager asks for.

    Attributes:
        secret: its ARN, or its name.
        token: the id of the version that is to become current.
    """

    environment: str
    secret: str
    token: str
    step: Step

    @property
    def name(self) -> str:
        """The secret's name."""
        return name_of(self.secret)


def name_of(secret: str) -> str:
    """Return the name that an ARN ends in, before six characters of AWS's; a name stays."""
    found = _ARN.fullmatch(secret)
    return found[1] if found else secret


def read_call(event: Mapping[str, Any], environ: Mapping[str, str]) -> Call:
    """Read what the function was called with.

    Raises:
        SettingsError: the function was not told its environment.
        UsageError: it is no call of a rotation.
    """
    names = ("SecretId", "ClientRequestToken", "Step")
    given: dict[str, str] = {
        name: event[name] for name in names if isinstance(event.get(name), str) and event[name]
    }
    wrong = sorted({*names} - given.keys())
    if wrong:
        raise UsageError(
            f"the event lacks {', '.join(wrong)}",
            hint="Secrets Manager calls this function",
            code=Code.ROTATION_CALL,
        )
    if given["Step"] not in {*Step}:
        raise UsageError(
            f"{given['Step'][:60]!r} is no step of a rotation",
            hint=f"it is one of {', '.join(Step)}",
            code=Code.ROTATION_CALL,
        )
    if not _TOKEN.fullmatch(given["ClientRequestToken"]):
        raise UsageError(
            "the event's ClientRequestToken is not 32 to 64 letters, digits and hyphens",
            code=Code.ROTATION_CALL,
        )
    environment = environ.get(ENVIRONMENT, "")
    if not environment:
        raise SettingsError(
            f"{ENVIRONMENT} is not set",
            hint="set it in the function's configuration",
            code=Code.MISSING_VARIABLE,
        )
    return Call(
        environment=check_environment(environment),
        secret=given["SecretId"],
        token=given["ClientRequestToken"],
        step=Step(given["Step"]),
    )
