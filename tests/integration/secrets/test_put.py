"""The writing side of the stores."""

from __future__ import annotations

import asyncio
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from pgtenant.errors import MissingSecretError, SecretError
from pgtenant.secrets import open_store
from pgtenant.secrets.aws_errors import explain_write

if TYPE_CHECKING:
    from support.moto import Moto

NAME = "goldenpath/dev/rds/provisioner"
SENTINEL = "sentinel-Pa55word"


def put(kind: str, text: str, project: Path = Path(), name: str = NAME) -> None:
    store = open_store(kind, directory=".secrets", project=project)  # type: ignore[arg-type]
    asyncio.run(store.put(name, text))


def fetch(kind: str, project: Path = Path()) -> str | SecretError:
    store = open_store(kind, directory=".secrets", project=project)  # type: ignore[arg-type]
    return asyncio.run(store.fetch([NAME]))[NAME]


def refused(kind: str, project: Path = Path(), name: str = NAME) -> SecretError:
    with pytest.raises(SecretError) as raised:
        put(kind, SENTINEL, project, name)
    error = raised.value
    shown = "".join(traceback.format_exception(error)) + repr(vars(error))
    assert SENTINEL not in shown
    assert error.hint
    return error


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    assert isinstance(fetch("file", tmp_path), MissingSecretError)
    for text in ("first", "second"):
        put("file", text, tmp_path)
        assert fetch("file", tmp_path) == text
    path = tmp_path / ".secrets" / f"{NAME}.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    texts = {"a" * 60_000, "b" * 60_000}
    put("file", min(texts), tmp_path)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for text in texts:
                put("file", text, tmp_path)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert {fetch("file", tmp_path) for _ in range(100)} <= texts
    finally:
        stop.set()
        writer.join()


def test_a_file_that_can_not_be_written(tmp_path: Path) -> None:
    (tmp_path / ".secrets").write_text("a file, not a directory")
    assert "can't be written" in refused("file", tmp_path).message
    assert "would leave the directory" in refused("file", tmp_path, "../out").message


def test_aws_makes_and_replaces(aws: pytest.MonkeyPatch, moto_server: Moto) -> None:
    aws.setenv("AWS_ENDPOINT_URL", moto_server.url)
    assert isinstance(fetch("aws"), MissingSecretError)
    for text in ("first", "second"):
        put("aws", text)
        assert fetch("aws") == text


def test_aws_fills_what_terraform_made_empty(aws: pytest.MonkeyPatch, moto_server: Moto) -> None:
    aws.setenv("AWS_ENDPOINT_URL", moto_server.url)
    with moto_server.secrets() as client:
        client.create_secret(Name=NAME)
    assert isinstance(fetch("aws"), MissingSecretError)
    put("aws", "text")
    assert fetch("aws") == "text"


def test_aws_can_not_be_reached(aws: pytest.MonkeyPatch) -> None:
    aws.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    aws.setenv("AWS_MAX_ATTEMPTS", "1")
    assert "can't be written: Secrets Manager can't be reached" in refused("aws").message


@pytest.mark.parametrize("operation", ["PutSecretValue", "CreateSecret"])
def test_aws_refuses(operation: str) -> None:
    answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not you"}}
    error = explain_write(ClientError(answer, operation), "eu-west-2").error(NAME)
    assert f"can't be written: {operation} failed with AccessDeniedException" in error.message
    assert "secretsmanager:PutSecretValue" in error.hint
    expired: Any = {"Error": {"Code": "ExpiredTokenException", "Message": "old"}}
    assert explain_write(ClientError(expired, operation), "eu-west-2").hint
