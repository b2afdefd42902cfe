"""How many random examples a property is tried with, and which.

A run's verdict does not depend on luck: the examples are always the same, and none is shrunk, which
may take longer than a test has. `PGTENANT_TEST_EXAMPLES=200` explores instead: that many new
ones, and what fails is made smaller (`--timeout 3600` leaves time for it, `--hypothesis-seed`
repeats a run).
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

_SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)


def examples(usually: int) -> settings:
    """Return how to try a property, with so many examples unless the environment says more."""
    more = os.environ.get("PGTENANT_TEST_EXAMPLES")
    if more is not None:
        return settings(
            max_examples=int(more),
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=_SLOW,
        )
    return settings(
        max_examples=usually,
        derandomize=True,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        report_multiple_bugs=False,
        suppress_health_check=_SLOW,
    )
