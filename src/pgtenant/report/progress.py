"""Progress of a long run: one live line on a terminal, an event every few seconds elsewhere.

Done of total, what was done last, the time it took so far, and what is left at that pace, as soon
as enough is done to know one.
"""

from __future__ import annotations

import os
import threading
import time
import unicodedata
from collections.abc import Callable
from typing import Final, Protocol, TextIO

from pgtenant.logs import get_logger
from pgtenant.report.document import no_escapes
from pgtenant.report.safe import shown

_TICK: Final = 0.5
"""Seconds between two drawings when nothing happens: the clock goes on."""

_EVERY: Final = 5.0
"""Seconds between two events."""

_ENOUGH: Final = 0.05
"""The share of the steps that has to be done before their pace says something about the rest."""

_SURE: Final = 3.0
"""Seconds that a pace has to hold."""


class Progress(Protocol):
    """What an apply tells about its way. Every method may be called from any thread."""

    def start(self, total: int) -> None:
        """Begin; `total` is how many steps there will be."""

    def advance(self, entry: str, text: str) -> None:
        """One more step is done: whose it was, and what."""

    def stop(self) -> None:
        """End, and leave no trace. May be called again, and without `start`."""


class Silent:
    """No progress."""

    def start(self, total: int) -> None:
        """Do nothing."""

    def advance(self, entry: str, text: str) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


def seconds_left(done: int, total: int, seconds: float) -> int | None:
    """Return how long the rest will take at the pace so far; None while nobody can know.

    Args:
        done: how many steps are.
        total: how many there are.
        seconds: since the first one began.
    """
    if not 0 < done < total or done < total * _ENOUGH or seconds < _SURE:
        return None
    return round(seconds / done * (total - done))


class _Ticking:
    """Counts steps, and shows them again and again in a thread of its own."""

    _every = _TICK

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._began = 0.0
        self._total = 0
        self._done = 0
        self._current = ""

    def start(self, total: int) -> None:
        """Begin, and go on showing."""
        self.stop()
        with self._lock:
            self._total, self._done, self._current = total, 0, ""
            self._began = self._clock()
            self._stopped = threading.Event()
            self._begun()
        self._thread = threading.Thread(
            target=self._tick, args=(self._stopped,), name="pgtenant-progress", daemon=True
        )
        self._thread.start()

    def advance(self, entry: str, text: str) -> None:
        """Count one step."""
        with self._lock:
            self._done += 1
            self._current = f"{shown(entry)}: {shown(text)}" if entry else shown(text)
            if self._thread is not None:
                self._advanced()

    def stop(self) -> None:
        """Show nothing more."""
        self._stopped.set()
        if self._thread is None:
            return
        self._thread.join()
        self._thread = None
        with self._lock:
            self._ended()

    def _tick(self, stopped: threading.Event) -> None:
        while not stopped.wait(self._every):
            with self._lock:
                self._show()

    def _begun(self) -> None:
        """Do what is to be done at the beginning; so for the others."""

    def _advanced(self) -> None:
        pass

    def _ended(self) -> None:
        pass

    def _show(self) -> None:
        pass


class Events(_Ticking):
    """An event in the log every few seconds; a run that is over sooner has none."""

    _every = _EVERY

    def _show(self) -> None:
        seconds = self._clock() - self._began
        total = max(self._total, self._done)
        get_logger().info(
            "progress",
            done=self._done,
            left=total - self._done,
            seconds=round(seconds, 1),
            seconds_left=seconds_left(self._done, total, seconds),
            current=self._current,
        )


class LiveLine(_Ticking):
    """One line, drawn again and again.

    The cursor waits at the line's start, so that a log line written meanwhile covers it.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self._stream = stream

    def _begun(self) -> None:
        self._show()

    def _advanced(self) -> None:
        self._show()

    def _ended(self) -> None:
        self._write(f"\r{self._erase()}")

    def _show(self) -> None:
        total = max(self._total, self._done)
        seconds = self._clock() - self._began
        lead = f"{self._done:>{len(str(total))}}/{total}  {_minutes(int(seconds))}"
        left = seconds_left(self._done, total, seconds)
        about = "" if left is None else f", about {_minutes(left)} left"
        text = f"{lead}{about}  {self._current}".rstrip()
        self._write(f"\r{self._erase()}{fit(text, self._columns() - 1)}\r")

    def _erase(self) -> str:
        return f"{' ' * (self._columns() - 1)}\r" if no_escapes() else "\x1b[K"

    def _write(self, text: str) -> None:
        # The line is a courtesy: a terminal that went away must not end the run.
        try:
            self._stream.write(text.encode(self._encoding(), "replace").decode(self._encoding()))
            self._stream.flush()
        except (OSError, ValueError):
            self._stopped.set()

    def _encoding(self) -> str:
        return self._stream.encoding or "utf-8"

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or 80
        except (OSError, ValueError):
            return 80


def progress(stream: TextIO) -> Progress:
    """Return a live line for a terminal that can draw one, and events for all else."""
    if stream.isatty() and os.environ.get("TERM", "") not in {"", "dumb"}:
        return LiveLine(stream)
    return Events()


def _minutes(seconds: int) -> str:
    return f"{seconds // 60}:{seconds % 60:02}"


def fit(text: str, columns: int) -> str:
    """Cut `text` to so many columns of a terminal; wide characters take two."""
    used = 0
    for index, char in enumerate(text):
        used += 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
        if used > columns:
            return text[:index]
    return text
