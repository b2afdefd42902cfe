"""What a cluster says of entries that are leaving: whether the operator has done it yet."""

from __future__ import annotations

from typing import Any

import pytest

from pgtenant.gitops.cnpg.leaving_status import Leaving, judge_leaving
from pgtenant.gitops.cnpg.status import Answer, Unreadable, Verdict
from pgtenant.planning.retirement.told import ToldRole

CLOSED, DROPPED = ToldRole(False, "", absent=False), ToldRole(False, "", absent=True)
RESOURCE = ToldRole(False, "", absent=False, resource=True)
ITEM = {"name": "shop-user", "login": False}
DONE: dict[str, Any] = {"byStatus": {"reconciled": ["shop-user"]}}
INSIDE = "connection refused: database is not currently accepting connections"


def cluster(item: dict[str, Any] | None, status: dict[str, Any]) -> dict[str, Any]:
    roles = [item] if item else []
    return {"spec": {"managed": {"roles": roles}}, "status": {"managedRolesStatus": status}}


def database(spec: dict[str, Any], **status: object) -> dict[str, Any]:
    return {"spec": spec, "status": status}


def verdicts(leaving: Leaving, *answers: Answer) -> list[tuple[Verdict, str]]:
    of, role, resource = answers
    found = judge_leaving(leaving, cluster=role, database=of, resource=resource)
    return [(one.verdict, one.message) for one in found]


def said_of(role: ToldRole, seen: Answer, *, resource: Answer = None) -> tuple[Verdict, str]:
    leaving = Leaving("shop", {"shop-user": role}, "postgres", None, absent=False)
    [found] = verdicts(leaving, None, seen, resource)
    return found


@pytest.mark.parametrize(
    ("role", "seen", "verdict", "said"),
    [
        (CLOSED, cluster(ITEM, DONE), Verdict.GOOD, "is out of service"),
        (CLOSED, cluster({**ITEM, "login": True}, DONE), Verdict.BAD, "has not arrived"),
        (CLOSED, cluster(None, DONE), Verdict.BAD, "has not arrived"),
        (CLOSED, None, Verdict.BAD, "has not arrived"),
        (CLOSED, cluster(ITEM, {}), Verdict.BAD, "not done with it"),
        (DROPPED, cluster({**ITEM, "ensure": "absent"}, DONE), Verdict.GOOD, "is dropped"),
        (DROPPED, cluster(ITEM, DONE), Verdict.BAD, "has not arrived"),
        (
            DROPPED,
            cluster({**ITEM, "ensure": "absent"}, {"cannotReconcile": {"shop-user": ["owns x"]}}),
            Verdict.BAD,
            "can't drop it: owns x",
        ),
        (CLOSED, Unreadable("no way there"), Verdict.UNKNOWN, "no way there"),
    ],
)
def test_roles(role: ToldRole, seen: Answer, verdict: Verdict, said: str) -> None:
    found = said_of(role, seen)
    assert found[0] is verdict
    assert said in found[1]


@pytest.mark.parametrize(
    ("seen", "verdict", "said"),
    [
        (None, Verdict.BAD, "has not arrived"),
        ({"spec": {"login": True}, "status": {"applied": True}}, Verdict.BAD, "has not arrived"),
        ({"spec": {}, "status": {"applied": False, "message": "no"}}, Verdict.BAD, "applied: no"),
        ({"spec": {}, "status": {"applied": True}}, Verdict.GOOD, "is out of service"),
        (Unreadable("no way there"), Verdict.UNKNOWN, "no way there"),
    ],
)
def test_resources(seen: Answer, verdict: Verdict, said: str) -> None:
    found = said_of(RESOURCE, None, resource=seen)
    assert found[0] is verdict
    assert said in found[1]


@pytest.mark.parametrize(
    ("absent", "seen", "verdict", "said"),
    [
        (False, database({"allowConnections": False}, applied=True), Verdict.GOOD, "lets nobody"),
        (
            False,
            database({"allowConnections": False}, applied=False, message=INSIDE),
            Verdict.GOOD,
            "lets nobody",
        ),
        (False, database({}, applied=True), Verdict.BAD, "has not arrived"),
        (True, database({"ensure": "absent"}, applied=True), Verdict.GOOD, "is dropped"),
        (
            True,
            database({"ensure": "absent"}, applied=False, message="in use"),
            Verdict.BAD,
            "is not applied: in use",
        ),
        (True, database({"allowConnections": False}), Verdict.BAD, "has not arrived"),
        (True, None, Verdict.BAD, "has not arrived"),
        (True, Unreadable("no way there"), Verdict.UNKNOWN, "no way there"),
    ],
)
def test_databases(absent: bool, seen: Answer, verdict: Verdict, said: str) -> None:
    leaving = Leaving("shop", {}, "postgres", "shop-db", absent=absent)
    [found] = verdicts(leaving, seen, None, None)
    assert found[0] is verdict
    assert said in found[1]
