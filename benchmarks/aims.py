"""The project's aims for speed, each as a figure that a report gives or does not. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.options import FAST
from benchmarks.results import Report
from benchmarks.workload import Scenario

APPLY = "pgtenant apply"
TRUSTING = "pgtenant apply --trust-markers"
BARE = "bare program"
_MANY_TABLES = 100_000
_MANY_TENANTS = 2_000
_SMALL = 100
_FIRST, _SAME = Scenario.FIRST.value, Scenario.NO_CHANGE.value


@dataclass(frozen=True, slots=True)
class Aim:
    """One aim.

    Attributes:
        text: what is compared.
        limit: the figure aimed at.
        at_least: whether more is better.
        unit: behind the figure: ` x`, ` s`, ` MiB`.
        measured: the figure that a report gives for a size; None when it has none.
    """

    text: str
    limit: float
    at_least: bool
    unit: str
    measured: Callable[[Report, int], float | None]

    def reached(self, value: float) -> bool:
        """Whether a figure is what was aimed at."""
        return value >= self.limit if self.at_least else value <= self.limit


def aims() -> tuple[Aim, ...]:
    """All of them."""
    return (
        Aim("first apply ÷ psql at as many sessions", 1.15, False, " x", _first),
        Aim("no change ÷ bare program", 1.5, False, " x", _same),
        Aim("no change, an application ÷ one of 100", 1.15, False, " x", _growth),
        Aim("one added, more than no change", 0.5, False, " s", _added),
        Aim("peak memory, no change", 150, False, " MiB", _memory),
        Aim("fastest peer ÷ no change", 3, True, " x", _fastest(APPLY)),
        Aim("Ansible ÷ no change", 150, True, " x", _ansible),
        Aim("fastest peer ÷ no change with --trust-markers", 5, True, " x", _fastest(TRUSTING)),
        Aim("no change at 5 ms each way ÷ loopback", 3, False, " x", _delayed),
        Aim("no change, 100,000 tables ÷ psql", 2, False, " x", _tables),
        Aim("CPU of --help", 0.25, False, " s", _help),
        Aim("one more tenant ÷ the first", 1.5, False, " x", _one_more),
        Aim("no change, 2,000 tenants ÷ psql", 5, False, " x", _kept_apart),
        Aim("lookup under a policy ÷ by hand", 1.1, False, " x", _under_policy),
    )


def seconds(
    report: Report,
    tool: str,
    scenario: str,
    size: int,
    *,
    suite: str = "provision",
    delay: float | None = None,
) -> float | None:
    """The median of one cell; None where the tool failed."""
    figure = report.find(suite, tool, scenario, size, delay)
    return None if figure is None or figure.failed is not None else figure.median


def floor_name(report: Report) -> str:
    """The floor at as many sessions as everybody else had."""
    return f"psql, {report.conditions.sessions} sessions"


def ratio(above: float | None, below: float | None) -> float | None:
    """Divide what there is."""
    return above / below if above is not None and below else None


def _first(report: Report, size: int) -> float | None:
    ours = seconds(report, APPLY, _FIRST, size)
    return ratio(ours, seconds(report, floor_name(report), _FIRST, size))


def _same(report: Report, size: int) -> float | None:
    return ratio(seconds(report, APPLY, _SAME, size), seconds(report, BARE, _SAME, size))


def _growth(report: Report, size: int) -> float | None:
    if size <= _SMALL:
        return None
    small = seconds(report, APPLY, _SAME, _SMALL)
    each = ratio(seconds(report, APPLY, _SAME, size), size)
    return ratio(each, ratio(small, _SMALL))


def _added(report: Report, size: int) -> float | None:
    added = seconds(report, APPLY, Scenario.ADDED.value, size)
    same = seconds(report, APPLY, _SAME, size)
    return added - same if added is not None and same is not None else None


def _memory(report: Report, size: int) -> float | None:
    figure = report.find("provision", APPLY, _SAME, size)
    return figure.peak_bytes / 2**20 if figure is not None and figure.peak_bytes else None


def _fastest(ours: str) -> Callable[[Report, int], float | None]:
    def measured(report: Report, size: int) -> float | None:
        peers = [seconds(report, peer, _SAME, size) for peer in FAST]
        times = [peer for peer in peers if peer is not None]
        if len(times) < len(FAST):
            return None  # the fastest of those that are left is nobody's aim
        return ratio(min(times), seconds(report, ours, _SAME, size))

    return measured


def _ansible(report: Report, size: int) -> float | None:
    return ratio(seconds(report, "ansible", _SAME, size), seconds(report, APPLY, _SAME, size))


def _delayed(report: Report, size: int) -> float | None:
    slow = seconds(report, APPLY, _SAME, size, suite="latency", delay=5.0)
    return ratio(slow, seconds(report, APPLY, _SAME, size, suite="latency"))


def _tables(report: Report, size: int) -> float | None:
    if size < _MANY_TABLES:
        return None
    floor = seconds(report, "psql", _SAME, size, suite="tables")
    return ratio(seconds(report, APPLY, _SAME, size, suite="tables"), floor)


def _help(report: Report, size: int) -> float | None:
    figure = report.find("startup", "pgtenant", "--help", size)
    return figure.cpu if figure is not None else None


def _one_more(report: Report, size: int) -> float | None:
    if size == 1:
        return None
    more = seconds(report, "pgtenant tenant add", "one more", size, suite="tenants")
    first = seconds(report, "pgtenant tenant add", "one more", 1, suite="tenants")
    return ratio(more, first)


def _kept_apart(report: Report, size: int) -> float | None:
    if size < _MANY_TENANTS:
        return None
    floor = seconds(report, "psql", _SAME, size, suite="tenants")
    return ratio(seconds(report, "pgtenant plan", _SAME, size, suite="tenants"), floor)


def _under_policy(report: Report, size: int) -> float | None:
    asked = "2,000 indexed lookups, 1,000,000 rows"
    by_hand = seconds(report, "condition by hand", asked, size, suite="tenants")
    return ratio(seconds(report, "policy", asked, size, suite="tenants"), by_hand)
