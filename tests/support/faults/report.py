"""What the trials found, as a table for people: `docs/faults.md`, made from `converged.json`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from support.faults import injections, scenarios
from support.npm import locked

_ROOT: Final = Path(__file__).parents[3]
PAGE: Final = _ROOT / "docs" / "faults.md"
FOUND: Final = _ROOT / "tests" / "faults" / "converged.json"
"""For each major and scenario: its boundaries in order, and how many trials of each fault
converged at each of them."""

_HEAD: Final = """\
# Faults

<!-- Made by `make faults`; `make test` fails when it is no longer true. -->

Between pgtenant and a real server stands a proxy that understands PostgreSQL's protocol. It numbers
every login and every statement of a run, and at one of them something happens. Each cell counts the
runs that were hit there, by that fault, and converged. A run counts only if all of this held:

- The exit code was true: 0 where the fault had to be survived, else 1.
- Standard error had one error, which said what happened and what to do; and where the connection
  was lost while the server committed, that nobody knows whether it took effect. No traceback.
- No audit record claimed as done, or as unchanged, what the next run had to do. Every application
  had its record, and the journal its end (not after `kill -9`).
- Nothing was sent after an error that is not transient, and something was after one that is.
- Afterwards the admin held no membership that it did not hold before.
- The next run ended like one without a fault, and left catalogs equal to those of a run without a
  fault: roles, databases, memberships, comments, owners, ACLs, default privileges.
- `pgtenant audit verify` found the journal whole.

| fault | what happens |
| --- | --- |
| cut before, after | the connection is cut, with the statement unsent, or the answer lost |
| kill -9 before, after | pgtenant is killed, at the same two moments |
| session ended | `pg_terminate_backend` |
| server restart | immediate (a crash) at every other boundary, fast at the others |
| statement timeout … disk full | the server raises it instead of what it was asked for |
| concurrent update, deadlock | likewise; transient, so the transaction is run again |
| no slots | all connections of the server are taken |

The first scenario is hit by every fault on both majors, once at each boundary of a name. The
others are hit only where no scenario above had a boundary of that name: on the older major by cut
before, kill -9 before, session ended, lock timeout, deadlock, disk full and no slots, on the newer
one by the rest. `PGTENANT_TEST_FAULTS=all make test-full` hits every boundary of every scenario by
everything.

A server that is read-only (a standby), a full disk under the audit files, and a lock that somebody
really holds have tests of their own, `tests/faults`. An empty cell: PostgreSQL can't answer that
statement in this way, or nothing was tried there. Names, literals and lists of privileges are left
out of the statements; `BEGIN` and `COMMIT` are told apart by what stands between them.
"""


def load() -> dict[str, Any]:
    """Read what was found when the table was made."""
    found: dict[str, Any] = json.loads(FOUND.read_text("utf-8")) if FOUND.exists() else {}
    return found


def compare(
    major: int, scenario: str, names: Iterable[str], fault: str, converged: Mapping[str, int]
) -> str:
    """Compare one test's finding with the table, or with PGTENANT_UPDATE_GOLDEN put it there.

    Returns:
        What differs; empty when nothing does, or when the table has nothing of this major.
    """
    mine = {"boundaries": list(dict.fromkeys(names)), fault: dict(converged)}
    if os.environ.get("PGTENANT_UPDATE_GOLDEN"):
        _put(str(major), scenario, mine)
        return ""
    known = load().get(str(major))
    if known is None:
        return ""
    theirs = known.get(scenario, {})
    return "\n".join(
        f"{what} of {scenario} on {major}: {theirs.get(what)} in the table, now {value}"
        for what, value in mine.items()
        if value != theirs.get(what)
    )


def page() -> str:
    """Render the table."""
    found = load()
    return "\n".join([_HEAD, *_summary(found), *_tables(found)]) + "\n"


def _put(major: str, scenario: str, mine: Mapping[str, Any]) -> None:
    lock = _ROOT / ".cache" / "faults.lock"
    lock.parent.mkdir(exist_ok=True)
    with locked(lock):
        found = load()
        found.setdefault(major, {}).setdefault(scenario, {}).update(mine)
        new = lock.with_suffix(".json")
        new.write_text(json.dumps(_sorted(found), indent=1, ensure_ascii=False) + "\n", "utf-8")
        new.replace(FOUND)  # others may be reading it


def _sorted(found: Mapping[str, Any]) -> dict[str, Any]:
    order = ["boundaries", *injections.ALL]
    return {
        major: {
            scenario: {
                what: found[major][scenario][what]
                for what in order
                if what in found[major][scenario]
            }
            for scenario in scenarios.ALL
            if scenario in found[major]
        }
        for major in sorted(found, key=int)
    }


def _summary(found: Mapping[str, Any]) -> Iterator[str]:
    majors = list(found)
    yield "## How many"
    yield ""
    yield f"| run | {' | '.join(f'PostgreSQL {major}' for major in majors)} | together |"
    yield f"| --- |{' ---: |' * (len(majors) + 1)}"
    totals = dict.fromkeys(majors, 0)
    for key, scenario in scenarios.ALL.items():
        counts = [_count(found[major].get(key, {})) for major in majors]
        totals = {m: totals[m] + count for m, count in zip(majors, counts, strict=True)}
        yield f"| {scenario.title} | {' | '.join(map(str, [*counts, sum(counts)]))} |"
    sums = [*totals.values(), sum(totals.values())]
    yield f"| **together** | {' | '.join(f'**{total}**' for total in sums)} |"
    yield ""


def _count(results: Mapping[str, Any]) -> int:
    return sum(sum(results[fault].values()) for fault in injections.ALL if fault in results)


def _tables(found: Mapping[str, Any]) -> Iterator[str]:
    titles = [injection.title for injection in injections.ALL.values()]
    for key, scenario in scenarios.ALL.items():
        per_major = [results[key] for results in found.values() if key in results]
        yield f"## {scenario.title[0].upper()}{scenario.title[1:]}"
        yield ""
        yield f"| statement boundary | {' | '.join(titles)} |"
        yield f"| --- |{' ---: |' * len(titles)}"
        for name in _merged([results["boundaries"] for results in per_major]):
            cells = [
                sum(results.get(fault, {}).get(name, 0) for results in per_major)
                for fault in injections.ALL
            ]
            if any(cells):
                yield f"| {_code(name)} | {' | '.join(str(cell or '') for cell in cells)} |"
        yield ""


def _merged(lists: list[list[str]]) -> list[str]:
    """Merge the boundaries of several majors, each in its order."""
    merged: list[str] = []
    for names in lists:
        place = 0
        for name in names:
            if name in merged:
                place = merged.index(name) + 1
            else:
                merged.insert(place, name)
                place += 1
    return merged


def _code(name: str) -> str:
    plain = name.startswith(("login", "the initial"))
    return name if plain else f"`{name.replace('|', '/')}`"
