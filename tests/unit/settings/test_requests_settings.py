"""Who approves requests, and what they may say, as pgtenant.toml has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgtenant.errors import SettingsError
from pgtenant.settings import Route, load

ROUTES = """
[requests]
teams = ["app-team", "web-team"]
[[requests.routes]]
environments = ["prod", "staging"]
risks = ["high"]
approvers = ["security-team", "@example/platform"]
[[requests.routes]]
sizes = ["small"]
approvers = []
[environments.prod]
instance_class = "db.r6g.xlarge"
"""
SAME = (
    Route(("prod", "staging"), ("high",), (), ("security-team", "@example/platform")),
    Route((), (), ("small",), ()),
)


def test_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "pgtenant.toml").write_text(ROUTES)
    found = load(tmp_path, environ={})
    assert found.requests.routes == SAME
    assert found.requests.teams == ("app-team", "web-team")
    assert found.instance_class("prod") == "db.r6g.xlarge"
    assert found.instance_class("dev") == "db.t3.medium"


def test_from_variables(tmp_path: Path) -> None:
    environ = {
        "PGTENANT_REQUESTS_ROUTES": '[{"risks": ["low"], "approvers": ["a"]}]',
        "PGTENANT_REQUESTS_DOMAINS": "application, data",
        "PGTENANT_ENVIRONMENTS_EU_DEV_INSTANCE_CLASS": "db.t4g.small",
    }
    found = load(tmp_path, environ=environ)
    assert found.requests.routes == (Route(risks=("low",), approvers=("a",)),)
    assert found.requests.domains == ("application", "data")
    assert found.instance_class("eu-dev") == "db.t4g.small"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('routes = "x"', "is not JSON"),
        ("routes = [1]", "number 1 is not a table"),
        ('routes = [{risks = ["low"]}]', "has no approvers"),
        ('routes = [{risk = ["low"], approvers = []}]', "unknown member 'risk'"),
        ('routes = [{risks = [], approvers = ["a"]}]', "risks of number 1 is empty"),
        ('routes = [{risks = ["low", "low"], approvers = ["a"]}]', "names something twice"),
        ('teams = ["a b"]', "is no name"),
        ("teams = 1", "must be a list of names"),
        ('entity = "x/{env}.yaml"', "lacks the placeholder {entry}"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "pgtenant.toml").write_text(f"[requests]\n{text}\n")
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, environ={})
    assert said in caught.value.message
