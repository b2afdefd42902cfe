"""Reports as tables in Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.aims import APPLY, aims, ratio
from benchmarks.results import Figure, Report
from benchmarks.workload import Scenario

_NOTHING = "-"


def sections(report: Report) -> str:
    """Everything that one report says."""
    parts = [_head(report), _aims(report)]
    for size in _sizes(report, "provision"):
        title = f"{size:,} applications, {3 * size:,} logins, {_rounds(report, size)}"
        parts += _titled(title, _times(report, size))
        parts += _titled(f"{size:,} applications, over the wire", _traffic(report, size))
    for size in _sizes(report, "latency"):
        parts += _titled(f"{size:,} applications, far away", _latency(report, size))
    for suite, title, unit in (
        ("tables", "One database of many tables", "tables"),
        ("tenants", "Tenants of ten tables in one database", "tenants, or rows"),
        ("catalog", "Reading a catalog", "entries"),
        ("startup", "Start-up", ""),
    ):
        parts += _titled(title, _plain(report, suite, unit))
    return "\n\n".join(part for part in parts if part) + "\n"


def _titled(title: str, table: str) -> Sequence[str]:
    return (f"### {title}", table) if table else ()


def duration(seconds: float) -> str:
    """Seconds with as many digits as mean something."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds:,.0f} s"


def _head(report: Report) -> str:
    given = report.conditions
    return (
        f"## Results: {report.name}\n\n"
        f"{given.cores} cores, PostgreSQL {given.postgres}, Python {given.python},"
        f" {given.sessions} connections at once."
    )


def _aims(report: Report) -> str:
    sizes = sorted({figure.size for figure in report.figures})
    rows = []
    for aim in aims():
        cells = []
        for size in sizes:
            value = aim.measured(report, size)
            if value is not None:
                at = f" ({size:,})" if size > 1 else ""
                mark = "" if aim.reached(value) else " **missed**"
                cells.append(f"{_number(value)}{aim.unit}{at}{mark}")
        word = "at least" if aim.at_least else "at most"
        if cells:
            rows.append([aim.text, f"{word} {aim.limit:g}{aim.unit}", ", ".join(cells)])
    return _table(["", "aim", "reached, by size"], rows)


def _times(report: Report, size: int) -> str:
    rows = []
    for tool in _tools(report, "provision"):
        cells = []
        for scenario in Scenario:
            figure = report.find("provision", tool, scenario.value, size)
            ours = report.find("provision", APPLY, scenario.value, size)
            cells.append(_time(figure) + _compared(figure, ours))
        if set(cells) != {_NOTHING}:
            rows.append([_named(report, tool), *cells])
    return _table(["", *(scenario.value for scenario in Scenario)], rows)


def _traffic(report: Report, size: int) -> str:
    head = ["", "", "connections", "statements", "changing", "round trips", "KiB", "peak MiB"]
    rows = []
    for scenario in (Scenario.FIRST, Scenario.NO_CHANGE):
        for tool in _tools(report, "provision"):
            figure = report.find("provision", tool, scenario.value, size)
            if figure is None or figure.traffic is None:
                continue
            traffic = figure.traffic
            rows.append(
                [
                    scenario.value,
                    tool,
                    f"{traffic.connections:,}",
                    f"{traffic.statements:,}",
                    f"{traffic.changing:,}",
                    f"{traffic.turns:,}",
                    f"{(traffic.bytes_sent + traffic.bytes_received) / 1024:,.0f}",
                    f"{(figure.peak_bytes or 0) / 2**20:,.0f}",
                ]
            )
    return _table(head, rows)


def _latency(report: Report, size: int) -> str:
    figures = [f for f in report.figures if f.suite == "latency" and f.size == size]
    delays = sorted({figure.delay for figure in figures if figure.delay is not None})
    rows = []
    for scenario in Scenario:
        for tool in _tools(report, "latency"):
            near = report.find("latency", tool, scenario.value, size)
            cells = [_time(near)]
            for delay in delays:
                far = report.find("latency", tool, scenario.value, size, delay)
                cells.append(_time(far) + _compared(far, near))
            if set(cells) != {_NOTHING}:
                rows.append([scenario.value, tool, *cells])
    return _table(["", "", "loopback", *(f"{delay:g} ms each way" for delay in delays)], rows)


def _plain(report: Report, suite: str, unit: str) -> str:
    rows = [
        [
            *([f"{figure.size:,}"] if unit else []),
            *(figure.scenario, figure.tool, _time(figure), _cpu(figure), _peak(figure)),
        ]
        for figure in sorted(report.figures, key=lambda figure: figure.size)
        if figure.suite == suite
    ]
    return _table([*([unit] if unit else []), "", "", "time", "CPU", "peak MiB"], rows)


def _named(report: Report, tool: str) -> str:
    version = report.conditions.versions.get(tool, "")
    note = report.conditions.notes.get(tool, "")
    return " ".join(filter(None, [tool, version if tool[:8] != "pgtenant" else ""])) + (
        f" ({note})" if note else ""
    )


def _time(figure: Figure | None) -> str:
    if figure is None:
        return _NOTHING
    if figure.median is None or figure.failed is not None:
        return figure.failed.replace("|", "\\|") if figure.failed else _NOTHING
    return duration(figure.median)


def _compared(figure: Figure | None, other: Figure | None) -> str:
    """How many times the other's time, behind a time."""
    if figure is None or other is None or figure is other or figure.failed or other.failed:
        return ""
    value = ratio(figure.median, other.median)
    return f" ({_number(value)} x)" if value is not None else ""


def _rounds(report: Report, size: int) -> str:
    rounds = {
        len(figure.seconds)
        for figure in report.figures
        if figure.suite == "provision" and figure.size == size and figure.seconds
    }
    least, most = min(rounds, default=0), max(rounds, default=0)
    return f"{least} to {most} rounds" if least < most else f"rounds: {most}"


def _cpu(figure: Figure) -> str:
    return duration(figure.cpu) if figure.cpu is not None else _NOTHING


def _peak(figure: Figure) -> str:
    return f"{figure.peak_bytes / 2**20:,.0f}" if figure.peak_bytes else _NOTHING


def _sizes(report: Report, suite: str) -> Sequence[int]:
    return sorted({figure.size for figure in report.figures if figure.suite == suite})


def _tools(report: Report, suite: str) -> Sequence[str]:
    return tuple(dict.fromkeys(f.tool for f in report.figures if f.suite == suite))


def _number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    rows = list(rows)
    if not rows:
        return ""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])
