"""The faults: what happens at a boundary, what pgtenant then says, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pgtenant.embedded.server import StopMode
from support.faults import shapes, wire
from support.faults.bench import Bench
from support.faults.proxy import Session

LOST: Final = r"the connection (that holds the run lock )?was lost|server closed the connection"


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault.

    Attributes:
        title: the column of the report.
        strike: carries it out.
        fits: whether it can happen at a boundary of that name.
        says: a pattern that the error on stderr has.
        cure: one that its hint has.
        transient: whether the same transaction is expected to succeed when it is run again.
        kills: whether pgtenant itself is what dies.
        severs: whether the connection is lost.
        strikes_all: whether every connection is.
    """

    title: str
    strike: Callable[[Bench, Session], None]
    fits: Callable[[str], bool]
    says: str
    cure: str = ""
    transient: bool = False
    kills: bool = False
    severs: bool = False
    strikes_all: bool = False


def _cut_before(_: Bench, session: Session) -> None:
    session.cut()


def _cut_after(_: Bench, session: Session) -> None:
    session.ask()
    session.cut()


def _kill_before(bench: Bench, session: Session) -> None:
    bench.runs.kill()
    session.cut()


def _kill_after(bench: Bench, session: Session) -> None:
    session.ask()
    bench.runs.kill()
    session.cut()


def _terminate(bench: Bench, session: Session) -> None:
    assert session.pid is not None
    bench.terminate(session.pid)
    session.tell(session.hear())


def _restart(bench: Bench, session: Session) -> None:
    # A crash every other time, and a planned restart.
    bench.restart(StopMode.IMMEDIATE if session.at.number % 2 else StopMode.FAST)
    session.tell(session.hear())


def _no_slots(bench: Bench, session: Session) -> None:
    # The proxy has a connection to the server by now, which has no process yet.
    with bench.no_slots():
        session.tell(session.ask())


def raising(sqlstate: str, text: str) -> Callable[[Bench, Session], None]:
    """Let the server itself raise an error in place of the statement."""
    query = wire.simple_query(
        f"DO $$ BEGIN RAISE EXCEPTION '{text}' USING ERRCODE = '{sqlstate}'; END $$"
    )

    def strike(_: Bench, session: Session) -> None:
        answer = session.ask(query)
        if session.at.sql.startswith("COMMIT"):
            # A COMMIT that fails has ended the transaction.
            answer[-1:] = session.ask(wire.simple_query("ROLLBACK"))[-1:]
        session.tell(answer)

    return strike


def _any(_: str) -> bool:
    return True


def _in_session(name: str) -> bool:
    return not name.startswith("login")


def _login(name: str) -> bool:
    return name.startswith("login")


def _error(
    title: str, sqlstate: str, text: str, cure: str = "", *, transient: bool = False
) -> Injection:
    return Injection(
        title, raising(sqlstate, text), shapes.can_fail, text, cure, transient=transient
    )


ALL: Final[dict[str, Injection]] = {
    "cut_before": Injection("cut before", _cut_before, _any, LOST, severs=True),
    "cut_after": Injection("cut after", _cut_after, _any, LOST, severs=True),
    "kill_before": Injection("kill -9 before", _kill_before, _any, "", kills=True),
    "kill_after": Injection("kill -9 after", _kill_after, _any, "", kills=True),
    "terminate": Injection(
        "session ended", _terminate, _in_session, r"administrator command|" + LOST, severs=True
    ),
    "restart": Injection(
        "server restart",
        _restart,
        _in_session,
        r"administrator command|" + LOST,
        severs=True,
        strikes_all=True,
    ),
    "statement_timeout": _error(
        "statement timeout",
        "57014",
        "canceling statement due to statement timeout",
        r"\[server\] statement_timeout",
    ),
    "lock_timeout": _error(
        "lock timeout",
        "55P03",
        "canceling statement due to lock timeout",
        r"\[server\] lock_timeout",
    ),
    "concurrent_update": _error(
        "concurrent update", "XX000", "tuple concurrently updated", transient=True
    ),
    "deadlock": _error("deadlock", "40P01", "deadlock detected", transient=True),
    "read_only": _error(
        "read-only",
        "25006",
        "cannot execute it in a read-only transaction",
        "writer's endpoint",
    ),
    "disk_full": _error(
        "disk full",
        "53100",
        "could not extend file: No space left on device",
        "disk is full",
    ),
    "no_slots": Injection("no slots", _no_slots, _login, r"out of connection slots"),
}
