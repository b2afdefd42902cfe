"""Verifications made by hand."""

from __future__ import annotations

from pgtenant.access import Closer, Hole, HoleKind, Severity
from pgtenant.verify import findings as hygiene
from pgtenant.verify.findings import Finding, FindingKind
from pgtenant.verify.model import (
    Attempt,
    Closable,
    Cure,
    How,
    Kind,
    Observation,
    Outcome,
    Result,
    judged,
)
from pgtenant.verify.outcome import Count, Verification

_HOSTILE = 'x"; drop role y; --\x1b[31m'


def _open(role: str, database: str, cure: Cure) -> Result:
    attempt = Attempt(Kind.CONNECT, role, database, "", Outcome.REFUSED)
    return judged(attempt, Observation(Outcome.ALLOWED), cure)


def _passed(number: int) -> list[Result]:
    refused = Observation(Outcome.REFUSED, sqlstate="42501")
    return [
        judged(Attempt(Kind.CONNECT, f"app{n}_user", "platform", "", Outcome.REFUSED), refused)
        for n in range(number)
    ]


def _verification(
    *results: Result, holes: tuple[Hole, ...], findings: tuple[Finding, ...]
) -> Verification:
    return Verification(
        environment="dev",
        results=tuple(sorted(results, key=lambda result: result.rank)),
        holes=holes,
        findings=tuple(sorted(findings, key=hygiene.rank)),
        connections=Count(20_400, 10_000, 20_400),
        impersonations=Count(76, 76, 76),
        seed=7,
        roles=12,
        databases=17,
        server_version=170010,
        encrypted=(24, 24),
        sealed=("template0",),
    )


def isolated() -> Verification:
    return _verification(*_passed(1200), holes=(), findings=())


def leaking() -> Verification:
    """Return a verification with some of everything."""
    public = Cure(
        'REVOKE ALL ON DATABASE "orders" FROM PUBLIC',
        "the admin platform_admin",
        Closable.ADMIN,
        path="PUBLIC",
    )
    provider = Cure(
        'REVOKE ALL ON DATABASE "postgres" FROM PUBLIC', "rdsadmin", Closable.PROVIDER, "PUBLIC"
    )
    become = Attempt(Kind.BECOME, "billing_user", "billing", _HOSTILE, Outcome.REFUSED)
    select = Attempt(Kind.SELECT, "orders_reader", "orders", "app.items", Outcome.ALLOWED)
    wrong = Observation(
        Outcome.UNKNOWN,
        sqlstate="28P01",
        said="the server does not take the password of its secret",
    )
    results = [
        *(_open(f"app{n:02}_user", "orders", public) for n in range(11)),
        *(_open(f"app{n:02}_user", "postgres", provider) for n in range(2)),
        judged(
            become,
            Observation(Outcome.ALLOWED, How.CATALOG),
            Cure('REVOKE "x" FROM "billing_user"', "a superuser", Closable.OWNER, "member of x"),
        ),
        judged(select, Observation(Outcome.REFUSED, sqlstate="42501", said="permission denied")),
        *(
            judged(Attempt(Kind.CONNECT, "crm_user", name, "", Outcome.REFUSED), wrong)
            for name in ("orders", "billing", "postgres")
        ),
        *_passed(1200),
    ]
    hole = Hole(
        severity=Severity.FAILURE,
        kind=HoleKind.COLUMN_GRANT,
        database="orders",
        who="orders_reader",
        what="can UPDATE the column price of app.items",
        path="granted by orders_user",
        statement='REVOKE UPDATE ("price") ON TABLE "app"."items" FROM "orders_reader"',
        executor="orders_user",
        closable_by=Closer.ADMIN,
    )
    findings = (
        Finding(
            hygiene.Severity.FAILURE,
            FindingKind.STALE_SESSION,
            "orders",
            "billing_user",
            "session 4711 of billing_user is older than a revoke",
            None,
            4711,
        ),
        Finding(hygiene.Severity.WARNING, FindingKind.POWER, "", "dba", "has SUPERUSER"),
        Finding(
            hygiene.Severity.NOTE,
            FindingKind.UNDECLARED_DATABASE,
            "plugin",
            "orders_user",
            "was made by an application and is not in the catalog; it is closed",
        ),
    )
    return _verification(*results, holes=(hole,), findings=findings)
