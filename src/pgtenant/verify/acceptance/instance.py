"""The criteria that AWS alone answers: class, Multi-AZ, backups, encryption, and a few besides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pgtenant.verify.acceptance.expected import Expected
from pgtenant.verify.acceptance.found import RdsInstance, Unknown
from pgtenant.verify.acceptance.model import Check, Status, outcome

_Answer = tuple[str, bool] | None
"""What is there, and whether it is right; None where RDS does not say."""

_EITHER: Final = "either, outside production"


def described(rds: RdsInstance | Unknown, expected: Expected) -> Iterator[Check]:
    """Yield AC2 to AC5."""
    yield _check(rds, "AC2", "instance class", expected.instance_class, _class(rds, expected))
    yield _check(rds, "AC3", "Multi-AZ", _wanted(expected), _multi_az(rds, expected))
    backups = f"{expected.backup_days} days or more, from {expected.backup_start} UTC"
    yield _check(rds, "AC4", "backups", backups, _backups(rds, expected))
    yield _check(rds, "AC5", "encryption at rest", "on, with a KMS key", _encryption(rds))


def besides(rds: RdsInstance | Unknown, expected: Expected) -> Iterator[Check]:
    """Yield what is asked of the instance beyond the ten criteria."""
    protected = _protection(rds, expected)
    yield _check(rds, "", "deletion protection", _wanted(expected), protected)
    days = f"kept {expected.insights_days} days or more"
    yield _check(rds, "", "Performance Insights", days, _insights(rds, expected))
    seconds = f"every {expected.monitoring_seconds} s or more often"
    yield _check(rds, "", "Enhanced Monitoring", seconds, _monitoring(rds, expected))
    yield _check(rds, "", "public access", "off", _public(rds))


def _class(rds: RdsInstance | Unknown, expected: Expected) -> _Answer:
    if isinstance(rds, Unknown) or rds.instance_class is None:
        return None
    return rds.instance_class, rds.instance_class == expected.instance_class


def _multi_az(rds: RdsInstance | Unknown, expected: Expected) -> _Answer:
    if isinstance(rds, Unknown) or rds.multi_az is None:
        return None
    return _switch(on=rds.multi_az), rds.multi_az or not expected.production


def _backups(rds: RdsInstance | Unknown, expected: Expected) -> _Answer:
    if isinstance(rds, Unknown) or rds.backup_days is None or rds.backup_window is None:
        return None
    enough = rds.backup_days >= expected.backup_days
    in_time = rds.backup_window.split("-")[0] == expected.backup_start
    return f"{rds.backup_days} days, {rds.backup_window} UTC", enough and in_time


def _encryption(rds: RdsInstance | Unknown) -> _Answer:
    if isinstance(rds, Unknown) or rds.encrypted is None:
        return None
    key = rds.kms_key or ""
    return f"{_switch(on=rds.encrypted)}, {key or 'without a key'}", rds.encrypted and bool(key)


def _protection(rds: RdsInstance | Unknown, expected: Expected) -> _Answer:
    if isinstance(rds, Unknown) or rds.deletion_protection is None:
        return None
    on = rds.deletion_protection
    return _switch(on=on), on or not expected.production


def _insights(rds: RdsInstance | Unknown, expected: Expected) -> _Answer:
    if isinstance(rds, Unknown) or rds.performance_insights is None:
        return None
    days = rds.performance_insights
    return f"kept {days} days" if days else "off", days >= expected.insights_days


def _monitoring(rds: RdsInstance | Unknown, expected: Expected) -> _Answer:
    if isinstance(rds, Unknown) or rds.monitoring_interval is None:
        return None
    seconds = rds.monitoring_interval
    return f"every {seconds} s" if seconds else "off", 0 < seconds <= expected.monitoring_seconds


def _public(rds: RdsInstance | Unknown) -> _Answer:
    if isinstance(rds, Unknown) or rds.public is None:
        return None
    return _switch(on=rds.public), not rds.public


def _check(
    rds: RdsInstance | Unknown, criterion: str, subject: str, expected: str, answer: _Answer
) -> Check:
    if isinstance(rds, Unknown):
        return Check(criterion, subject, expected, "", rds.why, Status.UNPROVEN)
    evidence = f"DescribeDBInstances {rds.identifier}"
    if answer is None:
        return Check(criterion, subject, expected, "", f"{evidence}: not said", Status.UNPROVEN)
    found, right = answer
    return Check(criterion, subject, expected, found, evidence, outcome(right=right))


def _wanted(expected: Expected) -> str:
    return "on" if expected.production else _EITHER


def _switch(*, on: bool) -> str:
    return "on" if on else "off"
