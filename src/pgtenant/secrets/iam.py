"""Tokens with which a role in `rds_iam` logs in to RDS.

They are signed here, with the credentials that boto3 finds; making one sends nothing to AWS. RDS
takes one for a quarter of an hour, where these credentials may `rds-db:connect` as that role.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from typing import TYPE_CHECKING, Any, Final

from pgtenant.errors import MissingExtraError
from pgtenant.secrets.aws_errors import explain
from pgtenant.secrets.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

_REGION_OF_HOST: Final = re.compile(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.rds\.amazonaws\.com(?:\.cn)?$")


class IamTokens:
    """Makes tokens for one instance.

    Attributes:
        host: the instance's own name: a token is for that name alone.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self._port = port
        self._lock = threading.Lock()
        self._sign: Callable[..., str] | None = None

    async def token(self, user: str) -> Secret:
        """Return a token for a role.

        Raises:
            MissingExtraError: boto3 is not installed.
            SecretError: it found no credentials or no region.
        """
        return Secret(await asyncio.to_thread(self._token, user))

    def _token(self, user: str) -> str:
        region = ""
        try:
            with self._lock:
                region, sign = self._signer()
                return sign(DBHostname=self.host, Port=self._port, DBUsername=user, Region=region)
        except ImportError:
            raise MissingExtraError("an IAM token takes boto3", extra="aws") from None
        except Exception as error:  # botocore lets ValueError and more escape
            failure = explain(error, region).error("rds-db:connect")
        raise failure

    def _signer(self) -> tuple[str, Callable[..., str]]:
        import boto3

        found = _REGION_OF_HOST.search(self.host)
        session = boto3.Session()
        region = found.group(1) if found else session.region_name or os.environ.get("AWS_REGION")
        if self._sign is None:
            client: Any = session.client("rds", region_name=region)
            self._sign = client.generate_db_auth_token
        return region or "", self._sign
