"""The catalog queries, one `.sql` file each."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> str:
    """Return the text of `<name>.sql`: a file of this package, never anybody's input."""
    return files(__name__).joinpath(f"{name}.sql").read_text("utf-8")
