"""A recording of `pgtenant demo` in a terminal: an asciicast (v2) and a picture of it.

    python -m tools.record_demo

writes docs/demo/demo.cast, which `asciinema play` shows, and docs/demo/demo.svg, on which the lines
appear as they did, pauses of more than a second cut to one.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from rich.ansi import AnsiDecoder
from rich.text import Text

from tools import terminal

OUT = Path(__file__).parents[1] / "docs" / "demo"
COLUMNS, ROWS = 100, 40
TITLE = "pgtenant demo"

Event = tuple[float, str]
"""Seconds since the beginning, and what was printed then."""

_LONGEST_PAUSE = 1.0
_FONT, _WIDTH, _HEIGHT, _MARGIN = 14, 8.43, 19, 16
# As rich calls those of the eight that stand in a terminal's escapes.
_COLOURS = {
    "color(1)": "#f28b82",
    "color(2)": "#81c995",
    "color(3)": "#fdd663",
    "color(4)": "#8ab4f8",
    "color(5)": "#d7aefb",
    "color(6)": "#78d9ec",
}


def main() -> int:
    """Record, and write both files."""
    events = record()
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "demo.cast").write_text(cast(events), "utf-8")
    (OUT / "demo.svg").write_text(svg(events), "utf-8")
    print(f"{OUT}: {events[-1][0]:.1f} s, {len(list(lines(events)))} lines")
    return 0


def record() -> list[Event]:
    """Run the demo in a terminal of its own, and return what it printed when.

    Raises:
        RuntimeError: it failed.
    """
    environ = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS", "LINES"}}
    environ |= {"TERM": "xterm-256color", "LANG": "C.UTF-8"}
    events: list[Event] = []
    last, shown, rest = time.monotonic(), 0.0, b""

    def take(chunk: bytes) -> None:
        nonlocal last, shown, rest
        text, rest = _decoded(rest + chunk)
        now = time.monotonic()
        last, shown = now, shown + min(now - last, _LONGEST_PAUSE)
        events.append((round(shown, 3), text))

    command = [sys.executable, "-m", "pgtenant", "demo"]
    if terminal.run(command, take, columns=COLUMNS, rows=ROWS, environ=environ) != 0:
        raise RuntimeError("".join(text for _, text in events))
    return events


def cast(events: Sequence[Event]) -> str:
    """Return the recording as an asciicast of version 2.

    https://docs.asciinema.org/manual/asciicast/v2/
    """
    head = {"version": 2, "width": COLUMNS, "height": ROWS, "title": TITLE}
    rows = [json.dumps(head), *(json.dumps([when, "o", text]) for when, text in events)]
    return "\n".join(rows) + "\n"


def played(text: str) -> list[Event]:
    """Return the events of an asciicast."""
    return [(row[0], row[2]) for row in map(json.loads, text.splitlines()[1:]) if row[1] == "o"]


def lines(events: Sequence[Event]) -> Iterator[tuple[float, Text]]:
    """Return each line that stays, and when it was whole. A progress line does not stay."""
    decoder, line = AnsiDecoder(), ""
    for when, text in events:
        *whole, line = (line + text).split("\n")
        for one in whole:
            shown = one.rstrip("\r").replace("\x1b[K", "").replace("\x1b[2K", "")
            yield when, decoder.decode_line(shown)


def svg(events: Sequence[Event]) -> str:
    """Return a picture on which the lines appear as they were printed."""
    rows = list(lines(events))
    width = round(COLUMNS * _WIDTH) + 2 * _MARGIN
    height = len(rows) * _HEIGHT + 2 * _MARGIN
    drawn = "\n".join(_drawn(n, when, text) for n, (when, text) in enumerate(rows) if text.plain)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<title>{TITLE}</title>
<style>
text {{ font: {_FONT}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  fill: #e3e3e3; white-space: pre; animation: appear 1ms both; }}
@keyframes appear {{ from {{ opacity: 0 }} to {{ opacity: 1 }} }}
@media (prefers-reduced-motion: reduce) {{ text {{ animation: none }} }}
@media print {{ text {{ animation: none }} }}
</style>
<rect width="100%" height="100%" rx="8" fill="#1e1f22"/>
{drawn}
</svg>
"""


def _drawn(number: int, when: float, text: Text) -> str:
    text.truncate(COLUMNS, overflow="ellipsis")
    y = _MARGIN + (number + 1) * _HEIGHT - 5
    spans = "".join(_span(part) for part in text.divide(_edges(text)))
    return f'<text x="{_MARGIN}" y="{y}" style="animation-delay: {when:.2f}s">{spans}</text>'


def _edges(text: Text) -> list[int]:
    return sorted({edge for span in text.spans for edge in (span.start, span.end)})


def _span(part: Text) -> str:
    names = " ".join(str(span.style) for span in part.spans).split()
    look = "".join(f' fill="{_COLOURS[name]}"' for name in names if name in _COLOURS)
    look += ' font-weight="bold"' if "bold" in names else ""
    look += ' opacity="0.65"' if "dim" in names else ""
    words = escape(part.plain)
    return f"<tspan{look}>{words}</tspan>" if look else words


def _decoded(data: bytes) -> tuple[str, bytes]:
    """Return the whole characters, and the bytes of one that is not whole yet."""
    for cut in range(4):
        try:
            return data[: len(data) - cut].decode(), data[len(data) - cut :]
        except UnicodeDecodeError:
            continue
    return data.decode("utf-8", "replace"), b""


if __name__ == "__main__":
    sys.exit(main())
