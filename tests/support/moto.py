"""AWS Secrets Manager on loopback, spoken to by the real boto3."""

from __future__ import annotations

import contextlib
import json
import logging
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from types_boto3_secretsmanager import SecretsManagerClient

REGION = "eu-west-2"


@dataclass(frozen=True, slots=True)
class Moto:
    """The service.

    Attributes:
        url: its endpoint.
        env: the environment variables with which boto3, in any process, uses it and nothing else.
    """

    url: str
    env: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        env = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_SESSION_TOKEN": "testing",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        object.__setattr__(self, "env", env)

    @contextlib.contextmanager
    def secrets(self) -> Iterator[SecretsManagerClient]:
        """A client, whatever the environment says."""
        import boto3

        client = boto3.client(
            "secretsmanager",
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        with contextlib.closing(client):
            yield client

    def put_secret(self, name: str, value: Mapping[str, Any] | str) -> None:
        """Creates a secret; a mapping is stored as JSON."""
        text = value if isinstance(value, str) else json.dumps(dict(value))
        with self.secrets() as client:
            client.create_secret(Name=name, SecretString=text)

    def store_secret(self, name: str, value: Mapping[str, Any]) -> None:
        """Creates a secret, or gives it a new version."""
        with self.secrets() as client:
            try:
                client.create_secret(Name=name, SecretString=json.dumps(dict(value)))
            except client.exceptions.ResourceExistsException:
                client.put_secret_value(SecretId=name, SecretString=json.dumps(dict(value)))

    def names(self) -> set[str]:
        """The names of all secrets."""
        with self.secrets() as client:
            pages = client.get_paginator("list_secrets").paginate()
            return {secret["Name"] for page in pages for secret in page["SecretList"]}

    def reset(self) -> None:
        """Forgets everything."""
        request = urllib.request.Request(f"{self.url}/moto-api/reset", method="POST")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request):
            pass


@contextlib.contextmanager
def serve() -> Iterator[Moto]:
    """Runs the service in a thread."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield Moto(f"http://{host}:{port}")
    finally:
        server.stop()
        if server._server is not None:
            server._server.server_close()
