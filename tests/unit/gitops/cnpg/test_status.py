"""What a cluster says of an entry, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from pgtenant.gitops.cnpg.status import (
    OWN,
    REFLECTED,
    Check,
    Expected,
    Found,
    Unreadable,
    Verdict,
    judge,
    judge_job,
)
from pgtenant.report.gitops import checks_json
from pgtenant.report.schema import schema

SHOP = Expected(
    key="shop",
    username="shop-user",
    namespace="postgres",
    secret="shop-db-creds",
    keys=("username", "password"),
    database="shop-db",
    copies=("shop",),
)
SECRET = {"resourceVersion": "7", "annotations": {}, "keys": ["password", "username"]}
CLUSTER: dict[str, Any] = {
    "spec": {"managed": {"roles": [{"name": "legacy"}, {"name": "shop-user"}]}},
    "status": {
        "managedRolesStatus": {
            "byStatus": {"reconciled": ["shop-user"], "not-managed": ["app"]},
            "passwordStatus": {"shop-user": {"resourceVersion": "7", "transactionID": 9}},
        }
    },
}
SEALED: dict[str, Any] = {
    "metadata": {"generation": 3},
    "status": {"observedGeneration": 3, "conditions": [{"type": "Synced", "status": "True"}]},
}
FOUND = Found(
    sealed=SEALED,
    secret=SECRET,
    copies={"shop": {**SECRET, "resourceVersion": "8", "annotations": {REFLECTED: "7"}}},
    cluster=CLUSTER,
    database={
        "metadata": {"generation": 1}, "status": {"applied": True, "observedGeneration": 1}
    },
)  # fmt: skip


def bad(found: Found, expected: Expected = SHOP) -> list[Check]:
    return [one for one in judge(expected, found) if one.verdict is not Verdict.GOOD]


def refused(message: str) -> dict[str, Any]:
    conditions = [{"type": "Synced", "status": "False", "message": message}]
    return {**SEALED, "status": {"observedGeneration": 3, "conditions": conditions}}


def with_roles(*roles: dict[str, Any]) -> Found:
    return replace(FOUND, cluster={**CLUSTER, "spec": {"managed": {"roles": roles}}})


def with_roles_status(**status: Any) -> Found:
    return replace(FOUND, cluster={**CLUSTER, "status": {"managedRolesStatus": status}})


def test_all_is_well() -> None:
    assert [one.what for one in judge(SHOP, FOUND)] == [
        "Secret postgres/shop-db-creds",
        "Secret shop/shop-db-creds",
        "role shop-user",
        "Database postgres/shop-db",
    ]
    assert not bad(FOUND)


@pytest.mark.parametrize(
    ("found", "summary"),
    [
        (FOUND, {"good": 4, "bad": 0, "unknown": 0}),
        (replace(FOUND, database=None), {"good": 3, "bad": 1, "unknown": 0}),
        (replace(FOUND, cluster=Unreadable("\x1b[2J")), {"good": 3, "bad": 0, "unknown": 1}),
    ],
)
def test_programs_read_it_by_its_schema(found: Found, summary: dict[str, int]) -> None:
    said = checks_json(list(judge(SHOP, found)), "dev")
    jsonschema.validate(said, schema("verify-gitops"))
    assert said["summary"] == summary
    assert {one["entry"] for one in said["checks"]} == {"shop"}


def test_editors_and_readers_have_no_database() -> None:
    assert len(list(judge(replace(SHOP, database=None), replace(FOUND, database=None)))) == 3


@pytest.mark.parametrize(
    ("found", "what", "said", "cure"),
    [
        (replace(FOUND, secret=None, sealed=None), "Secret postgres/", "SealedSecret is not there",
         "Argo CD"),
        (replace(FOUND, secret=None), "Secret postgres/", "but its SealedSecret is", "controller"),
        (replace(FOUND, secret=None, sealed=refused("no key could decrypt secret")),
         "Secret postgres/", "no key could decrypt secret", "--reseal"),
        (replace(FOUND, sealed=refused("no key could decrypt secret")),
         "Secret postgres/", "no key could decrypt secret", "--reseal"),
        (replace(FOUND, sealed=refused('Resource "shop-db-creds" already exists and is not managed'
                                       " by SealedSecret")),
         "Secret postgres/", "is not the controller's", "sealedsecrets.bitnami.com/managed=true"),
        (replace(FOUND, sealed={**SEALED, "metadata": {"generation": 4}}),
         "Secret postgres/", "is that of an older SealedSecret", "controller"),
        (replace(FOUND, sealed=None), "Secret postgres/", "SealedSecret is not there",
         "Argo CD"),
        (with_roles({"name": "shop-user", "ensure": "absent"}), "role shop-user",
         "is to be absent", "ensure: present"),
        (replace(FOUND, secret={**SECRET, "keys": ["username"]}), "Secret postgres/",
         "has no password", "--reseal"),
        (replace(FOUND, copies={"shop": None}), "Secret shop/", "is not there", "Reflector"),
        (replace(FOUND, copies={"shop": {**SECRET, "annotations": {REFLECTED: "6"}}}),
         "Secret shop/", "older version", "Reflector"),
        (replace(FOUND, copies={"shop": SECRET}), "Secret shop/", "none of Reflector's",
         "Reflector"),
        (replace(FOUND, cluster=None), "role shop-user", "no such Cluster", "Argo CD"),
        (replace(FOUND, cluster={"spec": {"managed": {"roles": None}}}), "role shop-user",
         "is not in spec.managed.roles", "Argo CD"),
        (replace(FOUND, cluster={"spec": CLUSTER["spec"]}), "role shop-user", "not looked at yet",
         "operator"),
        (with_roles_status(byStatus={"pending-reconciliation": ["shop-user"]}), "role shop-user",
         "pending-reconciliation", "operator"),
        (with_roles_status(cannotReconcile={"shop-user": ["secret not found"]}), "role shop-user",
         "secret not found", "tries again"),
        (with_roles_status(byStatus={"reconciled": ["shop-user"]},
                           passwordStatus={"shop-user": {"resourceVersion": "5"}}),
         "role shop-user", "older version of the secret", "cnpg.io/reload"),
        (replace(FOUND, database=None), "Database postgres/shop-db", "is not there", "Argo CD"),
        (replace(FOUND, database={}), "Database postgres/shop-db", "has not looked", "log"),
        (replace(FOUND, database={"spec": {"ensure": "absent"}, "status": {"applied": True}}),
         "Database postgres/shop-db", "is to be absent", "ensure: present"),
        (replace(FOUND, database={"status": {"applied": False, "message": "role is missing"}}),
         "Database postgres/shop-db", "role is missing", "mend"),
        (replace(FOUND, database={"metadata": {"generation": 2},
                                  "status": {"applied": True, "observedGeneration": 1}}),
         "Database postgres/shop-db", "before its last change", "wait"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_cure(
    found: Found, what: str, said: str, cure: str
) -> None:
    [check] = bad(found)
    assert check.verdict is Verdict.BAD
    assert check.what.startswith(what)
    assert said in check.message
    assert cure in check.cure


def test_what_could_not_be_asked_is_not_called_good() -> None:
    nothing = Unreadable("connection refused")
    found = Found(nothing, nothing, {"shop": nothing}, nothing, nothing)
    checks = list(judge(SHOP, found))
    assert {one.verdict for one in checks} == {Verdict.UNKNOWN}
    assert {one.message for one in checks} == {"connection refused"}


def test_some_of_it_may_be_forbidden() -> None:
    found = replace(FOUND, secret=Unreadable("forbidden"))
    assert [(one.what, one.verdict) for one in bad(found)] == [
        ("Secret postgres/shop-db-creds", Verdict.UNKNOWN)
    ]


@pytest.mark.parametrize(
    ("sealed", "said"),
    [(Unreadable("forbidden"), "forbidden"), ({"metadata": {"generation": 1}}, "has no status")],
)
def test_a_secret_of_which_nobody_says_how_new_it_is_is_not_called_good(
    sealed: Any, said: str
) -> None:
    [check] = bad(replace(FOUND, sealed=sealed))
    assert check.verdict is Verdict.UNKNOWN
    assert said in check.message


@pytest.mark.parametrize(
    ("seen", "verdict", "message"),
    [
        ({"status": {"conditions": [{"type": "Complete", "status": "True"}]}}, "good", "ended"),
        ({"status": {"conditions": [{"type": "Failed", "status": "True"}]}}, "bad", "failed"),
        ({"status": {"active": 1}}, "bad", "has not ended"),
        (None, "bad", "is not there"),
        (Unreadable("forbidden"), "unknown", "forbidden"),
    ],
)
def test_the_job(seen: Any, verdict: str, message: str) -> None:
    check = judge_job("postgres", "pgtenant-apply", seen, digest="")
    assert (check.verdict, check.what) == (verdict, "Job postgres/pgtenant-apply")
    assert message in check.message
    assert (check.cure == "") == (verdict != "bad")


@pytest.mark.parametrize("annotations", [{}, {"pgtenant/digest": "of-the-last-commit"}])
def test_a_job_of_another_commit_proves_nothing(annotations: dict[str, str]) -> None:
    done = {"status": {"conditions": [{"type": "Complete", "status": "True"}]}}
    seen = {**done, "metadata": {"annotations": annotations}}
    check = judge_job("postgres", "pgtenant-apply", seen, digest="of-this-commit")
    assert (check.verdict, check.cure != "") == ("bad", True)
    assert "is of another commit" in check.message
    seen = {**done, "metadata": {"annotations": {"pgtenant/digest": "of-this-commit"}}}
    check = judge_job("postgres", "pgtenant-apply", seen, digest="of-this-commit")
    assert check.verdict == "good"


def test_pgtenants_own_password_is_sealed_again_with_all_others() -> None:
    own = replace(SHOP, key=OWN, database=None, copies=())
    [check] = bad(replace(FOUND, secret=None, sealed=None), own)[:1]
    assert OWN not in check.cure
