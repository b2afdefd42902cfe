"""The least that a program has to do: open these connections, send a query where it is let in.

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

    def connect(login: list[str]) -> psycopg.Connection:
        user, password, dbname = login
        return psycopg.connect(
            host=plan["host"],
            port=plan["port"],
            user=user,
            password=password,
            dbname=dbname,
            autocommit=True,
        )

    def enter(login: list[str]) -> None:
        with connect(login) as connection:
            connection.execute(plan["query"]).fetchall()

    def knock(login: list[str]) -> None:
        try:
            connect(login).close()
        except psycopg.OperationalError as error:
            if "CONNECT" in str(error):  # the privilege that it lacks; its password is right
                return
            raise
        msg = f"{login[0]} was let in"
        raise SystemExit(msg)

    with ThreadPoolExecutor(plan["sessions"]) as pool:
        visits = [pool.submit(enter, login) for login in plan["entering"]]
        visits += [pool.submit(knock, login) for login in plan["knocking"]]
        for visit in visits:
            visit.result()


if __name__ == "__main__":
    main(sys.argv[1])
