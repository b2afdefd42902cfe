"""Every fault at every statement boundary: what `docs/faults.md` counts."""

from __future__ import annotations

from collections import Counter

import pytest

from support.faults import injections, report, scenarios
from support.faults.lab import Lab


@pytest.mark.every_major
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", injections.ALL)
@pytest.mark.parametrize("scenario", scenarios.ALL)
def test_the_next_run_converges(lab: Lab, pg_major: int, scenario: str, fault: str) -> None:
    converged: Counter[str] = Counter()
    complaints: dict[str, list[str]] = {}
    for number, name in lab.places(pg_major, scenario, fault):
        if found := lab.hit(pg_major, scenario, number, fault):
            complaints[f"{number} {name}"] = found
        else:
            converged[name] += 1
    assert complaints == {}
    names = lab.rehearsal(pg_major, scenario).names
    differs = report.compare(pg_major, scenario, names, fault, converged)
    assert not differs, f"{differs}\nrun `make faults`"
