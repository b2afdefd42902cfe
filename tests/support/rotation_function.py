"""Secrets Manager on moto, whose rotations call the function in AWS: pgtenant's handler, for real.

All in this process, so that what moto invokes is the handler itself, with the variables that the
function was made with and nothing else of its caller's.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import uuid
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from unittest import mock

import boto3
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend

from pgtenant.rotation import handler
from support.instance import Instance
from support.moto import REGION, Moto

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


Run = Callable[[str, Mapping[str, str], Mapping[str, Any], io.StringIO], None]
"""Calls an entry point, with the function's variables and an event, and writes its log."""


class KilledError(BaseException):
    """The function was ended from outside: no code of its own runs any more."""


@dataclass(frozen=True, slots=True)
class InProcess(Moto):
    """The same as `Moto`, without a server: boto3 itself is diverted."""

    url: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "env", {"AWS_DEFAULT_REGION": REGION, "AWS_REGION": REGION})

    @contextlib.contextmanager
    def secrets(self) -> Iterator[SecretsManagerClient]:
        with contextlib.closing(boto3.client("secretsmanager", region_name=REGION)) as client:
            yield client


@dataclass(slots=True)
class Function:
    """The function, and Secrets Manager that calls it.

    Attributes:
        arn: the function's.
        run: how a call of it is made.
        said: its log so far.
        killed: `(step, when)` of the calls to come that are killed `before` or `after` their work.
        meanwhile: what happens in front of a step.
    """

    aws: InProcess
    arn: str
    run: Run
    said: str = ""
    killed: list[tuple[str, str]] = field(default_factory=list)
    meanwhile: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, str]] = field(default_factory=list)

    def rotate(self, secret: str, *, days: int = 30, immediately: bool = True) -> None:
        """Rotate as Secrets Manager does, from `RotateSecret` on."""
        with self.aws.secrets() as client:
            client.rotate_secret(
                SecretId=secret,
                RotationLambdaARN=self.arn,
                RotationRules={"AutomaticallyAfterDays": days},
                RotateImmediately=immediately,
            )

    def again(self, secret: str) -> None:
        """Repeat the whole rotation with its token, as Secrets Manager does after a failure.

        moto itself would make the pending version anew, and so forget its password.
        """
        token = self.events[-1]["ClientRequestToken"]
        for step in STEPS:
            self.call(step, secret, token)

    def call(self, step: str, secret: str, token: str) -> None:
        """Invoke it with one step."""
        body = {"Step": step, "SecretId": secret, "ClientRequestToken": token}
        _backend().invoke(self.arn, body=json.dumps(body))

    def begin(self, secret: str) -> str:
        """Make what Secrets Manager makes before its first call; return the token."""
        token = str(uuid.uuid4())
        with self.aws.secrets() as client, mock.patch.object(LambdaSimpleBackend, "invoke"):
            client.rotate_secret(
                SecretId=secret,
                ClientRequestToken=token,
                RotationLambdaARN=self.arn,
                RotationRules={"AutomaticallyAfterDays": 30},
            )
        return token

    def text(self, secret: str, stage: str = "AWSCURRENT") -> dict[str, Any]:
        """Return what a version says; by its label, or moto answers with another one."""
        with self.aws.secrets() as client:
            found = client.get_secret_value(SecretId=secret, VersionStage=stage)
        fields: dict[str, Any] = json.loads(found["SecretString"])
        return fields

    def stages(self, secret: str) -> list[str]:
        """Return the labels that versions have, sorted."""
        with self.aws.secrets() as client:
            versions = client.describe_secret(SecretId=secret)["VersionIdsToStages"]
        return sorted(stage for labels in versions.values() for stage in labels)

    def invoke(self, name: str, body: str) -> None:
        """What moto calls in place of a container."""
        made = _backend().get_function(name)
        event = json.loads(body)
        self.events.append(event)
        step = event.get("Step", "")
        self.meanwhile.pop(step, lambda: None)()
        self._maybe_killed(step, "before")
        log = io.StringIO()
        try:
            self.run(made.handler, made.environment_vars, event, log)
        finally:
            self.said += log.getvalue()
        self._maybe_killed(step, "after")

    def _maybe_killed(self, step: str, when: str) -> None:
        if (step, when) in self.killed:
            self.killed.remove((step, when))
            raise KilledError(step, when)


def in_this_process(
    entry_point: str, variables: Mapping[str, str], event: Mapping[str, Any], log: io.StringIO
) -> None:
    """Call the handler here, where nothing of it is kept but its clients."""
    module, _, name = entry_point.rpartition(".")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PGTENANT_")}
    environ = kept | {"AWS_REGION": REGION} | dict(variables)
    with mock.patch.dict(os.environ, environ, clear=True), contextlib.redirect_stderr(log):
        getattr(importlib.import_module(module), name)(event, None)


@contextlib.contextmanager
def deployed(
    instance: Instance, *, run: Run = in_this_process, **variables: str | None
) -> Iterator[Function]:
    """Deploy the function for an instance, with the variables that Terraform gives it, and others.

    Args:
        instance: where it sets passwords.
        run: how it is called.
        variables: instead of Terraform's; None takes one away.
    """
    given: dict[str, str | None] = {
        "PGTENANT_ENVIRONMENT": "dev",
        "PGTENANT_SECRETS_ADMIN": "goldenpath/dev/rds/master",
        "PGTENANT_SECRETS_APP": "goldenpath/{env}/{entry}/postgres",
        "PGTENANT_SERVER_MAINTENANCE_DATABASE": instance.admin.dbname,
        "PGTENANT_SERVER_SSLMODE": "verify-full",
        "PGTENANT_SERVER_SSLROOTCERT": str(instance.ca_file),
        "LAMBDA_TASK_ROOT": os.devnull.rsplit("/", 1)[0],
        **variables,
    }
    with mock_aws(config={"lambda": {"use_docker": False}}):
        iam = boto3.client("iam", region_name=REGION)
        role = iam.create_role(RoleName="rotation", AssumeRolePolicyDocument="{}")["Role"]
        made = boto3.client("lambda", region_name=REGION).create_function(
            FunctionName="goldenpath-dev-password-rotation",
            Runtime="python3.12",
            Role=role["Arn"],
            Handler="pgtenant.rotation.handler.lambda_handler",
            Code={"ZipFile": _some_zip()},
            Environment={"Variables": {k: v for k, v in given.items() if v is not None}},
        )
        function = Function(InProcess(), made["FunctionArn"], run)

        def invoke(_self: object, function_name: str, *, body: str, **_others: object) -> bytes:
            function.invoke(function_name, body)
            return b"null"

        handler._stores.cache_clear()
        try:
            with mock.patch.object(LambdaSimpleBackend, "invoke", invoke):
                yield function
        finally:
            handler._stores.cache_clear()


def _backend() -> Any:
    from moto.awslambda_simple.models import lambda_simple_backends

    return lambda_simple_backends["123456789012"][REGION]


def _some_zip() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("empty.txt", "")
    return content.getvalue()
