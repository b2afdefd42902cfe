"""How long a request takes, by the number of entries that its catalog has.

python -m benchmarks.many_requests [ENTRIES ...]

Prints the CPU time of one `request add`, in all of its files; the median of five.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from pgtenant.catalog.model import Entry
from pgtenant.requests.records import HEADER, Place, record_of, with_record
from pgtenant.settings import load
from pgtenant.usecases.request.add import add

FIELDS = {"owner": "app-team", "requester": "d", "domain": "a", "risk": "low"}


def prepare(root: Path, entries: int) -> None:
    """Write a project whose dev has so many entries, all of them recorded."""
    settings = load(root, environ={})
    catalog, records = settings.catalog_path("dev"), root / settings.requests.catalog
    blocks, written = [], []
    for number in range(entries):
        key = f"app_{number:05}"
        entry = Entry(
            key, key, f"{key}_user", owner="app-team", requester="d", domain="a", risk="low"
        )
        fields = {"database_name": key, "username": entry.username} | FIELDS
        lines = "".join(f'    {name.ljust(13)} = "{value}"\n' for name, value in fields.items())
        blocks.append(f"  {key} = {{\n{lines}  }}\n")
        place = Place("dev", f"x/{key}/postgres", "db.t3.medium", "2026-01-01")
        text = with_record("# \n", "dev", key, record_of(entry, place, "active"))
        written.append(text.split("\n", 3)[3])
    for path, text in (
        (catalog, f"application_databases = {{\n{''.join(blocks)}}}\n"),
        (records, f"{HEADER}databases:\n  dev:\n{''.join(written)}"),
    ):
        path.parent.mkdir(parents=True)
        path.write_text(text)


def seconds(root: Path, number: int) -> float:
    """Return the CPU time of a request."""
    name = f"new_{number}"
    given = {"environment": "dev", "database_name": name, "username": f"{name}_user"}
    start = time.process_time()
    add(load(root, environ={}), given | FIELDS, moment="2026-01-01")
    return time.process_time() - start


def main() -> None:
    """Print a line for each size."""
    for entries in [int(one) for one in sys.argv[1:]] or [10, 100, 300, 1000]:
        with tempfile.TemporaryDirectory() as directory:
            prepare(Path(directory), entries)
            spent = statistics.median(seconds(Path(directory), number) for number in range(5))
        sys.stdout.write(f"{entries:6} entries: {spent * 1000:8.1f} ms a request\n")


if __name__ == "__main__":
    main()
