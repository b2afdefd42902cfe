"""Figures become ratios and tables, and the page in docs/ is made of the kept results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.aims import aims
from benchmarks.page import PAGE, updated
from benchmarks.render import duration, sections
from benchmarks.results import Conditions, Figure, Report, read
from benchmarks.running import published
from benchmarks.wire import Traffic

CONDITIONS = Conditions(2, "17.1", "3.11.7", 8, {"ansible": "core 2.19"}, {"ansible": "slow"})
FIGURES = (
    Figure("provision", "psql, 8 sessions", "first apply", 100, seconds=(9.0, 10.0, 30.0)),
    Figure("provision", "pgtenant apply", "first apply", 100, seconds=(11.0,)),
    Figure("provision", "bare program", "no change", 100, seconds=(2.0,)),
    Figure(
        "provision",
        "pgtenant apply",
        "no change",
        100,
        seconds=(4.0,),
        peak_bytes=50 << 20,
        traffic=Traffic(401, 104, 0, 2000, 1024, 2048),
    ),
    Figure("provision", "pgtenant apply", "one added", 100, seconds=(4.25,)),
    Figure("provision", "ansible", "no change", 100, seconds=(400.0,)),
    Figure("provision", "ldap2pg", "no change", 100, seconds=(8.0,)),
    Figure("provision", "pg-sync-roles", "no change", 100, seconds=(12.0,)),
    Figure("provision", "pgbedrock", "no change", 100, failed="it has no | databases"),
    Figure("latency", "pgtenant apply", "no change", 100, seconds=(4.0,)),
    Figure("latency", "pgtenant apply", "no change", 100, 5.0, seconds=(6.0,)),
    Figure("startup", "pgtenant", "--help", 1, seconds=(0.2,), cpu_seconds=(0.1, 0.3, 0.2)),
)
REPORT = Report("some", CONDITIONS, FIGURES)


def test_aims() -> None:
    reached = {
        aim.text: (value, aim.reached(value))
        for aim in aims()
        for size in (1, 100)
        if (value := aim.measured(REPORT, size)) is not None
    }
    assert reached == {
        "first apply ÷ psql at as many sessions": (pytest.approx(1.1), True),
        "no change ÷ bare program": (2.0, False),
        "one added, more than no change": (0.25, True),
        "peak memory, no change": (50.0, True),
        "fastest peer ÷ no change": (2.0, False),
        "Ansible ÷ no change": (100.0, False),
        "no change at 5 ms each way ÷ loopback": (1.5, True),
        "CPU of --help": (0.2, True),
    }


def test_a_cell_that_failed_is_no_figure() -> None:
    broken = tuple(
        replace(figure, failed="it stopped") if figure.tool == "bare program" else figure
        for figure in FIGURES
    )
    report = replace(REPORT, figures=broken)
    assert {aim.text: aim.measured(report, 100) for aim in aims()}[
        "no change ÷ bare program"
    ] is None
    assert "it stopped" in sections(report)


def test_growth_is_that_of_one_application() -> None:
    thousand = Figure("provision", "pgtenant apply", "no change", 1000, seconds=(44.0,))
    report = replace(REPORT, figures=(*FIGURES, thousand))
    assert [
        aim.measured(report, 1000) for aim in aims() if aim.text.startswith("no change, an app")
    ] == [pytest.approx(1.1)]


@pytest.mark.parametrize("missing", ["ldap2pg", "pg-sync-roles"])
def test_the_fastest_of_some_peers_is_no_figure(missing: str) -> None:
    figures = tuple(figure for figure in FIGURES if figure.tool != missing)
    measured = {aim.text: aim.measured(replace(REPORT, figures=figures), 100) for aim in aims()}
    assert measured["fastest peer ÷ no change"] is None


def test_tables() -> None:
    text = sections(REPORT)
    assert "| no change ÷ bare program | at most 1.5 x | 2.00 x (100) **missed** |" in text
    assert "### 100 applications, 300 logins, 1 to 3 rounds" in text
    assert "| psql, 8 sessions | 10.0 s (0.91 x) | - | - | - |" in text
    assert "| ansible core 2.19 (slow) | - | 400 s (100 x) | - | - |" in text
    assert "| pgbedrock | - | it has no \\| databases | - | - |" in text
    assert "| no change | pgtenant apply | 401 | 104 | 0 | 2,000 | 3 | 50 |" in text
    assert "| no change | pgtenant apply | 4.00 s | 6.00 s (1.50 x) |" in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.1234, "0.12 s"), (12.34, "12.3 s"), (1234.5, "1,234 s")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_messages_do_not_name_the_machine() -> None:
    said = 'connection to server at "127.0.0.1", port 5432 failed: /home/somebody/x.py, line 3'
    assert published(said) == 'connection to server at "…", … failed: …, line 3'


def test_kept_and_read_again(tmp_path: Path) -> None:
    assert read(REPORT.write(tmp_path)) == REPORT


def test_the_page_shows_the_kept_results() -> None:
    text = PAGE.read_text("utf-8")
    assert updated(text) == text, "run `make bench`, or benchmarks.page.update()"
