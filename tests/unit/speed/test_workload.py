"""W(N) and how it is divided."""

from __future__ import annotations

import re

import pytest

from benchmarks.floor import script
from benchmarks.ours import catalog_text
from benchmarks.workload import Scenario, apps, drifting, shares
from benchmarks.world import Job
from pgtenant.catalog.load import parse


@pytest.mark.parametrize("sessions", [1, 3, 8])
def test_every_application_has_one_session(sessions: int) -> None:
    parts = shares(apps(7), sessions)
    assert sorted(app.number for part in parts for app in part) == list(range(1, 8))
    assert len(parts) == min(7, sessions)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_one_database_in_ten_drifts() -> None:
    assert [app.number for app in drifting(apps(25))] == [10, 20]


def test_the_catalog_is_valid() -> None:
    catalog = parse(catalog_text(apps(3)).encode(), display="terraform.tfvars")
    assert len(catalog.entries) == 9
    cut = parse(catalog_text(apps(3), 5).encode(), display="terraform.tfvars")
    assert len(cut.entries) == 5


@pytest.mark.parametrize("major", [15, 16])
def test_a_script_lends_what_it_takes_back(major: int) -> None:
    for scenario in Scenario:
        job = Job(scenario, apps(10))
        text = script(job.apps, job, major, set(drifting(job.apps)))
        lent = re.findall(r"^GRANT (\w+_owner) TO platform_admin", text, re.MULTILINE)
        back = re.findall(r"^REVOKE (\w+_owner) FROM platform_admin;", text, re.MULTILINE)
        assert sorted(lent) == sorted(back)
        expected = {Scenario.FIRST: 10, Scenario.NO_CHANGE: 0, Scenario.ADDED: 1}
        assert len(lent) == expected.get(scenario, 1)
        assert text.count("\\connect ") == 10
