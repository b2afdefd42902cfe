"""What the tests of bad catalogs share."""

from __future__ import annotations

from typing import NamedTuple


class Bad(NamedTuple):
    """A bad file and its only problem."""

    text: str
    line: int
    entry: str
    field: str
    message: str


def entry(*lines: str, key: str = "shop") -> str:
    """Entry `shop` with these fields: the first of them is on line 3."""
    return "\n".join(["application_databases = {", f"  {key} = {{", *lines, "  }", "}", ""])


D = '    database_name = "shop"'
U = '    username = "shop_user"'
