"""`python -m benchmarks`: measure, keep the figures, and make the page from them."""

from __future__ import annotations

import os
import platform
import signal
import sys

from benchmarks import lineup
from benchmarks.bench import Bench
from benchmarks.options import PEERS, Options, parse
from benchmarks.page import update
from benchmarks.results import Conditions, Report
from benchmarks.servers import servers
from benchmarks.suites import catalog, latency, provision, startup, tables, tenants
from benchmarks.tool import UnavailableError


def main(argv: list[str]) -> int:
    """Run what the command line asks for."""
    options = parse(argv)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with servers(options.major) as available:
        bench = Bench(options, available)
        groups, versions, notes = _line_up(options, bench)
        try:
            _measure(bench, groups)
        except KeyboardInterrupt:
            bench.say("interrupted; keeping what there is")
        report = Report(
            options.name,
            Conditions(
                cores=os.cpu_count() or 1,
                postgres=available.distribution.version,
                python=platform.python_version(),
                sessions=options.sessions,
                versions=versions,
                notes=notes,
            ),
            tuple(bench.figures.values()),
        )
    bench.say(f"wrote {report.write().name}")
    if options.page:
        update()
    return 0


def _line_up(
    options: Options, bench: Bench
) -> tuple[list[lineup.Group], dict[str, str], dict[str, str]]:
    groups, versions, notes = [], {}, {}
    for group in lineup.groups(options):
        try:
            for tool in group:
                versions[tool.name] = tool.install()
                notes[tool.name] = tool.note
        except UnavailableError as error:
            notes[group[0].name] = f"not available here: {error}"
            bench.say(f"{group[0].name}: {error}")
        else:
            groups.append(group)
    return groups, versions, notes


def _measure(bench: Bench, groups: list[lineup.Group]) -> None:
    suites = bench.options.suites
    if "startup" in suites:
        startup.measure(bench)
    if "catalog" in suites:
        catalog.measure(bench)
    if "tables" in suites:
        tables.measure(bench)
    if "tenants" in suites:
        tenants.measure(bench)
    if "provision" in suites:
        provision.measure(bench, [group for group in groups if not group[0].slow])
    if "latency" in suites:
        latency.measure(bench, [group for group in groups if group[0].name not in PEERS])
    if "provision" in suites:
        provision.measure(bench, [group for group in groups if group[0].slow])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
