"""The least that a program has to do: open these connections, and send one query on each.

    python bare.py FILE

Nothing of pgtenant is imported. Threads, because libpq computes SCRAM's hashes without Python's
lock; the same with asyncio takes longer.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg


def main(path: str) -> None:
    """Do what the file says."""
    plan = json.loads(Path(path).read_text("utf-8"))

    def visit(login: list[str]) -> None:
        user, password, dbname = login
        with psycopg.connect(
            host=plan["host"],
            port=plan["port"],
            user=user,
            password=password,
            dbname=dbname,
            autocommit=True,
        ) as connection:
            connection.execute(plan["query"]).fetchall()

    with ThreadPoolExecutor(plan["sessions"]) as pool:
        for _ in pool.map(visit, plan["logins"]):
            pass


if __name__ == "__main__":
    main(sys.argv[1])
