"""The figures of one run, and the file they are kept in."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.wire import Traffic

DIRECTORY = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: one tool at one task.

    Attributes:
        suite: which part of the benchmark.
        tool: who.
        scenario: what there was to do.
        size: how many applications, tables or entries.
        delay: milliseconds each way that a proxy added; None without a proxy.
        seconds: of each round, in order.
        cpu_seconds: of the client's processes, per round.
        peak_bytes: of the client's processes together.
        traffic: what went over the wire.
        failed: why there are no figures, or None.
    """

    suite: str
    tool: str
    scenario: str
    size: int
    delay: float | None = None
    seconds: tuple[float, ...] = ()
    cpu_seconds: tuple[float, ...] = ()
    peak_bytes: int | None = None
    traffic: Traffic | None = None
    failed: str | None = None

    @property
    def median(self) -> float | None:
        """The median of its rounds in seconds; None when there are none."""
        return median(self.seconds) if self.seconds else None

    @property
    def cpu(self) -> float | None:
        """The median of the CPU time in seconds; None when there is none."""
        return median(self.cpu_seconds) if self.cpu_seconds else None


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the figures depend on, and nothing that tells one machine from another.

    Attributes:
        versions: of each tool that has one.
        notes: what each tool leaves out.
    """

    cores: int
    postgres: str
    python: str
    sessions: int
    versions: dict[str, str]
    notes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the benchmark."""

    name: str
    conditions: Conditions
    figures: tuple[Figure, ...]

    def find(
        self, suite: str, tool: str, scenario: str, size: int, delay: float | None = None
    ) -> Figure | None:
        """The figure of one cell."""
        for figure in self.figures:
            cell = (figure.suite, figure.tool, figure.scenario, figure.size, figure.delay)
            if cell == (suite, tool, scenario, size, delay):
                return figure
        return None

    def write(self, directory: Path = DIRECTORY) -> Path:
        """Keep it as `<name>.json`."""
        directory.mkdir(exist_ok=True)
        path = directory / f"{self.name}.json"
        path.write_text(json.dumps(_plain(self), indent=1) + "\n", "utf-8")
        return path


def read(path: Path) -> Report:
    """Read what `Report.write` wrote."""
    given = json.loads(path.read_text("utf-8"))
    figures = [
        Figure(
            **figure
            | {
                "seconds": tuple(figure.get("seconds", ())),
                "cpu_seconds": tuple(figure.get("cpu_seconds", ())),
                "traffic": Traffic(**figure["traffic"]) if "traffic" in figure else None,
            }
        )
        for figure in given["figures"]
    ]
    return Report(given["name"], Conditions(**given["conditions"]), tuple(figures))


def _plain(report: Report) -> dict[str, Any]:
    figures = [
        {
            name: [round(second, 4) for second in value] if isinstance(value, tuple) else value
            for name, value in dataclasses.asdict(figure).items()
            if value is not None and value != ()
        }
        for figure in report.figures
    ]
    conditions = dataclasses.asdict(report.conditions)
    return {"name": report.name, "conditions": conditions, "figures": figures}
