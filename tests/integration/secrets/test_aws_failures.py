"""How Secrets Manager fails, by an endpoint that does what moto can't be made to do."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
import traceback
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pgtenant.errors import SecretError
from pgtenant.secrets import open_store
from pgtenant.secrets.aws import WORKERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Answer = tuple[int, dict[str, Any]]

SENTINEL = "sentinel-Pa55word"
NAME = "goldenpath/dev/keycloak/postgres"
pytestmark = pytest.mark.usefixtures("aws")


class Endpoint:
    """Answers `GetSecretValue`.

    Attributes:
        answer: from the secret's name and the number of the attempt to status and body.
        requests: the bodies that came.
        attempts: their number by secret.
        most_at_once: the most requests that were open at the same time.
    """

    def __init__(self, answer: Callable[[str, int], Answer]) -> None:
        self.answer = answer
        self.requests: list[dict[str, Any]] = []
        self.attempts: Counter[str] = Counter()
        self.most_at_once = 0
        self.now = 0
        self.lock = threading.Lock()
        self.url = ""


def refusal(code: str, message: str, status: int = 400) -> Answer:
    return status, {"__type": code, "message": message}


def text(text: str) -> Answer:
    return 200, {"Name": "x", "SecretString": text, "VersionStages": ["AWSCURRENT"]}


@contextlib.contextmanager
def serve(answer: Callable[[str, int], Answer]) -> Iterator[Endpoint]:
    endpoint = Endpoint(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name = body["SecretId"]
            with endpoint.lock:
                endpoint.requests.append(body)
                endpoint.attempts[name] += 1
                attempt = endpoint.attempts[name]
                endpoint.now += 1
                endpoint.most_at_once = max(endpoint.most_at_once, endpoint.now)
            status, document = endpoint.answer(name, attempt)
            with endpoint.lock:
                endpoint.now -= 1
            payload = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        endpoint.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()


def fetch(*names: str) -> dict[str, str | SecretError]:
    return dict(asyncio.run(open_store("aws", directory="", project=Path()).fetch(names)))


def errors(*names: str) -> list[SecretError]:
    found = []
    for name, error in fetch(*names).items():
        assert isinstance(error, SecretError)
        assert name in error.message
        assert error.hint
        shown = "".join(traceback.format_exception(error)) + repr(vars(error))
        assert SENTINEL not in shown
        assert "\n" not in error.message
        found.append(error)
    return found


NAMES = [f"s{number}" for number in range(300)]


def test_without_credentials_nobody_asks_three_hundred_times(aws: pytest.MonkeyPatch) -> None:
    aws.delenv("AWS_ACCESS_KEY_ID")
    aws.delenv("AWS_SECRET_ACCESS_KEY")
    aws.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    found = errors(*NAMES)
    assert len(found) == 300
    assert {"there are no AWS credentials" in error.message for error in found} == {True}
    assert "AWS_PROFILE" in found[0].hint


@pytest.mark.parametrize(
    ("change", "problem", "hint"),
    [
        ({"AWS_DEFAULT_REGION": None}, "no AWS region is set", "AWS_DEFAULT_REGION"),
        ({"AWS_DEFAULT_REGION": "not a region"}, "can't be read: ", "AWS_"),
        ({"AWS_PROFILE": "nobody"}, "the AWS profile does not exist", "AWS_PROFILE"),
        ({"AWS_SECRET_ACCESS_KEY": None}, "the AWS credentials are incomplete", "AWS_PROFILE"),
        ({"AWS_ENDPOINT_URL": "not a url"}, "can't be read: ", "AWS_ENDPOINT_URL"),
        ({"AWS_MAX_ATTEMPTS": "many"}, "can't be read: ", "AWS_"),
    ],
)
def test_an_environment_that_does_not_fit(
    aws: pytest.MonkeyPatch, change: dict[str, str | None], problem: str, hint: str
) -> None:
    for name, value in change.items():
        if value is None:
            aws.delenv(name)
        else:
            aws.setenv(name, value)
    [error] = errors(NAME)
    assert problem in error.message
    assert hint in error.hint


@pytest.mark.timeout(60)  # asked once, not 300 times
def test_an_endpoint_that_is_not_there(aws: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    aws.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    aws.setenv("AWS_MAX_ATTEMPTS", "1")
    found = errors(*NAMES)
    assert len(found) == 300
    assert "Secrets Manager can't be reached" in found[-1].message
    assert f"127.0.0.1:{port}" in found[-1].message


def test_throttling_is_waited_out(aws: pytest.MonkeyPatch) -> None:
    def answer(name: str, attempt: int) -> Answer:
        if attempt <= 2 and name.endswith("0"):
            return refusal("ThrottlingException", "Rate exceeded")
        return text(f"text of {name}")

    with serve(answer) as endpoint:
        aws.setenv("AWS_ENDPOINT_URL", endpoint.url)
        assert fetch(*NAMES[:40]) == {name: f"text of {name}" for name in NAMES[:40]}
        assert endpoint.attempts["s10"] == 3
        assert {body["VersionStage"] for body in endpoint.requests} == {"AWSCURRENT"}


def test_throttling_that_does_not_end(aws: pytest.MonkeyPatch) -> None:
    throttled = refusal("ThrottlingException", "Rate exceeded")
    with serve(lambda *_: throttled) as endpoint:
        aws.setenv("AWS_ENDPOINT_URL", endpoint.url)
        aws.setenv("AWS_MAX_ATTEMPTS", "3")
        [error] = errors(NAME)
        assert "was throttled" in error.message
        assert endpoint.attempts[NAME] == 3


def test_secrets_are_read_at_the_same_time_and_not_all_at_once(aws: pytest.MonkeyPatch) -> None:
    def answer(name: str, attempt: int) -> Answer:
        time.sleep(0.03)
        return text(f"{name} {attempt}")

    with serve(answer) as endpoint:
        aws.setenv("AWS_ENDPOINT_URL", endpoint.url)
        assert len(fetch(*NAMES[:100])) == 100
        assert 8 <= endpoint.most_at_once <= WORKERS


@pytest.mark.parametrize(
    ("code", "message", "problem", "hint", "asked"),
    [
        (
            "AccessDeniedException",
            "User: arn:aws:iam::1:user/x is not authorized to perform: GetSecretValue",
            "may not be read (AccessDeniedException: User: arn:aws:iam::1:user/x",
            "allow secretsmanager:GetSecretValue",
            3,
        ),
        (
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
            "exists, but has no current value",
            "store its value",
            3,
        ),
        ("DecryptionFailure", "KMS", "can't be decrypted", "kms:Decrypt", 3),
        ("ValidationException", "Invalid name", "can't be read (ValidationException", "name", 3),
        ("SomethingNew", "two\nlines\x1b", "(SomethingNew: two lines)", "AWS_", 3),
        ("ExpiredTokenException", "expired", "credentials have expired", "sign in again", 1),
        ("UnrecognizedClientException", "invalid", "credentials are unknown", "AWS_PROFILE", 1),
        ("InvalidSignatureException", "mismatch", "signature is wrong", "clock", 1),
    ],
)
def test_refusals(
    aws: pytest.MonkeyPatch, code: str, message: str, problem: str, hint: str, asked: int
) -> None:
    answer = refusal(code, message)
    with serve(lambda *_: answer) as endpoint:
        aws.setenv("AWS_ENDPOINT_URL", endpoint.url)
        [first] = errors(NAME)
        assert f"secret {NAME} (region eu-west-2)" in first.message
        assert problem in first.message
        assert hint in first.hint
        # What would meet every secret is not asked for again and again.
        endpoint.requests.clear()
        assert len(errors(*NAMES[:60])) == 60
        assert len(endpoint.requests) == 60 if asked > 1 else len(endpoint.requests) <= WORKERS


def test_an_answer_that_is_not_json(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_MAX_ATTEMPTS", "1")
    broken: Callable[[str, int], Answer] = lambda *_: (502, {"x": SENTINEL})  # noqa: E731
    with serve(broken) as endpoint:
        aws.setenv("AWS_ENDPOINT_URL", endpoint.url)
        [error] = errors(NAME)
        assert "can't be read (502" in error.message
