"""What a connection URI says, as libpq reads it."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict

from pgtenant.verify.acceptance.found import Uri


def compare_uri(uri: str, fields: Mapping[str, str]) -> Uri:
    """Return of what a URI says something else than the fields beside it.

    Args:
        uri: a secret: nothing of it is in what is returned.
        fields: by libpq's name: `user`, `password`, `host`, `port`, `dbname`.
    """
    try:
        parsed = conninfo_to_dict(uri)
    except psycopg.Error:
        return Uri(("form",), "")
    differs = (name for name, value in fields.items() if str(parsed.get(name, "")) != value)
    return Uri(tuple(sorted(differs)), str(parsed.get("sslmode", "")))
