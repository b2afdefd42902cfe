"""pgtenant in processes of their own: several at once, held up at a statement, killed there."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import psycopg

from support.project import Result

if TYPE_CHECKING:
    from support.instance import Instance
    from support.project import Project

APPLY = ("apply", "-e", "dev", "--format", "json")
PATIENCE = 60.0
"""Seconds; only a test that fails waits so long."""


def start(project: Project, *arguments: str) -> subprocess.Popen[str]:
    """Start pgtenant; `finish` waits for it."""
    return subprocess.Popen(
        project.command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | project.variables(),
    )


def finish(*runs: subprocess.Popen[str]) -> list[Result]:
    """Wait for processes, and return what each has left."""
    outputs = [run.communicate(timeout=2 * PATIENCE) for run in runs]
    return [Result(run.returncode, *output) for run, output in zip(runs, outputs, strict=True)]


def kill(run: subprocess.Popen[str]) -> None:
    """End a process as the kernel does when memory is short."""
    run.send_signal(signal.SIGKILL)
    run.communicate(timeout=PATIENCE)


@contextlib.contextmanager
def holding(instance: Instance, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    """Keep a superuser's transaction with these statements open until it commits or the end."""
    with psycopg.connect(instance.superuser_conninfo("platform")) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        yield connection


def until_waiting(instance: Instance, query: str, number: int = 1) -> list[int]:
    """Wait until so many sessions of pgtenant wait for a lock in a statement like `query`.

    Returns:
        Their process ids.
    """
    return until(
        instance,
        "SELECT a.pid FROM pg_stat_activity a WHERE a.application_name = 'pgtenant'"
        " AND a.wait_event_type = 'Lock' AND a.query ILIKE %s",
        [query],
        number,
    )


def until(instance: Instance, query: str, parameters: Sequence[Any], number: int = 1) -> list[int]:
    """Repeat a query as the superuser until it has so many rows; return their first column."""
    deadline = time.monotonic() + PATIENCE
    with psycopg.connect(instance.superuser_conninfo(), autocommit=True) as connection:
        while time.monotonic() < deadline:
            rows = connection.execute(query.encode(), parameters).fetchall()
            if len(rows) == number:
                return [row[0] for row in rows]
            time.sleep(0.02)
    raise AssertionError(f"never {number} rows, last {rows}: {query}")
