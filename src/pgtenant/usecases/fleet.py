"""Several environments, each with its own instance: which, in which order, how many at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import groupby
from typing import TypeVar

from pgtenant.codes import Code
from pgtenant.errors import UsageError
from pgtenant.settings.model import Settings
from pgtenant.usecases.inputs import Inputs
from pgtenant.usecases.settle import server_of

_Result = TypeVar("_Result")

Waves = tuple[tuple[str, ...], ...]

Turn = Callable[[Inputs], AbstractAsyncContextManager[object]]
"""Waits until the server of these inputs may be connected to."""


def at_once(_: Inputs) -> AbstractAsyncContextManager[object]:
    """Wait for nothing: there is one environment."""
    return nullcontext()


class Turns:
    """Environments on one server one after the other: its budget of connections is theirs."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    def __call__(self, inputs: Inputs) -> AbstractAsyncContextManager[object]:
        """Return what waits for the turn of the server of these inputs."""
        return self._locks.setdefault(server_of(inputs), asyncio.Lock())


def waves_of(settings: Settings, environments: Iterable[str]) -> Waves:
    """Return the environments in the order of their waves.

    Args:
        settings: the project's.
        environments: within a wave they stay in this order.

    Raises:
        SettingsError: one can't be an environment's name.
    """
    unique = dict.fromkeys(environments)
    ordered = sorted(unique, key=settings.wave)
    return tuple(tuple(wave) for _, wave in groupby(ordered, key=settings.wave))


async def sweep(
    waves: Waves,
    work: Callable[[str], Awaitable[_Result]],
    *,
    parallel: int,
    is_failure: Callable[[_Result], bool],
    fail_fast: bool,
) -> Mapping[str, _Result]:
    """Work on one environment after the other, or a few at a time, wave by wave.

    Args:
        waves: a wave begins when the one before it has ended.
        work: what to do for one; an exception ends everything.
        parallel: how many at a time, at least 1.
        is_failure: whether a result is one.
        fail_fast: begin no further environment after a failure. Those at work come to their end.

    Returns:
        The result of each environment that was begun.
    """
    results: dict[str, _Result] = {}

    async def worker(left: deque[str]) -> None:
        while left and not (fail_fast and any(map(is_failure, results.values()))):
            environment = left.popleft()
            results[environment] = await work(environment)

    for wave in waves:
        left = deque(wave)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(parallel, len(wave))):
                group.create_task(worker(left))
    return results


def check_apart(settings: Settings, environments: Sequence[str]) -> None:
    """Insist that each environment's audit is its own.

    Raises:
        UsageError: two would share a file.
    """
    owners: dict[str, str] = {}
    for environment in environments:
        path = str(settings.audit_path(environment))
        if (other := owners.setdefault(path, environment)) != environment:
            raise UsageError(
                f"the audit of {environment} would go into that of {other}: {path}",
                hint="write {env} into [project] audit, or into --audit",
                code=Code.SETTINGS,
            )
