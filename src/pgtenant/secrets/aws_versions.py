"""Versions in AWS Secrets Manager, by their staging labels.

Every text is read with the id and the label of its version: what has the label may change
between two calls, and services that imitate this one answer with any version otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pgtenant.codes import Code
from pgtenant.errors import MissingSecretError
from pgtenant.rotation.stages import CURRENT, PENDING, Version, Versions
from pgtenant.secrets.aws_errors import AwsFailure, explain, explain_call

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

_T = TypeVar("_T")

_MAY_LOOK: Final = "allow secretsmanager:DescribeSecret and secretsmanager:GetSecretValue on it"
_MAY_ROTATE: Final = (
    "allow secretsmanager:PutSecretValue and secretsmanager:UpdateSecretVersionStage on it, and"
    " kms:GenerateDataKey and kms:Decrypt on its key"
)


class AwsVersions:
    """See `VersionedStore`."""

    def __init__(self, client: Callable[[], SecretsManagerClient]) -> None:
        self._client = client

    async def versions(self, name: str) -> Versions:
        """Describe a secret; see `VersionedStore.versions`."""

        def look(client: SecretsManagerClient) -> Versions:
            return _described(client, name)

        return await self._call(name, look, _looking)

    async def text(self, name: str, version: Version, stage: str) -> str:
        """Read one version; see `VersionedStore.text`."""

        def read(client: SecretsManagerClient) -> str | None:
            answer = client.get_secret_value(
                SecretId=name, VersionId=version.id, VersionStage=stage
            )
            return answer.get("SecretString")

        text = await self._call(name, read, explain)
        if text is None:
            raise MissingSecretError(
                f"secret {name}: the version {version.id} is binary",
                hint="store it as text (SecretString): one JSON object",
                code=Code.SECRET_CONTENT,
            )
        return text

    async def propose(self, name: str, token: str, text: str) -> Version:
        """Store a pending version; see `VersionedStore.propose`."""

        def put(client: SecretsManagerClient) -> Version:
            answer = client.put_secret_value(
                SecretId=name,
                ClientRequestToken=token,
                SecretString=text,
                VersionStages=[PENDING],
            )
            return Version(answer["VersionId"], frozenset({PENDING}))

        return await self._call(name, put, _rotating)

    async def promote(self, name: str, version: Version, current: Version) -> None:
        """Move the label of the current version; see `VersionedStore.promote`."""

        def move(client: SecretsManagerClient) -> None:
            try:
                client.update_secret_version_stage(
                    SecretId=name,
                    VersionStage=CURRENT,
                    MoveToVersionId=version.id,
                    RemoveFromVersionId=current.id,
                )
            except Exception:
                # An attempt whose answer was lost: the next one does not find the label there.
                now = _described(client, name).current
                if now is None or now.id != version.id:
                    raise

        await self._call(name, move, _rotating)

    async def withdraw(self, name: str, version: Version) -> None:
        """Take the label of the pending version away; see `VersionedStore.withdraw`."""

        def take(client: SecretsManagerClient) -> None:
            found = _described(client, name).find(version.id)
            if found is not None and PENDING in found.stages:
                client.update_secret_version_stage(
                    SecretId=name, VersionStage=PENDING, RemoveFromVersionId=version.id
                )

        await self._call(name, take, _rotating)

    async def _call(
        self,
        name: str,
        call: Callable[[SecretsManagerClient], _T],
        explained: Callable[[Exception, str], AwsFailure],
    ) -> _T:
        return await asyncio.to_thread(self._called, name, call, explained)

    def _called(
        self,
        name: str,
        call: Callable[[SecretsManagerClient], _T],
        explained: Callable[[Exception, str], AwsFailure],
    ) -> _T:
        region = ""
        try:
            client = self._client()
            region = client.meta.region_name
            return call(client)
        except Exception as error:  # botocore lets ValueError and more escape
            failure = explained(error, region).error(name)
        # Outside of the handler: botocore's errors hold the parameters of the call.
        raise failure


def _looking(error: Exception, region: str) -> AwsFailure:
    return explain_call(error, region, "looked at", _MAY_LOOK)


def _rotating(error: Exception, region: str) -> AwsFailure:
    return explain_call(error, region, "rotated", _MAY_ROTATE)


def _described(client: SecretsManagerClient, name: str) -> Versions:
    # Not typed by boto3's stubs as optional, which `OwningService` and others are.
    told: Any = client.describe_secret(SecretId=name)
    stages: dict[str, list[str]] = told.get("VersionIdsToStages") or {}
    current = next((one for one, labels in stages.items() if CURRENT in labels), None)
    created = None
    if current is not None:
        # The secret's own dates are of any change to it; only a version's is the password's.
        answer = client.get_secret_value(SecretId=name, VersionId=current, VersionStage=CURRENT)
        created = answer["CreatedDate"]
    return Versions(
        name=name,
        versions=tuple(
            Version(one, frozenset(labels), created if one == current else None)
            for one, labels in sorted(stages.items())
        ),
        automatic=bool(told.get("RotationEnabled")),
        owner=told.get("OwningService") or "",
    )
