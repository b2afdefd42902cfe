"""The criteria that AWS and the live server answer together: version and parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pgtenant.verify.acceptance.expected import GIB, Expected, memory_of
from pgtenant.verify.acceptance.found import RdsInstance, Server, Unknown
from pgtenant.verify.acceptance.model import Check, Status, outcome

SETTINGS: Final = ("max_connections", "shared_buffers", "work_mem", "maintenance_work_mem")
"""What the server is asked for."""

_ENGINES: Final = frozenset({"postgres", "aurora-postgresql"})
_QUARTER: Final = "{DBInstanceClassMemory/32768}"
_PAGE: Final = 8192
_DEFAULT: Final = 128 << 20
# RDS keeps a part of the memory for itself, so that a quarter of what is left is less.
_LEAST, _MOST = 0.15, 0.30
_STATISTICS: Final = "pg_stat_statements"


@dataclass(frozen=True, slots=True)
class _Part:
    """One parameter: as the group has it, as the server has it, and whether that is right."""

    name: str
    found: str
    right: bool
    known: bool = True


def version(rds: RdsInstance | Unknown, server: Server, expected: Expected) -> Check:
    """Return AC1: what AWS says and what the server says have to agree."""
    live = f"{server.version // 10000}.{server.version % 10000}"
    wanted = f"PostgreSQL {expected.major} or newer"
    recent = server.version // 10000 >= expected.major
    shown = f"server_version {live}"
    if isinstance(rds, Unknown):
        status = outcome(right=recent) if rds.left_out or not recent else Status.UNPROVEN
        evidence = shown if rds.left_out else f"{shown}; {rds.why}"
        return Check("AC1", "version", wanted, live, evidence, status)
    told = f"{rds.engine or 'no engine'} {rds.engine_version or 'without a version'}"
    evidence = f"DescribeDBInstances {rds.identifier} ({rds.endpoint}): {told}; {shown}"
    if server.instance not in {None, rds.identifier}:
        evidence = f"the server is {server.instance}, another instance; {evidence}"
        return Check("AC1", "version", wanted, live, evidence, Status.FAILED)
    if rds.engine is None or rds.engine_version is None:
        return Check("AC1", "version", wanted, live, evidence, Status.UNPROVEN)
    right = recent and rds.engine in _ENGINES and _agree(rds.engine_version, live)
    return Check("AC1", "version", wanted, f"{rds.engine} {live}", evidence, outcome(right=right))


def parameters(rds: RdsInstance | Unknown, server: Server, expected: Expected) -> Check:
    """Return AC6: the values of the attached group, and those that the server runs with."""
    memory = _memory(rds, expected)
    parts = tuple(_live(server, expected, memory))
    if isinstance(rds, RdsInstance):
        parts += tuple(_attached(rds, expected))
        evidence = f"DescribeDBParameters {rds.parameter_group or 'of no group'}; pg_settings"
        if isinstance(rds.parameters, Unknown):
            evidence = f"{rds.parameters.why}; pg_settings"
    else:
        evidence = "pg_settings" if rds.left_out else f"{rds.why}; pg_settings"
    known = (isinstance(rds, RdsInstance) or rds.left_out) and all(part.known for part in parts)
    wrong = [part.name for part in parts if part.known and not part.right]
    if wrong:
        evidence = f"not as expected: {', '.join(dict.fromkeys(wrong))}; {evidence}"
    buffers = "above its default" if memory is None else "about 25 % of the memory"
    wanted = (
        f"max_connections {expected.max_connections}, shared_buffers {buffers},"
        f" work_mem {expected.work_mem // 1024} MB,"
        f" maintenance_work_mem {expected.maintenance_work_mem // 1024} MB"
    )
    status = Status.FAILED if wrong else outcome(right=True) if known else Status.UNPROVEN
    found = ", ".join(part.found for part in parts if part.found)
    return Check("AC6", "parameter group", wanted, found, evidence, status)


def statistics(rds: RdsInstance | Unknown) -> Check:
    """Return whether statements are counted, which only the group tells everyone."""
    wanted = f"{_STATISTICS} loaded, of all statements"
    given = rds.parameters if isinstance(rds, RdsInstance) else rds
    if isinstance(given, Unknown):
        return Check("", _STATISTICS, wanted, "", given.why, Status.UNPROVEN)
    loaded = given.get("shared_preload_libraries", "")
    track = given.get(f"{_STATISTICS}.track", "")
    right = _STATISTICS in re.split(r"\s*,\s*", loaded) and track == "all"
    found = f"shared_preload_libraries {loaded or 'empty'}, track {track or 'by default'}"
    group = rds.parameter_group if isinstance(rds, RdsInstance) else ""
    return Check(
        "", _STATISTICS, wanted, found, f"DescribeDBParameters {group}", outcome(right=right)
    )


def _agree(told: str, live: str) -> bool:
    """Return whether AWS's version is the server's; AWS may name the major alone."""
    numbers = re.findall(r"[0-9]+", told)[:2]
    return bool(numbers) and live.split(".")[: len(numbers)] == numbers


def _memory(rds: RdsInstance | Unknown, expected: Expected) -> int | None:
    """Return how much memory the server has, as far as its class tells; it does not say itself."""
    if isinstance(rds, RdsInstance):
        return memory_of(rds.instance_class or expected.instance_class)
    return None if rds.left_out else memory_of(expected.instance_class)


def _live(server: Server, expected: Expected, memory: int | None) -> Iterator[_Part]:
    for name in SETTINGS:
        value = server.settings.get(name)
        if value is None:
            yield _Part(name, "", right=False, known=False)
        elif name == "shared_buffers":
            yield _buffers(value * _PAGE, memory)
        elif name == "max_connections":
            yield _Part(name, f"{name} {value}", right=value == expected.max_connections)
        else:
            right = value == getattr(expected, name)
            yield _Part(name, f"{name} {_size(value * 1024)}", right=right)
    for name in server.waiting:
        yield _Part(name, f"{name} waits for a restart", right=False)


def _buffers(size: int, memory: int | None) -> _Part:
    found = f"shared_buffers {_size(size)}"
    if memory is None:
        return _Part("shared_buffers", found, right=size > _DEFAULT)
    share = size / memory
    found += f" ({share:.0%} of {memory // GIB} GiB)"
    return _Part("shared_buffers", found, right=_LEAST <= share <= _MOST)


def _attached(rds: RdsInstance, expected: Expected) -> Iterator[_Part]:
    group = rds.parameter_group
    if group is None or rds.parameter_status is None:
        yield _Part("the group", "", right=False, known=False)
    else:
        own = not group.startswith("default.")
        state = rds.parameter_status
        yield _Part("the group", f"group {group} {state}", right=own and state == "in-sync")
    if isinstance(rds.parameters, Unknown):
        yield _Part("the group", "", right=False, known=False)
        return
    for name in SETTINGS:
        value = rds.parameters.get(name, "")
        found = "" if _wanted(name, value, expected) else f"{name} of the group {value or 'unset'}"
        yield _Part(f"{name} of the group", found, right=not found)


def _wanted(name: str, value: str, expected: Expected) -> bool:
    if name == "shared_buffers":
        # What a number comes to, the server says.
        return value.replace(" ", "") == _QUARTER or value.isdigit()
    return value == str(getattr(expected, name))


def _size(size: int) -> str:
    return f"{size >> 20} MB" if size >= 1 << 20 else f"{size >> 10} kB"
