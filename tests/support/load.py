"""Clients that open a connection, query and close it, all the time, with credentials from late."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg

CLIENTS: Final = 20
PATIENCE: Final = 60.0
"""Seconds; only a test that fails waits so long."""

PAUSE: Final = 0.25
"""Seconds between two rounds of a client: what a login computes would fill two cores otherwise, and
what is measured would be that."""

REFUSED: Final = "password authentication failed"

Fields = Mapping[str, Any]
Open = Callable[[Fields], psycopg.Connection[Any]]


class Load:
    """Twenty clients of one application.

    Each takes the credentials that were delivered last, as a pod takes what ExternalSecrets has
    put there: `deliver` is that moment, and comes as late as a test likes.

    Attributes:
        failed: how many logins were refused, by what was said.
        logins: how many succeeded.
    """

    def __init__(self, connect: Open, fields: Fields) -> None:
        self.failed: Counter[str] = Counter()
        self.logins = 0
        self._connect = connect
        self._delivered = fields
        self._generation = 0
        self._seen = [0] * CLIENTS
        self._rounds = [0] * CLIENTS
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(number,)) for number in range(CLIENTS)
        ]

    def deliver(self, fields: Fields) -> None:
        """Have every client use these credentials, and wait until none uses others."""
        with self._changed:
            self._delivered = fields
            self._generation += 1
        self._wait(lambda: min(self._seen) == self._generation)

    def go_on(self, rounds: int) -> None:
        """Wait until every client has come round so many times more."""
        goal = [done + rounds for done in self._rounds]
        self._wait(lambda: all(d >= g for d, g in zip(self._rounds, goal, strict=True)))

    def start(self) -> None:
        """Begin, and wait until every client has had its turn."""
        for thread in self._threads:
            thread.start()
        self.go_on(1)

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _wait(self, done: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(done, PATIENCE), "the clients stand still"

    def _work(self, number: int) -> None:
        while not self._ended.is_set():
            with self._changed:
                fields, generation = self._delivered, self._generation
            refusal = self._round(fields)
            with self._changed:
                if refusal is None:
                    self.logins += 1
                else:
                    self.failed[refusal] += 1
                self._seen[number] = generation
                self._rounds[number] += 1
                self._changed.notify_all()
            self._ended.wait(PAUSE)

    def _round(self, fields: Fields) -> str | None:
        try:
            with self._connect(fields) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error as error:
            return REFUSED if REFUSED in str(error) else str(error)
        return None


@contextmanager
def under_load(connect: Open, fields: Fields) -> Iterator[Load]:
    """Have the clients at work during the block."""
    load = Load(connect, fields)
    load.start()
    try:
        yield load
    finally:
        load.end()
