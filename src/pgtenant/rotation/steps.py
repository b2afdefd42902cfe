"""Which of a rotation's four steps have something to do.

Secrets Manager calls its function once for each step, in order, with the token of one version,
and again from any of them after a failure. Our own command takes all four in one go, and goes on
where an earlier one was stopped.
https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pgtenant.rotation.stages import CURRENT, PENDING, PREVIOUS, Version, Versions


class Step(StrEnum):
    """A step, by the name that Secrets Manager calls it with."""

    CREATE = "createSecret"
    SET = "setSecret"
    TEST = "testSecret"
    FINISH = "finishSecret"


@dataclass(frozen=True, slots=True)
class Take:
    """The step is to be taken."""

    step: Step
    version: Version


@dataclass(frozen=True, slots=True)
class Finished:
    """The version is current already: no step of its rotation has anything to do."""

    version: Version


@dataclass(frozen=True, slots=True)
class Start:
    """A new rotation begins.

    Attributes:
        current: what it replaces.
    """

    current: Version


@dataclass(frozen=True, slots=True)
class Resume:
    """An earlier rotation was stopped: it is finished with the password that it chose.

    Attributes:
        current: what it replaces.
        pending: what it made, if its text turns out to be usable.
    """

    current: Version
    pending: Version


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing may be done.

    Attributes:
        reason: follows the secret's name.
        hint: what to do.
    """

    reason: str
    hint: str


def called(versions: Versions, token: str, step: Step) -> Take | Finished | Refused:
    """Judge a call of Secrets Manager.

    Args:
        versions: the secret's.
        token: the id of the version that is to become current.
        step: which of the four.
    """
    if not versions.automatic:
        return Refused(
            "is not rotated automatically",
            "turn its rotation on (RotateSecret); `pgtenant rotate` needs none of that",
        )
    version = versions.find(token)
    if version is None:
        return Refused(
            f"has no version {token}", "start the rotation anew: it may have been replaced"
        )
    if CURRENT in version.stages:
        return Finished(version)
    if PENDING not in version.stages or PREVIOUS in version.stages:
        return _not_under_way(version)
    if versions.current is None:
        return _no_value()
    return Take(step, version)


def begin(versions: Versions) -> Start | Resume | Refused:
    """Judge what a rotation by command has to begin with."""
    if versions.owner:
        return Refused(
            f"belongs to the service {versions.owner}, which rotates it by itself",
            f"rotate it there, or have {versions.owner} give it up",
        )
    if versions.current is None:
        return _no_value()
    if versions.pending is not None:
        return Resume(versions.current, versions.pending)
    return Start(versions.current)


def _not_under_way(version: Version) -> Refused:
    if PENDING in version.stages:
        return Refused(
            f"has a version {version.id} that was current before: it is {PREVIOUS}",
            f"take the label {PENDING} off that version, then start the rotation anew",
        )
    return Refused(
        f"has a version {version.id} that is not {PENDING}",
        "start the rotation anew: it may have been replaced",
    )


def _no_value() -> Refused:
    return Refused("has no current value", "store its value first")
