"""The AWS endpoint that the tests of the secret store rely on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from support.moto import Moto


@pytest.mark.parametrize("round_", range(2))
def test_endpoint_is_found_by_environment_and_empty_each_time(
    moto_server: Moto, monkeypatch: pytest.MonkeyPatch, round_: int
) -> None:
    for name, value in moto_server.env.items():
        monkeypatch.setenv(name, value)
    with moto_server.secrets() as client:
        assert client.list_secrets()["SecretList"] == []
    moto_server.put_secret("goldenpath/dev/keycloak/postgres", {"username": "keycloak"})
    client = boto3.client("secretsmanager")
    answer = client.get_secret_value(SecretId="goldenpath/dev/keycloak/postgres")
    client.close()
    assert json.loads(answer["SecretString"]) == {"username": "keycloak"}
    assert moto_server.url.startswith("http://127.0.0.1:")
    assert round_ in {0, 1}
