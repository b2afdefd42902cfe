"""What a call of Secrets Manager, or a command, has to do, by the labels of the versions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pgtenant.rotation.due import Due, days_of
from pgtenant.rotation.stages import CURRENT, PENDING, PREVIOUS, Version, Versions
from pgtenant.rotation.steps import (
    Finished,
    Refused,
    Resume,
    Start,
    Step,
    Take,
    begin,
    called,
)
from pgtenant.settings.model import RotationSettings


def version(name: str, *stages: str) -> Version:
    return Version(name, frozenset(stages))


def secret(*versions: Version, automatic: bool = True) -> Versions:
    return Versions("shop", versions, automatic=automatic)


OLD = version("old", CURRENT)
NEW = version("new", PENDING)


@pytest.mark.parametrize("step", Step)
def test_a_pending_version_is_worked_on_at_every_step(step: Step) -> None:
    assert called(secret(OLD, NEW), "new", step) == Take(step, NEW)


@pytest.mark.parametrize("step", Step)
def test_a_version_that_is_current_has_nothing_left_to_do(step: Step) -> None:
    done = version("new", CURRENT, PENDING)
    assert called(secret(version("old", PREVIOUS), done), "new", step) == Finished(done)


@pytest.mark.parametrize(
    ("versions", "reason"),
    [
        (secret(OLD, NEW, automatic=False), "is not rotated automatically"),
        (secret(OLD), "has no version new"),
        (secret(OLD, version("new", PREVIOUS)), "has a version new that is not AWSPENDING"),
        (
            secret(OLD, version("new", PENDING, PREVIOUS)),
            "has a version new that was current before: it is AWSPREVIOUS",
        ),
        (secret(NEW), "has no current value"),
    ],
    ids=["off", "unknown", "not pending", "current before", "no value"],
)
def test_a_call_that_is_refused(versions: Versions, reason: str) -> None:
    refused = called(versions, "new", Step.SET)
    assert isinstance(refused, Refused)
    assert refused.reason == reason
    assert refused.hint


def test_a_command_starts_resumes_or_refuses() -> None:
    assert begin(secret(OLD, automatic=False)) == Start(OLD)
    assert begin(secret(OLD, NEW)) == Resume(OLD, NEW)
    kept = version("new", CURRENT, PENDING)
    assert begin(secret(version("old", PREVIOUS), kept)) == Start(kept)
    assert begin(secret(OLD, version("former", PENDING, PREVIOUS))) == Start(OLD)
    for nothing in (secret(), secret(NEW), replace(secret(OLD), owner="rds")):
        refused = begin(nothing)
        assert isinstance(refused, Refused)
        assert refused.hint


def test_due_by_age() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    for age, is_due in ((29, False), (30, True), (31, True)):
        assert Due(30, now - timedelta(days=age), now).is_due is is_due
    assert Due(30, None, now).is_due
    assert Due(30, now + timedelta(days=2), now).is_due
    assert not Due(30, now + timedelta(hours=2), now).is_due
    assert Due(30, now, now).at == datetime(2026, 12, 22, tzinfo=UTC)


def test_days_by_risk() -> None:
    settings = RotationSettings(days=90, none=30, low=29, medium=28, high=14, access=13)
    risks = (None, "none", "low", "medium", "high", "access")
    assert [days_of(settings, risk) for risk in risks] == [90, 30, 29, 28, 14, 13]
