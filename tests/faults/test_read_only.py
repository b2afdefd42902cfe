"""A replica by mistake: a real standby, made from a cold copy of the server."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from support.faults import scenarios
from support.faults.bench import SETTINGS, bench
from support.fleet import Fleet
from support.oracle import changing


@pytest.mark.every_major
@pytest.mark.parametrize("scenario", ["first", "mend", "adopt", "bootstrap"])
def test_a_standby_is_named_and_left_alone(
    fleet: Fleet, pg_major: int, tmp_path: Path, scenario: str
) -> None:
    wanted = scenarios.ALL[scenario]
    settings = SETTINGS | {"wal_level": "replica", "log_statement": "all"}
    project = tmp_path / "project"
    project.mkdir()
    with (
        fleet.private(pg_major, settings=settings) as instance,
        bench(instance, project) as there,
        contextlib.ExitStack() as stack,
    ):
        stack.callback(there.instance.let_go)
        there.clean()
        wanted.setup(there)
        there.instance.let_go()
        instance.server.stop()
        (instance.server.data_directory / "standby.signal").touch()
        instance.server.start()
        assert instance.su("SELECT pg_is_in_recovery()") == [(True,)]
        mark = instance.log_mark()
        result = there.project.run(*wanted.argv)
        assert result.code == 1, result.output
        errors = [line for line in result.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1, result.err
        assert "read-only" in errors[0] or "recovery" in errors[0]
        assert "hint: the server is read-only: is this a replica? Use the writer's endpoint" in (
            result.err
        )
        assert len([s for s in changing(instance.log_since(mark)) if "SET" not in s]) <= 1
