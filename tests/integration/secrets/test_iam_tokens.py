"""Tokens for roles in `rds_iam`: signed here, for one host and one role."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from pgtenant.errors import SecretError
from pgtenant.secrets.iam import IamTokens

RDS = "goldenpath.abc123.eu-west-1.rds.amazonaws.com"


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake-key-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake-secret")


def made(host: str) -> str:
    return asyncio.run(IamTokens(host, 5432).token("orders_reader")).reveal()


@pytest.mark.usefixtures("nobody", "somebody")
def test_a_token_is_for_one_role_of_one_host() -> None:
    token = urlsplit(f"//{made(RDS)}")
    fields = parse_qs(token.query)
    assert (token.hostname, token.port) == (RDS, 5432)
    assert fields["DBUser"] == ["orders_reader"]
    assert "/eu-west-1/rds-db/" in fields["X-Amz-Credential"][0]


@pytest.mark.usefixtures("nobody", "somebody")
def test_another_name_takes_the_region_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SecretError, match="region"):
        made("db.internal")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert "eu-central-1" in made("db.internal")


@pytest.mark.usefixtures("nobody")
def test_without_credentials_there_is_none() -> None:
    with pytest.raises(SecretError, match="credentials"):
        made(RDS)
