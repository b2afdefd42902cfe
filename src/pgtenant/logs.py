"""Structured logs: JSON lines on stderr, one event each.

Each audit record is also an event. Nothing secret is logged, because nothing secret gets
here; a `Secret` that did would be written as its mask.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Protocol, TextIO

from pgtenant.codes import Code
from pgtenant.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, MutableMapping

    # The package costs 100 ms; a command that logs nothing (--help) does not pay for it.
    from structlog.typing import FilteringBoundLogger

LEVELS: Final[Mapping[str, int]] = {
    "debug": 10,  # the numbers of `logging`, which would cost more than this whole module
    "info": 20,
    "warning": 30,
    "error": 40,
}
_SILENT: Final = 50
_BY_STATUS: Final = {"warning": "warning", "blocked": "warning", "error": "error"}


class AuditRecord(Protocol):
    """What `pgtenant.audit.Record` has; not imported, so that every edge may log."""

    @property
    def status(self) -> str:
        """How it ended."""
        ...

    def as_dict(self) -> dict[str, str | int]:
        """Return the columns."""
        ...


def level_for(environ: Mapping[str, str], stream: TextIO) -> str:
    """Return the level to log at.

    Args:
        environ: `PGTENANT_LOG_LEVEL` decides when it is set.
        stream: where the logs go; on a terminal only warnings and errors are shown by
            default, because the output for people says the rest.

    Raises:
        UsageError: the variable holds no level.
    """
    wanted = environ.get("PGTENANT_LOG_LEVEL", "").lower()
    if not wanted:
        return "warning" if stream.isatty() else "info"
    if wanted not in LEVELS:
        raise UsageError(
            f"PGTENANT_LOG_LEVEL = {wanted[:60]!r} is not a level",
            hint="use one of " + ", ".join(LEVELS),
            code=Code.SETTINGS,
        )
    return wanted


def configure(stream: TextIO, level: str, **bound: str) -> None:
    """Send the logs of the process to a stream; may be called again.

    Args:
        stream: usually `sys.stderr`.
        level: a key of `LEVELS`.
        bound: fields of every event, such as `run_id`, `build_id` and `environment`.
    """
    structlog = _package()
    _current.stream = stream

    def bind(_logger: object, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
        # Not by context variables: the threads of an executor would not have them.
        return {**bound, **event}

    structlog.configure(
        processors=[
            bind,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            # Plain text, without the values of local variables: they may be passwords.
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=_as_text),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=False,
    )


def bind(**fields: str) -> None:
    """Add fields to every further event of this task, and of the threads that it waits for."""
    structlog = _package()
    structlog.contextvars.bind_contextvars(**fields)


def get_logger() -> FilteringBoundLogger:
    """Return the logger; before `configure` it is silent."""
    structlog = _package()
    if not structlog.is_configured():
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(_SILENT),
        )
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def _package() -> ModuleType:
    """Return structlog, loaded without rich: that takes 70 ms, for colours that nobody asks for."""
    hidden = not {"structlog", "rich"} & sys.modules.keys()
    if hidden:
        sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog
    finally:
        if hidden:
            del sys.modules["rich"]
    return structlog


def log_records(records: Iterable[AuditRecord]) -> None:
    """Log audit records as events named `audit`, with the fields of their columns."""
    logger = get_logger()
    for record in records:
        level = LEVELS[_BY_STATUS.get(record.status, "info")]
        logger.log(level, "audit", **record.as_dict())


def write_lines(lines: Iterable[str]) -> None:
    """Write lines as they are, whatever the level; nowhere before `configure`."""
    stream = _current.stream
    if stream is not None:
        for line in lines:
            _Lines(stream).msg(line)


class _Current:
    """Where the logs of the process go."""

    stream: TextIO | None = None


_current: Final = _Current()


class _Lines:
    """Writes one line at a time; a log that can't be written does not stop a run."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        # One write, so that lines of several threads do not mix.
        try:
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # closed pipe, full disk, closed file
            return

    debug = info = warning = error = critical = exception = log = msg


def _as_text(value: Any) -> str:
    return str(value)
