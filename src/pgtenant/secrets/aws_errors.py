"""What goes wrong between us and Secrets Manager, in words that say what to do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from pgtenant.codes import Code
from pgtenant.errors import MissingSecretError, SecretError

_MOST_TEXT: Final = 300

_SIGN_IN: Final = (
    "give boto3 credentials: AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
    "or the service account's IAM role"
)
_REACH: Final = "check the network, AWS_ENDPOINT_URL and the region (AWS_DEFAULT_REGION)"
_NAME: Final = "check the secret's name, AWS_DEFAULT_REGION and AWS_ENDPOINT_URL"
_REGION: Final = "set AWS_DEFAULT_REGION, or region in the AWS profile"

_MAY_WRITE: Final = (
    "allow secretsmanager:PutSecretValue and secretsmanager:CreateSecret on it, and"
    " kms:GenerateDataKey and kms:Decrypt on its key"
)

# By the class's name: botocore must not be imported for a module that may not need it.
_ACCESS: Final[dict[str, tuple[str, str]]] = {
    "NoCredentialsError": ("there are no AWS credentials", _SIGN_IN),
    "PartialCredentialsError": ("the AWS credentials are incomplete", _SIGN_IN),
    "CredentialRetrievalError": ("the AWS credentials can't be obtained", _SIGN_IN),
    "ProfileNotFound": ("the AWS profile does not exist", "set AWS_PROFILE to one that does"),
    "NoRegionError": ("no AWS region is set", _REGION),
    "InvalidRegionError": ("the AWS region is not a valid name", _REGION),
}
_WAY: Final[dict[str, tuple[str, str]]] = {
    "EndpointConnectionError": ("Secrets Manager can't be reached", _REACH),
    "ConnectTimeoutError": ("Secrets Manager does not answer", _REACH),
    "ReadTimeoutError": ("Secrets Manager does not answer", _REACH),
    "ConnectionClosedError": ("Secrets Manager closed the connection", _REACH),
    "ProxyConnectionError": ("the proxy can't be reached", "check HTTPS_PROXY and NO_PROXY"),
    "SSLError": ("TLS with Secrets Manager failed", "check AWS_CA_BUNDLE and AWS_ENDPOINT_URL"),
}
_CLIENT_SIDE: Final = {
    **{name: (*said, Code.AWS_CREDENTIALS) for name, said in _ACCESS.items()},
    **{name: (*said, Code.SECRETS_MANAGER) for name, said in _WAY.items()},
}

# By the service's error code: what is wrong, what to do, and whether it would meet every secret.
_SERVICE_SIDE: Final[dict[str, tuple[str, str, bool]]] = {
    "ResourceNotFoundException": (
        "does not exist",
        "create it, or correct the name in the settings or the catalog",
        False,
    ),
    "AccessDeniedException": (
        "may not be read",
        "allow secretsmanager:GetSecretValue on it (and kms:Decrypt on its key)",
        False,
    ),
    "DecryptionFailure": ("can't be decrypted", "allow kms:Decrypt on its key", False),
    "ThrottlingException": ("was throttled, also after several attempts", "try again", False),
    "InternalServiceError": ("could not be served", "try again", False),
    "ExpiredTokenException": ("can't be read: the credentials have expired", "sign in again", True),
    "UnrecognizedClientException": ("can't be read: the credentials are unknown", _SIGN_IN, True),
    "InvalidClientTokenId": ("can't be read: the credentials are unknown", _SIGN_IN, True),
    "InvalidSignatureException": (
        "can't be read: the signature is wrong",
        "check the secret access key and the clock",
        True,
    ),
    "InvalidIdentityToken": (
        "can't be read: the service account's token is refused",
        "check the IAM role's trust policy and the OIDC provider",
        True,
    ),
}

_CODES: Final[dict[str, Code]] = {
    "ResourceNotFoundException": Code.SECRET_MISSING,
    "AccessDeniedException": Code.SECRET_FORBIDDEN,
    "DecryptionFailure": Code.SECRET_FORBIDDEN,
}
_SIGN_IN_CODES: Final = frozenset(code for code, known in _SERVICE_SIDE.items() if known[2])


@dataclass(frozen=True, slots=True)
class AwsFailure:
    """Why a secret could not be read.

    Attributes:
        problem: to follow the secret's name.
        hint: what to do.
        everyone: whether asking for another secret would fail in the same way.
        code: what it is about; `SECRET_MISSING` when there is no such secret, or none with a value.
    """

    problem: str
    hint: str
    everyone: bool
    code: Code

    def error(self, name: str) -> SecretError:
        """Return the error for one secret."""
        missing = self.code is Code.SECRET_MISSING
        kind = MissingSecretError if missing else SecretError
        return kind(f"secret {name}{self.problem}", hint=self.hint, code=self.code)


def explain(error: Exception, region: str) -> AwsFailure:
    """Say what an exception of boto3 means.

    Args:
        error: what the call raised.
        region: the client's region, empty when there is no client yet.
    """
    where = f" (region {region})" if region else ""
    for kind in type(error).__mro__:
        if found := _CLIENT_SIDE.get(kind.__name__):
            problem, hint, code = found
            told = f"{where} can't be read: {problem} ({_one_line(str(error))})"
            return AwsFailure(told, hint, everyone=True, code=code)
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        detail = f"{type(error).__name__}: {_one_line(str(error))}"
        # Without a client, it is the configuration, which every secret shares.
        told = f"{where} can't be read: {detail}"
        return AwsFailure(told, _NAME, everyone=not region, code=Code.SECRETS_MANAGER)
    return _service_side(error, response, where)


def explain_write(error: Exception, region: str) -> AwsFailure:
    """Say what an exception of boto3 means that came from writing a secret."""
    return explain_call(error, region, "written", _MAY_WRITE)


def explain_call(error: Exception, region: str, done: str, permissions: str) -> AwsFailure:
    """Say what an exception of boto3 means that came from anything but reading a text.

    Args:
        error: what the call raised.
        region: the client's region, empty when there is no client yet.
        done: what the secret can't be: `written`.
        permissions: which ones the call needs.
    """
    response = getattr(error, "response", None)
    details = response.get("Error") if isinstance(response, dict) else None
    if not isinstance(details, dict) or details.get("Code") in _SIGN_IN_CODES:
        failure = explain(error, region)
        problem = failure.problem.replace("can't be read", f"can't be {done}")
        return replace(failure, problem=problem)
    operation = str(getattr(error, "operation_name", "PutSecretValue"))
    code, said = details.get("Code", ""), _one_line(str(details.get("Message", "")))
    return AwsFailure(
        f" (region {region}) can't be {done}: {operation} failed with {code} ({said})",
        permissions,
        everyone=False,
        code=_CODES.get(code, Code.SECRET_UNWRITTEN),
    )


def _service_side(error: Exception, response: dict[str, object], where: str) -> AwsFailure:
    raw = response.get("Error")
    details: dict[str, object] = raw if isinstance(raw, dict) else {}
    code, said = str(details.get("Code", "")), _one_line(str(details.get("Message", "")))
    operation = str(getattr(error, "operation_name", "GetSecretValue"))
    if operation != "GetSecretValue":  # of another service, on the way to credentials
        problem = f"{where} can't be read: {operation} failed with {code} ({said})"
        return AwsFailure(problem, _SIGN_IN, everyone=True, code=Code.AWS_CREDENTIALS)
    if code == "ResourceNotFoundException" and "staging label" in said:
        return AwsFailure(
            f"{where} exists, but has no current value",
            "store its value",
            everyone=False,
            code=Code.SECRET_MISSING,
        )
    if code == "InvalidRequestException" and "delet" in said:
        told = f"{where} is marked for deletion"
        return AwsFailure(
            told, "restore it (RestoreSecret)", everyone=False, code=Code.SECRET_DELETED
        )
    known = _SERVICE_SIDE.get(code)
    problem, hint, everyone = known or ("can't be read", _NAME, False)
    about = Code.AWS_CREDENTIALS if everyone else _CODES.get(code, Code.SECRETS_MANAGER)
    return AwsFailure(f"{where} {problem} ({code}: {said})", hint, everyone=everyone, code=about)


def _one_line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _MOST_TEXT else line[: _MOST_TEXT - 3] + "..."
