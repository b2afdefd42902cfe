"""AWS Secrets Manager, through boto3.

Reading: one `GetSecretValue` for each name. `BatchGetSecretValue` needs a permission of its own and
`ListSecrets`, which no policy that was written for `GetSecretValue` grants.
"""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from pgtenant.codes import Code
from pgtenant.errors import MissingExtraError, SecretError
from pgtenant.secrets.aws_errors import AwsFailure, explain, explain_write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_secretsmanager import SecretsManagerClient

WORKERS: Final = 16
# Failures wait for 7 s on average before the last attempt, which is also how long a wrong
# endpoint takes to be reported.
ATTEMPTS: Final = 5
CONNECT_TIMEOUT: Final = 3.0
READ_TIMEOUT: Final = 10.0


class AwsStore:
    """Reads and writes secrets in AWS Secrets Manager, always the version `AWSCURRENT`.

    Region, credentials (environment, profile, SSO, IRSA, instance role) and endpoint
    (`AWS_ENDPOINT_URL`) are found by boto3, in its own order. The first `fetch` does that.

    Raises:
        MissingExtraError: boto3 is not installed.
    """

    def __init__(self) -> None:
        try:
            import boto3  # noqa: F401 (only here does anybody need to wait for it)
        except ImportError:
            raise MissingExtraError(
                "the secret store 'aws' needs boto3",
                extra="aws",
                instead='set [secrets] store = "file"',
            ) from None
        self._lock = threading.Lock()
        self._client: SecretsManagerClient | None = None
        self._versions: dict[str, str] = {}

    async def fetch(self, names: Sequence[str]) -> Mapping[str, str | SecretError]:
        """Read secrets; see `SecretStore.fetch`.

        A failure that would meet every secret (no credentials, no way to the endpoint) is
        found once: names that were not yet asked for get the same error at once.
        """
        unique = list(dict.fromkeys(names))
        loop = asyncio.get_running_loop()
        everyone: list[AwsFailure] = []  # the first failure that would meet every secret
        pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="secrets")
        try:
            results = await asyncio.gather(
                *(loop.run_in_executor(pool, self._read, name, everyone) for name in unique)
            )
        finally:
            # Not waited for: after Ctrl-C nobody wants to see the remaining secrets arrive.
            pool.shutdown(wait=False, cancel_futures=True)
        return dict(zip(unique, results, strict=True))

    def version(self, name: str) -> str:
        """Return its `VersionId`; see `SecretStore.version`."""
        return self._versions.get(name, "")

    async def put(self, name: str, text: str) -> None:
        """Write a secret; see `SecretStore.put`."""
        await asyncio.to_thread(self._write, name, text)

    def _write(self, name: str, text: str) -> None:
        region = ""
        try:
            client = self.client()
            region = client.meta.region_name
            # The value first: Terraform makes secrets without one, and may alone create them.
            try:
                client.put_secret_value(SecretId=name, SecretString=text)
            except client.exceptions.ResourceNotFoundException:
                client.create_secret(Name=name, SecretString=text)
        except Exception as error:  # botocore lets ValueError and more escape
            failure = explain_write(error, region).error(name)
        else:
            return
        # Outside of the handler: botocore's errors hold the parameters of the call.
        raise failure

    def _read(self, name: str, everyone: list[AwsFailure]) -> str | SecretError:
        if everyone:
            return everyone[0].error(name)
        region = ""
        try:
            client = self.client()
            region = client.meta.region_name
            # Named, though it is the default of the service: others answer with any version.
            answer: Any = client.get_secret_value(SecretId=name, VersionStage="AWSCURRENT")
        except Exception as error:  # botocore lets ValueError and more escape
            failure = explain(error, region)
            if failure.everyone:
                everyone.append(failure)
            return failure.error(name)
        text: str | None = answer.get("SecretString")
        if text is None:
            return SecretError(
                f"secret {name} (region {region}) is binary",
                hint="store it as text (SecretString): one JSON object",
                code=Code.SECRET_CONTENT,
            )
        self._versions[name] = str(answer.get("VersionId") or "")
        return text

    def client(self) -> SecretsManagerClient:
        """Return the one client; boto3's clients may be shared by threads, sessions may not.

        Raises:
            Exception: whatever boto3 raises where it finds no region or profile.
        """
        with self._lock:
            if self._client is None:
                self._client = _new_client()
            return self._client


def _new_client() -> SecretsManagerClient:
    import boto3
    import botocore.session
    from botocore.config import Config

    core = botocore.session.get_session()
    # Who sets AWS_MAX_ATTEMPTS or the profile's max_attempts gets that; the mode is ours,
    # because older versions' default does not retry all kinds of throttling. Not "adaptive":
    # 16 workers are a limit already, and its own one recovers slowly.
    attempts: Any = core.get_config_variable("max_attempts") or ATTEMPTS
    config = Config(
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        max_pool_connections=WORKERS,
        retries={"mode": "standard", "total_max_attempts": int(attempts)},
    )
    session = boto3.Session(botocore_session=core)
    # boto3 alone among AWS's SDKs does not know AWS_REGION.
    region = session.region_name or os.environ.get("AWS_REGION")
    return session.client("secretsmanager", region_name=region, config=config)
