"""Who has to approve: the policy of the documents, and a policy of one's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgtenant.catalog.model import AccessLevel
from pgtenant.errors import SettingsError
from pgtenant.requests.routing import branch, labels, route
from pgtenant.settings import RequestsSettings, Route
from pgtenant.settings.requests import DEFAULT_ROUTES

POLICY = RequestsSettings(
    catalog="c.yaml",
    entity="{env}/{entry}.yaml",
    instance="i-{env}",
    teams=(),
    domains=(),
    approvers=("platform-team",),
    routes=DEFAULT_ROUTES,
)


@pytest.mark.parametrize(
    ("environment", "risk", "size", "approvers"),
    [
        ("dev", "medium", "small", ()),
        ("dev", "medium", None, ()),
        ("test", "low", "small", ()),
        ("dev", "high", "small", ("security-team",)),
        ("dev", "low", "medium", ("platform-team",)),
        ("dev", "access", "large", ("security-team", "platform-team", "database-team")),
        ("staging", "low", "small", ("platform-team",)),
        ("prod", "low", "small", ("platform-team",)),
        ("prod", "high", "xlarge", ("platform-team", "security-team", "database-team")),
        ("production", "low", "small", ("platform-team",)),
        ("dev", None, "small", ()),
    ],
)
def test_the_documents_policy(
    environment: str, risk: str | None, size: str | None, approvers: tuple[str, ...]
) -> None:
    found = route(POLICY, environment, risk, size)
    assert found.approvers == approvers
    assert found.self_serve is (not approvers)


@pytest.mark.parametrize("level", [AccessLevel.EDITOR, AccessLevel.READER])
def test_who_reads_what_another_role_owns_is_of_the_risk_access(level: AccessLevel) -> None:
    assert route(POLICY, "dev", "none", "small", level=level).approvers == ("security-team",)
    alone = replace(POLICY, routes=(Route(environments=("dev",)),))
    assert route(alone, "dev", "none", "small").self_serve
    assert route(alone, "dev", "none", "small", level=level).approvers == ("platform-team",)


def test_a_secret_that_terraform_does_not_make_is_never_self_serve() -> None:
    found = route(POLICY, "dev", "low", "small", secret="a/secret")
    assert found.approvers == ("platform-team",)
    found = route(POLICY, "dev", "high", "small", secret="a/secret")
    assert found.approvers == ("security-team",)


def test_what_no_rule_is_about_is_not_self_serve() -> None:
    nothing = replace(POLICY, routes=())
    assert route(nothing, "dev", "none", "small").approvers == ("platform-team",)


def test_a_rule_about_a_risk_that_there_is_not_is_an_error() -> None:
    policy = replace(POLICY, routes=(Route(risks=("hihg",), approvers=("a",)),))
    with pytest.raises(SettingsError, match='did you mean "high"'):
        route(policy, "dev", "low", None)


def test_the_pull_request() -> None:
    assert labels("dev", "medium") == ("rds-database", "dev", "medium-risk")
    assert branch("dev", "inventory_service") == "database/create-dev-inventory_service"
