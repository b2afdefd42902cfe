from __future__ import annotations

import io
import subprocess
import sys
import threading
import time

import pytest
import structlog.testing

from pgtenant.report.progress import Events, LiveLine, fit, progress, seconds_left


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Broken(Terminal):
    def write(self, text: str) -> int:  # noqa: ARG002
        raise OSError(5, "gone")


@pytest.fixture(autouse=True)
def _escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever runs the tests, its terminal does not count."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def drawn(stream: io.StringIO) -> list[str]:
    return [part for part in stream.getvalue().replace("\x1b[K", "").split("\r") if part]


def test_a_terminal_sees_what_is_done_and_how_long_it_took() -> None:
    now = [100.0]
    stream = Terminal()
    line = LiveLine(stream, clock=lambda: now[0])
    line.start(12)
    now[0] = 165.9
    line.advance("keycloak", "role created\x1b[2J")
    line.advance("", "x" * 200)
    line.stop()
    line.stop()
    first, second, third = drawn(stream)
    assert first == " 0/12  0:00"
    assert second == " 1/12  1:05, about 12:05 left  keycloak: role created\\x1b[2J"
    assert len(third) == 79
    assert stream.getvalue().endswith("\r\x1b[K")


def test_more_steps_than_said_are_not_hidden() -> None:
    stream = Terminal()
    line = LiveLine(stream, clock=lambda: 0.0)
    line.start(1)
    line.advance("a", "b")
    line.advance("a", "c")
    line.stop()
    assert drawn(stream)[-1].startswith("2/2")


def test_nothing_is_left_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LiveLine, "_every", 0.01)
    stream = Terminal()
    line = LiveLine(stream)
    line.stop()  # without a start
    line.start(2)
    line.start(3)
    while len(drawn(stream)) < 5:  # the clock goes on by itself
        time.sleep(0.01)
    line.stop()
    assert "pgtenant-progress" not in {thread.name for thread in threading.enumerate()}


def test_a_terminal_that_went_away_ends_no_run() -> None:
    line = LiveLine(Broken())
    line.start(1)
    line.advance("a", "b")
    line.stop()


@pytest.mark.parametrize(
    ("stream", "term", "kind"),
    [
        (io.StringIO(), "xterm", Events),
        (Terminal(), "dumb", Events),
        (Terminal(), "", Events),
        (Terminal(), "xterm", LiveLine),
    ],
)
def test_only_a_terminal_that_can_draw_gets_a_line(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, term: str, kind: type
) -> None:
    monkeypatch.setenv("TERM", term)
    shown = progress(stream)
    assert isinstance(shown, kind)
    shown.start(1)
    shown.advance("a", "b")
    shown.stop()
    assert bool(stream.getvalue()) == (kind is LiveLine)


def test_what_is_left_is_estimated_once_there_is_a_pace() -> None:
    now = [0.0]
    stream = Terminal()
    line = LiveLine(stream, clock=lambda: now[0])
    line.start(10)
    now[0] = 30.0
    line.advance("a", "b")
    line.stop()
    assert drawn(stream)[-1] == " 1/10  0:30, about 4:30 left  a: b"
    assert seconds_left(0, 10, 60.0) is None
    assert seconds_left(2, 10, 1.0) is None
    assert seconds_left(4, 100, 60.0) is None
    assert seconds_left(10, 10, 60.0) is None


def test_without_a_terminal_an_event_says_it_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Events, "_every", 0.01)
    structlog.reset_defaults()  # whoever logs first without a configuration makes it silent
    now = [0.0]
    with structlog.testing.capture_logs() as logged:
        events = Events(clock=lambda: now[0])
        events.start(4)
        now[0] = 10.0
        events.advance("keycloak", "role created")
        while not any(event["done"] for event in list(logged)):
            time.sleep(0.01)
        events.stop()
    assert logged[-1] == {
        "event": "progress",
        "log_level": "info",
        "done": 1,
        "left": 3,
        "seconds": 10.0,
        "seconds_left": 30,
        "current": "keycloak: role created",
    }


def test_wide_characters_take_two_columns() -> None:
    assert fit("日本語", 5) == "日本"
    assert fit("abc", 3) == "abc"


def test_importing_it_costs_nothing_to_speak_of() -> None:
    code = (
        "import sys, pgtenant.report.progress, pgtenant.report.errors;"
        "print([m for m in ('rich', 'psycopg', 'pgtenant.planning') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_without_escapes_the_line_is_drawn_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    line = LiveLine(stream)
    line.start(2)
    line.advance("keycloak", "role created")
    line.stop()
    assert "\x1b" not in stream.getvalue()
    assert "1/2  0:00  keycloak: role created\r" in stream.getvalue()
    assert stream.getvalue().endswith(f"\r{' ' * 79}\r")
