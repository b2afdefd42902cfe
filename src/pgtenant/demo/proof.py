"""What the demo tries for real, logged in as the applications themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pgtenant.demo.project import DemoProject


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something an application tries.

    Attributes:
        entry: whose login it uses.
        database: where it tries; another tenant's, perhaps.
        what: the attempt in words.
        statement: the SQL, or None for the login alone.
        allowed: whether it must succeed.
    """

    entry: str
    database: str
    what: str
    statement: sql.SQL | None
    allowed: bool


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended; `said` is the server's refusal."""

    attempt: Attempt
    succeeded: bool
    said: str = ""

    @property
    def as_expected(self) -> bool:
        """Whether the attempt succeeded exactly if it must."""
        return self.succeeded == self.attempt.allowed


ATTEMPTS = (
    Attempt(
        "analytics",
        "analytics",
        "analytics_user creates a table, after provisioning",
        sql.SQL("CREATE TABLE report (id int PRIMARY KEY, title text)"),
        allowed=True,
    ),
    Attempt(
        "analytics",
        "analytics",
        "analytics_user writes to it",
        sql.SQL("INSERT INTO report VALUES (1, 'first')"),
        allowed=True,
    ),
    Attempt(
        "analytics_readonly",
        "analytics",
        "analytics_reader reads it, with no further grant",
        sql.SQL("SELECT title FROM report"),
        allowed=True,
    ),
    Attempt(
        "analytics_readonly",
        "analytics",
        "analytics_reader writes to it",
        sql.SQL("INSERT INTO report VALUES (2, 'second')"),
        allowed=False,
    ),
    Attempt(
        "analytics_readonly",
        "analytics",
        "analytics_reader creates a table of its own",
        sql.SQL("CREATE TABLE mine (id int)"),
        allowed=False,
    ),
    Attempt("backstage", "backstage", "backstage_user enters its own database", None, allowed=True),
    Attempt("backstage", "keycloak", "backstage_user enters keycloak", None, allowed=False),
    Attempt("keycloak", "analytics", "keycloak_user enters analytics", None, allowed=False),
)


def prove(project: DemoProject) -> Iterator[Result]:
    """Carry out every attempt with a real login, in order."""
    for attempt in ATTEMPTS:
        try:
            with psycopg.connect(
                **project.conninfo(attempt.entry, attempt.database),  # type: ignore[arg-type]
                autocommit=True,
                connect_timeout=10,
            ) as connection:
                if attempt.statement is not None:
                    connection.execute(attempt.statement)
        except psycopg.Error as error:
            text = error.diag.message_primary or str(error).splitlines()[0]
            yield Result(attempt, succeeded=False, said=text.rpartition("FATAL:")[2].strip())
        else:
            yield Result(attempt, succeeded=True)
