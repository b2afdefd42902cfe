"""Runs in S3: one object each, put under the condition that there is none yet.

The object holds the run's lines of the journal as they are, so each is a published head, too.
"""

from __future__ import annotations

import os
import urllib.parse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pgtenant.codes import Code
from pgtenant.errors import AuditError, MissingExtraError, SettingsError
from pgtenant.settings.specs import BUCKET_URL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pgtenant.audit.chain import Link

_TIMEOUT: Final = 10.0  # seconds, for a connection and for an answer
_ATTEMPTS: Final = 4
_TAKEN: Final = {"PreconditionFailed", "412"}


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where runs go: `s3://name/prefix`."""

    name: str
    prefix: str

    def key(self, environment: str, run_id: str) -> str:
        """Return the key of a run's object; a run id that CI made may hold anything."""
        name = urllib.parse.quote(run_id, safe=":")
        return "/".join(part for part in (self.prefix, environment, f"{name}.jsonl") if part)


def parse_bucket(url: str) -> Bucket:
    """Read `s3://bucket/prefix`.

    Raises:
        SettingsError: it is something else.
    """
    match = BUCKET_URL.fullmatch(url)
    if match is None:
        raise SettingsError(
            f"{url!r} is not a place in S3",
            hint="write it as s3://bucket or s3://bucket/prefix",
            code=Code.SETTINGS,
        )
    return Bucket(match[1], (match[2] or "").strip("/"))


class S3Sink:
    """Puts runs into a bucket.

    Region, credentials and endpoint are found by boto3, when the first object is put.

    Raises:
        MissingExtraError: boto3 is not installed.
    """

    def __init__(self, bucket: Bucket) -> None:
        try:
            import boto3  # noqa: F401 (only here does anybody need to wait for it)
        except ImportError:
            raise MissingExtraError(
                "the audit in S3 needs boto3", extra="aws", instead="unset [project] audit_s3"
            ) from None
        self._bucket = bucket
        self._client: Any = None

    def put(self, environment: str, run_id: str, links: Sequence[Link]) -> bool:
        """Put a run's records, unless exactly they are there already.

        Returns:
            Whether they were put now.

        Raises:
            AuditError: they can't be put, or another object has the name; it stays as it is.
        """
        body = b"".join(link.line for link in links)
        key = self._bucket.key(environment, run_id)
        where = f"s3://{self._bucket.name}/{key}"
        try:
            return self._put(key, body, where)
        except AuditError:
            raise
        except Exception as error:  # botocore lets ValueError and more escape
            said = " ".join(str(error).split())[:300]
            raise AuditError(
                f"{where} can't be written: {said}",
                hint="allow s3:PutObject there, and check the region and the endpoint",
                code=Code.AUDIT_UPLOAD,
            ) from None

    def _put(self, key: str, body: bytes, where: str) -> bool:
        from botocore.exceptions import ClientError

        if self._client is None:
            self._client = _new_client()
        try:
            self._client.put_object(
                Bucket=self._bucket.name,
                Key=key,
                Body=body,
                IfNoneMatch="*",
                ContentType="application/x-ndjson",
                ChecksumAlgorithm="SHA256",  # what a bucket with Object Lock insists on
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _TAKEN:
                raise
        else:
            return True
        try:
            found = self._client.get_object(Bucket=self._bucket.name, Key=key)["Body"].read()
        except ClientError:
            raise AuditError(
                f"{where} exists already and can't be read to compare it; it was left as it is",
                hint="allow s3:GetObject there, or compare it by hand",
                code=Code.AUDIT_UPLOAD,
            ) from None
        if found != body:
            raise AuditError(
                f"{where} exists already and holds something else; it was left as it is",
                hint="give each run a --run-id of its own; if you did, ask who wrote this one",
                code=Code.AUDIT_UPLOAD,
            )
        return False


def _new_client() -> Any:
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=_TIMEOUT,
        read_timeout=_TIMEOUT,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    session = boto3.Session()
    # boto3 alone among AWS's SDKs does not know AWS_REGION.
    region = session.region_name or os.environ.get("AWS_REGION")
    return session.client("s3", region_name=region, config=config)
