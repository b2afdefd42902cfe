"""What an answer proves."""

from __future__ import annotations

import pytest

from pgtenant.planning.logins import LoginOutcome
from pgtenant.planning.observed import DatabaseGrant
from pgtenant.planning.privileges import PUBLIC
from pgtenant.verify import answers, judging
from pgtenant.verify.model import (
    Attempt,
    Closable,
    Cure,
    How,
    Kind,
    Observation,
    Outcome,
    Verdict,
    judged,
)
from unit.planning.examples import ADMIN, with_database

from .grounds import ground, member, role

STRANGE = Attempt(Kind.CONNECT, "crm_ro", "platform", "", Outcome.REFUSED)
OWN = Attempt(Kind.CONNECT, "crm_user", "crm", "", Outcome.ALLOWED)


@pytest.mark.parametrize(
    ("sqlstate", "proven", "outcome"),
    [
        ("42501", False, Outcome.REFUSED),
        ("28000", True, Outcome.REFUSED),
        ("28000", False, Outcome.UNKNOWN),
        ("28P01", True, Outcome.UNKNOWN),
        ("53300", True, Outcome.UNKNOWN),
        ("55000", True, Outcome.UNKNOWN),
        ("3D000", True, Outcome.UNKNOWN),
        ("57P03", True, Outcome.UNKNOWN),
        (None, True, Outcome.UNKNOWN),
    ],
)
def test_only_a_lack_of_privilege_is_a_refusal(
    sqlstate: str | None, proven: bool, outcome: Outcome
) -> None:
    answer = LoginOutcome(connected=False, sqlstate=sqlstate, message="no")
    seen = answers.of_login(answer, proven=proven)
    assert seen.outcome is outcome
    verdict = judged(STRANGE, seen).verdict
    assert (verdict is Verdict.PASSED) == (outcome is Outcome.REFUSED)
    assert judged(OWN, seen).verdict in {Verdict.FAILED, Verdict.NOT_PROVEN}


@pytest.mark.parametrize("sqlstate", ["25006", "40P01", "42P06", "55P03", "57014", None])
def test_other_errors_of_statements_prove_nothing(sqlstate: str | None) -> None:
    assert answers.of_statement(sqlstate, "x").outcome is Outcome.UNKNOWN


def test_a_refusal_that_the_catalogs_contradict_proves_nothing() -> None:
    refused = Observation(Outcome.REFUSED, sqlstate="42501", said="permission denied")
    told = judging.checked(STRANGE, refused, ground())
    assert told == refused
    doubted = judging.checked(
        STRANGE, refused, ground(connects=frozenset({("crm_ro", "platform")}))
    )
    assert doubted.outcome is Outcome.UNKNOWN
    assert "holds CONNECT" in doubted.said


@pytest.mark.parametrize(
    ("closable", "verdict"),
    [
        (Closable.ADMIN, Verdict.FAILED),
        (Closable.OWNER, Verdict.FAILED),
        (Closable.PROVIDER, Verdict.WARNING),
    ],
)
def test_what_only_the_provider_can_close_is_a_warning(
    closable: Closable, verdict: Verdict
) -> None:
    cure = Cure("REVOKE", "somebody", closable)
    assert judged(STRANGE, Observation(Outcome.ALLOWED), cure).verdict is verdict


def test_a_membership_that_may_not_set_is_a_hole_as_well() -> None:
    state = ground(
        member("crm_user", "crm_ro", set=False), reaches=frozenset({("crm_ro", "crm_user")})
    )
    refused = {"crm_user": Observation(Outcome.REFUSED, sqlstate="42501")}
    reader = state.desired.by_name["crm_ro"]
    (result,) = judging.impersonated(reader, refused, state)
    assert result.verdict is Verdict.FAILED
    assert result.cure is not None
    assert result.cure.statement == (f'REVOKE "crm_user" FROM "crm_ro" GRANTED BY "{ADMIN}"')


def test_the_cure_ends_the_first_link_of_a_chain() -> None:
    state = ground(member("team", "crm_ro"), member("crm_user", "team"), major=15)
    cure = state.end_membership(state.path("crm_ro", "crm_user"))
    assert cure.statement == 'REVOKE "team" FROM "crm_ro"'
    assert cure.path == "member of team → member of crm_user"


def test_who_can_close_a_database() -> None:
    state = ground(roles={"dba": role("dba")})
    for name, owner, public, closable in (
        ("postgres", "rdsadmin", True, Closable.PROVIDER),
        ("template1", "dba", True, Closable.OWNER),
        ("wiki", "dba", True, Closable.OWNER),
        ("wiki", ADMIN, True, Closable.ADMIN),
        ("wiki", "crm_user", True, Closable.ADMIN),
        ("wiki", "dba", False, Closable.OWNER),
    ):
        grantee = PUBLIC if public else "crm_ro"
        acl = (DatabaseGrant(grantee, "CONNECT", owner),)
        observed = with_database(state.observed, name, owner=owner, acl=acl)
        cure = ground(observed=observed, roles={"dba": role("dba")}).close_database("crm_ro", name)
        assert cure is not None
        assert (cure.closable, cure.path) == (
            closable,
            "PUBLIC" if public else f"granted by {owner}",
        )


@pytest.mark.parametrize(
    ("seen", "expected", "held", "outcome", "how"),
    [
        (Outcome.ALLOWED, Outcome.ALLOWED, True, Outcome.ALLOWED, How.ATTEMPT),
        (Outcome.ALLOWED, Outcome.ALLOWED, False, Outcome.REFUSED, How.CATALOG),
        (Outcome.ALLOWED, Outcome.REFUSED, False, Outcome.REFUSED, How.CATALOG),
        (Outcome.ALLOWED, Outcome.REFUSED, True, Outcome.ALLOWED, How.ATTEMPT),
        (Outcome.REFUSED, Outcome.REFUSED, False, Outcome.REFUSED, How.ATTEMPT),
        (Outcome.REFUSED, Outcome.REFUSED, True, Outcome.UNKNOWN, How.ATTEMPT),
        (Outcome.REFUSED, Outcome.ALLOWED, True, Outcome.ALLOWED, How.CATALOG),
        (Outcome.REFUSED, Outcome.ALLOWED, False, Outcome.REFUSED, How.ATTEMPT),
    ],
)
def test_an_explain_counts_where_the_catalogs_explain_it(
    seen: Outcome, expected: Outcome, held: bool, outcome: Outcome, how: How
) -> None:
    told = answers.witnessed(Observation(seen), expected, held=held)
    assert (told.outcome, told.how) == (outcome, how)
