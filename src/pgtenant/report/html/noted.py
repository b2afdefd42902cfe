"""What was found, each hole once: by attempts, in the catalogs, by a look at the instance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pgtenant.access.holes import Closer, Hole
from pgtenant.report.html.attempts import Together, together
from pgtenant.report.html.markup import Html, el, name
from pgtenant.report.html.model import Report
from pgtenant.report.html.parts import badge, item, listing, statement
from pgtenant.report.words import through
from pgtenant.verify.causes import Cause, causes
from pgtenant.verify.findings import Finding

_TONES: Final = {
    "failed": ("failure", "bad"),
    "failure": ("failure", "bad"),
    "not_proven": ("not proven", "unknown"),
    "warning": ("warning", "warn"),
    "note": ("note", "quiet"),
}
_ORDER: Final = list(_TONES)
_SUPERUSER: Final = "a superuser"


@dataclass(frozen=True, slots=True)
class Noted:
    """One hole, or one thing to know.

    Attributes:
        rank: how much it hurts; 0 most.
        item: how it is shown.
    """

    rank: int
    item: Html

    @property
    def failed(self) -> bool:
        """Whether it breaks the promise of isolation."""
        return self.rank <= _ORDER.index("failure")

    @property
    def matters(self) -> bool:
        """Whether it is more than a note."""
        return self.rank < _ORDER.index("note")


@dataclass(slots=True)
class _Hole:
    """What shows one hole."""

    tried: list[Together] = field(default_factory=list)
    cause: Cause = field(default_factory=Cause)

    @property
    def rank(self) -> int:
        words = [one.verdict for one in self.tried]
        if self.cause.origins:
            words.append(str(self.cause.severity))
        return min(map(_ORDER.index, words))


def noted(report: Report) -> tuple[Noted, ...]:
    """Return everything that was found, failures first.

    What an attempt of the record says is about the same hole as what the catalogs show now, when
    the same statement closes both.
    """
    found = [_Hole(cause=cause) for cause in causes((), report.holes, report.findings)]
    known = {key: one for one in found for key in _keys(one.cause)}
    for attempt in together(report.record) if report.record else ():
        places = ("", attempt.database) if attempt.statement else ()
        same = [known[p, attempt.statement] for p in places if (p, attempt.statement) in known]
        if same:
            same[0].tried.append(attempt)
        else:
            found.append(_Hole(tried=[attempt]))
    items = [Noted(one.rank, _shown(one)) for one in found]
    return tuple(sorted(items, key=lambda one: one.rank))


def findings(found: Sequence[Noted]) -> Html:
    """Return the list of what was found."""
    lead = "Access that the catalog does not promise, who has it, and the statement that closes it."
    items = [one.item for one in found]
    return listing("findings", "Findings", items, "Nothing was found.", lead)


def _keys(cause: Cause) -> Iterable[tuple[str, str]]:
    yield from ((hole.where, hole.statement) for hole in cause.holes if hole.statement)
    cures = (finding.cure for finding in cause.findings)
    yield from ((cure.database, cure.statement) for cure in cures if cure and cure.statement)


def _shown(one: _Hole) -> Html:
    word, tone = _TONES[_ORDER[one.rank]]
    holes, instance = one.cause.holes, one.cause.findings
    told = [*map(_of_finding, instance), *map(_of_attempt, one.tried)] or [*map(_of_hole, holes)]
    (title, body), *more = told
    origins = [
        words
        for words, there in (
            ("tried", one.tried),
            ("in the catalogs", holes),
            ("instance", instance),
        )
        if there
    ]
    others = [el("p", el("strong", who), " ", text) for who, text in more]
    cure = _cure(one)
    return item(badge(word, tone), title, body, others, cure, origin=", ".join(origins))


def _of_attempt(one: Together) -> tuple[Html, Html]:
    said = el("span", one.said, class_="said") if one.said else None
    return el("span", one.who), el("p", one.what, through(one.path), " " if said else "", said)


def _of_finding(finding: Finding) -> tuple[Html, Html]:
    about = finding.database or finding.role or "the instance"
    return name(about), el("p", finding.message)


def _of_hole(hole: Hole) -> tuple[Html, Html]:
    where = ("in ", name(hole.database), ": ") if hole.database else ()
    who = "PUBLIC" if hole.who == "public" else hole.who
    return name(who), el("p", where, hole.what, through(hole.path))


def _cure(one: _Hole) -> Html | None:
    for hole in one.cause.holes:
        provider = hole.closable_by is Closer.PROVIDER and hole.executor != _SUPERUSER
        executor = f"{hole.executor} ({_SUPERUSER})" if provider else hole.executor
        return statement(hole.statement, executor)
    cures = [f.cure for f in one.cause.findings if f.cure is not None]
    if cures:
        return statement(cures[0].statement, cures[0].executor)
    return statement(one.tried[0].statement, one.tried[0].executor) if one.tried else None
