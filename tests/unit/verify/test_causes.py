"""One hole is one cause, whoever found it."""

from __future__ import annotations

from dataclasses import replace

from pgtenant.access import Closer, Hole, HoleKind
from pgtenant.access import Severity as HoleSeverity
from pgtenant.access.model import Group
from pgtenant.access.model import Kind as Thing
from pgtenant.verify.causes import Cause, Origin, aligned, causes
from pgtenant.verify.findings import Finding, FindingKind, Severity
from pgtenant.verify.model import (
    Attempt,
    Closable,
    Cure,
    Held,
    Kind,
    Observation,
    Outcome,
    Result,
    Verdict,
    judged,
)

OPEN = 'REVOKE ALL ON DATABASE "orders" FROM PUBLIC'


def _hole(kind: HoleKind, who: str, statement: str, group: Group, *privileges: str) -> Hole:
    return Hole(
        severity=HoleSeverity.FAILURE,
        kind=kind,
        database="orders",
        who=who,
        what="what it can do",
        path="granted by another",
        statement=statement,
        executor="another",
        closable_by=Closer.OWNER,
        group=group,
        privileges=privileges,
    )


def _got(kind: Kind, target: str, cure: Cure, role: str = "reader") -> Result:
    attempt = Attempt(kind, role, "orders", target, Outcome.REFUSED)
    return judged(attempt, Observation(Outcome.ALLOWED), cure)


def _table(name: str) -> Cure:
    held = Held(Thing.TABLE, "app", name, "UPDATE")
    return Cure("REVOKE …", "owner", Closable.ADMIN, database="orders", held=held)


def test_the_analysis_knows_whose_grant_it_is() -> None:
    items = Group(Thing.TABLE, "app", "owner", ("items", "lines"))
    column = Group(Thing.COLUMN, "app", "owner", ("price",), table="prices")
    holes = (
        _hole(HoleKind.GRANT, "reader", "on items", items, "UPDATE"),
        _hole(HoleKind.COLUMN_GRANT, "public", "on prices", column, "UPDATE"),
    )
    tried = [
        _got(Kind.UPDATE, "app.lines", _table("lines")),
        _got(Kind.UPDATE, "app.prices (price)", _table("prices")),
        _got(Kind.UPDATE, "app.other", _table("other")),
        _got(Kind.UPDATE, "app.lines", _table("lines"), "somebody"),
    ]
    found = aligned(tried, holes)
    assert [r.cure.statement for r in found if r.cure] == [
        "on items",
        "on prices",
        "REVOKE …",
        "REVOKE …",
    ]
    assert found[0].cure is not None
    assert (found[0].cure.executor, found[0].cure.path) == ("another", "granted by another")
    assert [len(c.results) for c in causes(found, holes, ())] == [1, 1, 2]


def test_what_three_found_is_one_cause() -> None:
    cure = Cure(OPEN, "owner", Closable.ADMIN, "PUBLIC")
    group = Group(Thing.DATABASE, "", "owner", ("orders",))
    hole = _hole(HoleKind.DATABASE, "public", OPEN, group, "CONNECT")
    undeclared = Finding(
        Severity.FAILURE, FindingKind.UNDECLARED_DATABASE, "orders", "owner", "open", cure
    )
    tried = [_got(Kind.CONNECT, "", cure, role) for role in ("a", "b")]
    (cause,) = causes(aligned(tried, (hole,)), (hole,), (undeclared,))
    assert cause.origins == (Origin.ATTEMPT, Origin.CATALOGS, Origin.INSTANCE)
    assert cause.severity is Severity.FAILURE


def test_the_same_statement_in_another_database_closes_another_hole() -> None:
    group = Group(Thing.TABLE, "app", "owner", ("items",))
    hole = _hole(HoleKind.GRANT, "reader", "REVOKE", group, "UPDATE")
    elsewhere = replace(hole, database="billing")
    assert len(causes((), (hole, elsewhere), ())) == 2


def test_what_has_no_statement_stays_apart() -> None:
    notes = [
        Finding(Severity.NOTE, FindingKind.UNDECLARED_DATABASE, name, "", "closed")
        for name in ("a", "b")
    ]
    missing = Attempt(Kind.SELECT, "reader", "orders", "app.items", Outcome.ALLOWED)
    broken = judged(missing, Observation(Outcome.REFUSED))
    found = causes([broken], (), notes)
    assert [c.severity for c in found] == [Severity.FAILURE, Severity.NOTE, Severity.NOTE]


def test_what_is_not_proven_is_no_cause() -> None:
    attempt = Attempt(Kind.CONNECT, "reader", "orders", "", Outcome.REFUSED)
    unknown = judged(attempt, Observation(Outcome.UNKNOWN))
    assert unknown.verdict is Verdict.NOT_PROVEN
    assert causes([unknown], (), ()) == ()
    assert Cause().origins == ()
