"""How often a run tries again, counted on the wire."""

from __future__ import annotations

import pytest

from support.faults import injections, scenarios
from support.faults.lab import FIRST, Lab

_ATTEMPTS = 12


@pytest.mark.parametrize("fault", ["deadlock", "concurrent_update"])
@pytest.mark.parametrize("statement", ["ALTER DATABASE x OWNER", "queries/roles.sql"])
def test_a_conflict_that_stays_ends_the_run(
    lab: Lab, pg_major: int, fault: str, statement: str
) -> None:
    rehearsal, bench = lab.rehearsal(pg_major, FIRST), lab.bench(pg_major)
    number = next(n for n, name in enumerate(rehearsal.names, 1) if name.startswith(statement))
    bench.clean()
    scenarios.ALL[FIRST].setup(bench)
    injection = injections.ALL[fault]
    bench.proxy.arm(number, lambda session: injection.strike(bench, session), always=True)
    result = bench.runs.run(bench.project, *scenarios.ALL[FIRST].argv)
    struck = bench.proxy.hit
    sent = [boundary.sql for boundary in bench.proxy.seen]
    bench.proxy.arm()
    assert result.code == 1
    assert struck is not None
    assert sent.count(struck.sql) == _ATTEMPTS
    assert "again and again" in result.err


@pytest.mark.parametrize(
    "fault", ["lock_timeout", "statement_timeout", "disk_full", "read_only", "cut_after"]
)
def test_nothing_else_is_tried_again(lab: Lab, pg_major: int, fault: str) -> None:
    rehearsal, bench = lab.rehearsal(pg_major, FIRST), lab.bench(pg_major)
    number = rehearsal.names.index("ALTER DATABASE x OWNER TO x") + 1
    bench.clean()
    scenarios.ALL[FIRST].setup(bench)
    injection = injections.ALL[fault]
    bench.proxy.arm(number, lambda session: injection.strike(bench, session), always=True)
    assert bench.runs.run(bench.project, *scenarios.ALL[FIRST].argv).code == 1
    struck = bench.proxy.hit
    sent = [boundary.sql for boundary in bench.proxy.seen]
    bench.proxy.arm()
    assert struck is not None
    assert sent.count(struck.sql) == 1
